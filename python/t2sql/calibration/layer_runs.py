"""A model run layer by layer on many sequences, so that one layer's weights are in memory at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from t2sql import models
from t2sql.runtimes import Array, Module, mx, nn, tree_map, tree_unflatten
from t2sql.train import Anatomy

Float64s: TypeAlias = NDArray[np.float64]
Reduce: TypeAlias = Callable[[Array], Array]
"""Statistics of a matrix's inputs [tokens, columns], which are added up over batches."""

_BATCH_TOKENS = 2048
"""Tokens that are computed at once."""


@dataclass(frozen=True)
class InputSums:
    """The statistics of one matrix.

    Attributes:
        module: The matrix's path in the model, such as "layers.0.self_attn.q_proj"; "head" for the matrix
            that makes logits.
        sums: What `Reduce` gave, added up.
        tokens: The tokens that it is of.
    """

    module: str
    sums: Float64s
    tokens: int


class _Recorder(nn.Module):
    """A matrix that notes statistics of what it is multiplied with."""

    def __init__(self, inner: Module, reduce: Reduce) -> None:
        # nn.Module has no types.
        super().__init__()  # type: ignore[no-untyped-call]
        self.inner = inner
        self._reduce = reduce
        self.noted: Array | None = None

    def __call__(self, x: Array) -> Array:
        self.noted = self._reduce(x.reshape(-1, x.shape[-1]).astype(mx.float32))
        result: Array = self.inner(x)
        return result


def input_sums(
    path: Path,
    sequences: Sequence[Sequence[int]],
    reduce: Reduce,
    *,
    head: bool,
    progress: Callable[[int, int], None],
) -> Iterator[InputSums]:
    """Statistics of the inputs of every matrix of a model, in the order of the layers.

    Weights and activations are float32. In memory are a layer, the embedding while it is looked up, and the
    hidden states of all sequences.

    Args:
        path: The model's Hugging Face directory, of a family that t2sql converts.
        sequences: Token ids; each sequence is run by itself.
        reduce: The statistics.
        head: Whether to give those of the matrix that makes logits too, at the end.
        progress: Called with the layers that are done, and all.

    Raises:
        InputError: The model cannot be read.
    """
    network = _lazy_network(path)
    anatomy = Anatomy.of(network)
    states = [anatomy.embedded(network.model.embed_tokens(mx.array(batch))) for batch in _batches(sequences)]
    mx.eval(states)
    if "lm_head" in network or not head:
        _release(network.model.embed_tokens)
    tokens = sum(map(len, sequences))
    for index, layer in enumerate(network.layers):
        recorders = _recorded(layer, reduce)
        sums: dict[str, Float64s | float] = dict.fromkeys(recorders, 0.0)
        for number, h in enumerate(states):
            states[number] = layer(h, anatomy.mask(h, anatomy.windows[index]), cache=None)
            mx.eval(states[number], [recorder.noted for recorder in recorders.values()])
            for name, recorder in recorders.items():
                sums[name] = sums[name] + np.array(recorder.noted).astype(np.float64)
        _release(layer)
        progress(index + 1, len(network.layers))
        for name, total in sums.items():
            yield InputSums(f"layers.{index}.{name}", np.asarray(total), tokens)
    if head:
        parts = (reduce(network.model.norm(h).reshape(-1, h.shape[-1])) for h in states)
        total = sum(np.array(part).astype(np.float64) for part in parts)
        yield InputSums("head", np.asarray(total), tokens)


def _lazy_network(path: Path) -> Module:
    """mlx-lm's model in float32, each array of which is read when it is first computed with."""
    network, config = models.load_network(path)
    if config.get("quantization"):
        network = models.dequantize(network, mx.float32)
    network.set_dtype(mx.float32)
    network.eval()
    return network


def _batches(sequences: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Sequences of the same length together, as many as are computed at once."""
    by_length: dict[int, list[Sequence[int]]] = defaultdict(list)
    for sequence in sequences:
        by_length[len(sequence)].append(sequence)
    for length, alike in sorted(by_length.items()):
        count = max(1, _BATCH_TOKENS // length)
        for start in range(0, len(alike), count):
            yield alike[start : start + count]


def _recorded(layer: Module, reduce: Reduce) -> dict[str, _Recorder]:
    """Put recorders around a layer's matrices; by their paths."""
    linears = [(name, module) for name, module in layer.named_modules() if type(module) is nn.Linear]
    recorders = {name: _Recorder(module, reduce) for name, module in linears}
    layer.update_modules(tree_unflatten(list(recorders.items())))
    return recorders


def _release(module: Module) -> None:
    """Drop a module's arrays, which nothing computes with any more."""
    module.update(tree_map(lambda _: mx.zeros(0), module.parameters()))
    mx.clear_cache()
