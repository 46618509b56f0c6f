"""An importance matrix applied to a model: which tensor gets which weights, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.ggml_types import TYPES
from t2sql.gguf.imatrix import ImportanceMatrix, read_imatrix
from t2sql.gguf.tensors import FloatArray

_EMBEDDING = "token_embd.weight"
_PREFIX = "quantize.imatrix."
"""The keys that llama-quantize writes for an importance matrix."""

_MOST_NAMED = 3


@dataclass(frozen=True)
class AppliedImportance:
    """The weights that matrices are quantized with.

    Attributes:
        weights: GGUF name of a matrix -> its columns' weights, float32 of one dimension: columns values, for
            each expert of a tensor of experts.
        metadata: What the file says of it, in llama-quantize's keys.
        warnings: Sentences that name matrices without weights.
    """

    weights: Mapping[str, FloatArray] = field(default_factory=dict)
    metadata: Sequence[Entry] = ()
    warnings: Sequence[str] = ()


def apply_importance(
    source: ImportanceMatrix | str | Path | None,
    shapes: Mapping[str, Sequence[int]],
    types: Mapping[str, str],
) -> AppliedImportance:
    """Give each matrix that is quantized its weights, as llama-quantize does.

    A matrix that the importance matrix lacks is quantized without; llama-imatrix never has the token
    embedding.

    Args:
        source: The importance matrix, or its file; None for none.
        shapes: The shape of every tensor by GGUF name, row-major.
        types: The type that each tensor gets.

    Raises:
        InputError: The file is no importance matrix, has none of the model's matrices, or other columns than
            one of them has.
    """
    if source is None:
        return AppliedImportance()
    matrix = source if isinstance(source, ImportanceMatrix) else read_imatrix(source)
    place = "importance matrix" if isinstance(source, ImportanceMatrix) else str(source)
    quantized = [name for name in shapes if TYPES[types[name]].quantized]
    weights: dict[str, FloatArray] = {}
    warnings: list[str] = []
    for name in quantized:
        statistics = matrix.tensors.get(name)
        if statistics is None:
            continue
        *outer, _, columns = shapes[name]
        flat = statistics.weights.reshape(-1)
        wanted = columns * (outer[0] if outer else 1)
        if len(flat) == wanted:
            weights[name] = flat
        elif name == _EMBEDDING:
            warnings.append(f"{name}: the importance matrix has {len(flat)} columns of {wanted}, not used")
        else:
            raise InputError(
                "importance matrix is of another model",
                where=f"{place}: tensor {name}",
                expected=f"{wanted} columns",
                found=len(flat),
            )
    if quantized and not weights:
        raise InputError(
            "importance matrix is of another model",
            where=place,
            expected=f"one of the names {_named(quantized)}",
            found=_named(matrix.tensors),
        )
    without = [name for name in quantized if name not in matrix.tensors]
    if without:
        warnings.append(f"no importance is known of {_named(without)}: quantized without weights")
    unknown = [name for name in matrix.tensors if name not in shapes]
    if unknown:
        warnings.append(f"the importance matrix has tensors that this model lacks: {_named(unknown)}")
    unseen = [name for name in weights if (matrix.tensors[name].counts == 0).any()]
    if unseen:
        warnings.append(f"some matrices of {_named(unseen)} saw no text: their columns weigh the same")
    return AppliedImportance(weights, _metadata(matrix, source), warnings)


def without_importance(entries: Iterable[Entry]) -> list[Entry]:
    """Metadata without what it says of an importance matrix that an earlier file was made with."""
    return [entry for entry in entries if not entry.key.startswith(_PREFIX)]


def _metadata(matrix: ImportanceMatrix, source: ImportanceMatrix | str | Path) -> list[Entry]:
    entries = []
    if not isinstance(source, ImportanceMatrix):
        entries.append(Entry(f"{_PREFIX}file", "str", Path(source).name))
    if matrix.datasets:
        entries.append(Entry(f"{_PREFIX}dataset", "str", matrix.datasets[0]))
    entries.append(Entry(f"{_PREFIX}entries_count", "u32", len(matrix.tensors)))
    if matrix.chunk_count:
        entries.append(Entry(f"{_PREFIX}chunks_count", "u32", matrix.chunk_count))
    return entries


def _named(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
