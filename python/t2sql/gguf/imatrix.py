"""Importance matrices: how strongly activations drive each column of a matrix, as llama-imatrix measures it.

A file is a GGUF, or of the binary form that llama.cpp wrote before (`imatrix_legacy`). The reading follows
`common_imatrix_load` and llama-quantize's `load_imatrix`, the writing `IMatrixCollector::save_imatrix`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from t2sql import _core
from t2sql.errors import InputError
from t2sql.files import check_free
from t2sql.gguf import imatrix_legacy
from t2sql.gguf.container import GgufFile, read_gguf_header, read_safetensors
from t2sql.gguf.entries import Entry
from t2sql.gguf.plan import plan_tensor
from t2sql.gguf.tensors import FloatArray, TensorInfo

_SUMS, _COUNTS = ".in_sum2", ".counts"
_TYPE = "general.type"
_DATASETS, _CHUNK_COUNT, _CHUNK_SIZE = "imatrix.datasets", "imatrix.chunk_count", "imatrix.chunk_size"
_METADATA = (_DATASETS, _CHUNK_COUNT, _CHUNK_SIZE)


@dataclass(frozen=True)
class ColumnStatistics:
    """The activations that a tensor was multiplied with.

    Attributes:
        sums: The sum of the squared activations of each column, float32 `[matrices, columns]`: one matrix, or
            one for each expert of a tensor of experts.
        counts: How many activations (tokens) each sum is over, `[matrices]`.
    """

    sums: FloatArray
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check shapes and numbers.

        Raises:
            InputError: The shapes do not fit together, or a number is negative or not finite.
        """
        shape = self.sums.shape
        if len(shape) != 2 or 0 in shape or self.counts.shape != shape[:1]:
            raise InputError(
                "sums and counts of an importance matrix do not fit",
                expected="sums [matrices, columns] and counts [matrices]",
                found=f"{list(shape)} and {list(self.counts.shape)}",
            )
        bad = np.flatnonzero(~(np.isfinite(self.sums) & (self.sums >= 0)))
        if len(bad):
            raise InputError(
                "sum of an importance matrix is not usable",
                expected="finite numbers that are not negative",
                found=f"{self.sums.reshape(-1)[bad[0]]} at column {bad[0] % shape[1]}",
            )
        if (self.counts < 0).any():
            raise InputError(
                "count of an importance matrix is not usable",
                expected="numbers that are not negative",
                found=int(self.counts.min()),
            )

    @property
    def weights(self) -> FloatArray:
        """The mean square of each column, float32 `[matrices, columns]`; 1 for a matrix that saw nothing."""
        counts = self.counts.astype(np.float32)[:, None]
        return np.where(counts > 0, self.sums / np.maximum(counts, 1), np.float32(1)).astype(np.float32)


@dataclass(frozen=True)
class ImportanceMatrix:
    """What an importance matrix file holds.

    Attributes:
        tensors: GGUF name of a matrix, such as "blk.0.ffn_down.weight" -> its statistics.
        datasets: The names of the texts that were read.
        chunk_count: How many chunks of text were read.
        chunk_size: Tokens of a chunk; 0 in a file of the old form, which does not say.
    """

    tensors: Mapping[str, ColumnStatistics]
    datasets: tuple[str, ...] = ()
    chunk_count: int = 0
    chunk_size: int = 0


def read_imatrix(path: str | Path) -> ImportanceMatrix:
    """Read an importance matrix of either form.

    Raises:
        InputError: There is no such file, it is no importance matrix, breaks its form, lacks the sums or the
            counts of a tensor, or has a number that is negative or not finite; the error names the tensor.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such importance matrix", where=path)
    with path.open("rb") as file:
        is_gguf = file.read(4) == b"GGUF"
    if not is_gguf:
        old = imatrix_legacy.read(path)
        tensors = {
            # Files exist whose sums are means already: no calls, so there is nothing to divide by.
            name: _statistics(path, name, entry.values[None, :], np.array([max(entry.calls, 1)]))
            for name, entry in old.entries.items()
        }
        return ImportanceMatrix(tensors, old.datasets, old.chunk_count)
    gguf = read_gguf_header(path)
    missing = [key for key in _METADATA if key not in gguf.metadata]
    if missing:
        raise InputError(
            "GGUF is no importance matrix",
            where=path,
            expected=f"the key {missing[0]}",
            found=f"general.type {gguf.metadata.get(_TYPE, 'missing')}",
            hint="llama-imatrix makes one from the model and a text",
        )
    tensors = {name: _read_tensor(gguf, name) for name in _names(gguf)}
    if not tensors:
        raise InputError("importance matrix is empty", where=path, expected="tensors named *.in_sum2")
    datasets = gguf.get(_DATASETS)
    return ImportanceMatrix(
        tensors,
        tuple(str(name) for name in datasets) if isinstance(datasets, list) else (),
        gguf.integer(_CHUNK_COUNT, least=0),
        gguf.integer(_CHUNK_SIZE, least=0),
    )


def write_imatrix(
    path: str | Path, matrix: ImportanceMatrix, *, old_form: bool = False, force: bool = False
) -> None:
    """Write an importance matrix as llama-imatrix does: its tensors in the order of their names.

    Args:
        path: The file.
        matrix: What to write, with at least one tensor.
        old_form: Write the form of before GGUF, which has one dataset and the mean of each column.
        force: Replace a file that exists.

    Raises:
        InputError: There is no tensor, or the file exists or cannot be written there.
        WorkError: Writing failed.
    """
    path = Path(path)
    check_free(path, force=force)
    if not matrix.tensors:
        raise InputError("importance matrix is empty", where=path, expected="statistics of a tensor")
    names = sorted(matrix.tensors)
    if old_form:
        entries = {name: _old_entry(matrix.tensors[name], matrix.chunk_size) for name in names}
        old = imatrix_legacy.OldMatrix(entries, matrix.datasets[-1:], matrix.chunk_count)
        imatrix_legacy.write(path, old)
        return
    metadata = [
        Entry(_TYPE, "str", "imatrix"),
        Entry(_DATASETS, "arr:str", list(matrix.datasets)),
        Entry(_CHUNK_COUNT, "u32", matrix.chunk_count),
        Entry(_CHUNK_SIZE, "u32", matrix.chunk_size),
    ]
    arrays: dict[str, FloatArray] = {}
    for name in names:
        statistics = matrix.tensors[name]
        arrays[name + _SUMS] = np.ascontiguousarray(statistics.sums, np.float32)
        arrays[name + _COUNTS] = statistics.counts.astype(np.float32)[:, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="t2sql-") as folder:
        source = Path(folder) / "imatrix.safetensors"
        save_file(arrays, source)
        stored = read_safetensors(source).tensors
        plans = [plan_tensor(name, stored[name], "f32") for name in arrays]
        _core.write_gguf(str(path), metadata, plans, force=force)


def _names(gguf: GgufFile) -> list[str]:
    """The names of the tensors that have sums or counts, in file order."""
    stems = [
        name.removesuffix(suffix)
        for name in gguf.tensors
        for suffix in (_SUMS, _COUNTS)
        if name.endswith(suffix)
    ]
    return list(dict.fromkeys(stems))


def _read_tensor(gguf: GgufFile, name: str) -> ColumnStatistics:
    sums, counts = _part(gguf, name + _SUMS), _part(gguf, name + _COUNTS)
    numbers = counts.float32().reshape(-1)
    if not np.isfinite(numbers).all() or sums.elements % len(numbers):
        raise InputError(
            "importance matrix is malformed",
            where=f"{gguf.path}: tensor {counts.name}",
            expected=f"finite numbers that divide {sums.elements} sums",
            found=f"{len(numbers)}: {', '.join(str(number) for number in numbers[:4])}",
        )
    # C's lround: halves away from zero; counts are not negative.
    whole = np.floor(numbers.astype(np.float64) + 0.5).astype(np.int64)
    return _statistics(gguf.path, name, sums.float32().reshape(len(numbers), -1), whole)


def _part(gguf: GgufFile, name: str) -> TensorInfo:
    info = gguf.tensors.get(name)
    if info is None or info.type != "f32":
        raise InputError(
            "importance matrix lacks a tensor",
            where=f"{gguf.path}: tensor {name}",
            expected="f32",
            found="none" if info is None else info.type,
        )
    return info


def _statistics(path: Path, name: str, sums: FloatArray, counts: NDArray[np.int64]) -> ColumnStatistics:
    """The statistics of a tensor in a file; errors name both."""
    try:
        return ColumnStatistics(sums, counts)
    except InputError as error:
        raise InputError(
            error.what, where=f"{path}: tensor {name}", expected=error.expected, found=error.found
        ) from None


def _old_entry(statistics: ColumnStatistics, chunk_size: int) -> imatrix_legacy.OldEntry:
    """The means times the number of chunks, rounded up so that it is not zero."""
    calls = -(-int(statistics.counts.max()) // max(chunk_size, 1))
    return imatrix_legacy.OldEntry(statistics.weights.reshape(-1) * np.float32(max(calls, 1)), max(calls, 1))
