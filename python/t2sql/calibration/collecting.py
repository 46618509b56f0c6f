"""Sums of squared activations of every matrix's input, as llama-imatrix counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from t2sql.calibration.layer_runs import Float64s, layer_inputs
from t2sql.calibration.sequences import Sequences
from t2sql.errors import WorkError
from t2sql.gguf import ColumnStatistics, ImportanceMatrix, SourceModel, read_model
from t2sql.progress import Progress
from t2sql.runtimes import Array


@dataclass(frozen=True)
class CollectOptions:
    """How statistics are collected.

    Attributes:
        process_output: Whether to collect those of the matrix that makes logits too. It has the name of the
            embedding where the two are one.
        state_bytes: Memory for the hidden states of a pass over the layers; a text that needs more takes more
            passes, each of which reads the weights anew.
    """

    process_output: bool = False
    state_bytes: int = 512_000_000


def collect(
    path: Path,
    sequences: Sequences,
    options: CollectOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportanceMatrix:
    """Run a model in MLX, in float32, and collect an importance matrix.

    All tokens of a sequence count. As llama-imatrix does, it leaves out the embedding, and unless asked for
    the matrix that makes logits.

    Args:
        path: The model's Hugging Face directory.
        sequences: What it reads.
        options: How.
        progress: Called after each layer.

    Raises:
        InputError: The model cannot be read, or is of a family that is not converted.
        WorkError: An activation is not finite.
    """
    options = options or CollectOptions()
    model = read_model(path)
    names = gguf_names(model)
    most = max(1, options.state_bytes // (4 * model.directory.config.integer("hidden_size")))
    passes = list(_passes(sequences.ids, most))
    sums: dict[str, Float64s] = {}
    counts: dict[str, int] = {}
    for number, part in enumerate(passes):
        report = _part_of(progress, number, len(passes), path.name)
        for layer in layer_inputs(path, part, _squares, head=options.process_output, progress=report):
            for module, found in layer.sums.items():
                name = names[module]
                check_finite(found, name, path)
                sums[name] = sums.get(name, 0.0) + found
                counts[name] = counts.get(name, 0) + layer.tokens
    return ImportanceMatrix(
        tensors={
            name: ColumnStatistics(total.astype(np.float32)[None, :], np.array([counts[name]]))
            for name, total in sums.items()
        },
        datasets=(sequences.name,),
        chunk_count=len(sequences.ids),
        chunk_size=sequences.context,
    )


def _squares(x: Array) -> Array:
    """Sum of squares of each column of [tokens, columns]."""
    return (x * x).sum(axis=0)


def gguf_names(model: SourceModel) -> dict[str, str]:
    """GGUF names by the paths of `LayerInputs`."""
    names = {
        hf[max(hf.find("layers."), 0) :].removesuffix(".weight"): name for name, hf in model.names.items()
    }
    return names | {"head": "output.weight" if "output.weight" in model.names else "token_embd.weight"}


def check_finite(sums: Float64s, name: str, path: Path) -> None:
    """Check the statistics of a tensor's inputs.

    Raises:
        WorkError: An activation is not finite.
    """
    if not np.isfinite(sums).all():
        raise WorkError("an activation is not finite", where=path, found=f"in the input of {name}")


def _passes(sequences: Sequence[list[int]], most: int) -> Iterator[list[list[int]]]:
    """Sequences in groups of at most `most` tokens, at least one each."""
    group: list[list[int]] = []
    tokens = 0
    for sequence in sequences:
        if group and tokens + len(sequence) > most:
            yield group
            group, tokens = [], 0
        group.append(sequence)
        tokens += len(sequence)
    if group:
        yield group


def _part_of(progress: Progress | None, index: int, passes: int, what: str) -> Callable[[int, int], None]:
    """Progress of one pass as that of all."""

    def report(done: int, total: int) -> None:
        if progress is not None:
            progress(index * total + done, passes * total, what)

    return report
