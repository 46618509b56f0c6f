"""The plan of a GGUF output: its files, their metadata, and where each tensor's bytes come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql._core import TensorPlan
from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.rounding import Rounding
from t2sql.gguf.shards import COUNT, INDEX, MOST_FILES, TENSORS, parse_size, shard_path
from t2sql.gguf.tensors import FloatArray, TensorInfo

_MANY_FILES = 100
"""Files that a set may have whose files are smaller than `_LARGE` bytes; more are a slip of the unit."""

_LARGE = 10**9


@dataclass(frozen=True)
class FilePlan:
    """One file to write.

    Attributes:
        path: Where the file goes.
        metadata: Its key-value pairs, in the order in which they are written.
        tensors: Its tensors, in the order in which they are written.
    """

    path: Path
    metadata: Sequence[Entry]
    tensors: Sequence[TensorPlan]


def plan_tensor(
    name: str,
    source: TensorInfo,
    target_type: str,
    *,
    permute_heads: int = 0,
    add: float = 0.0,
    weights: FloatArray | None = None,
    rounding: Rounding = "reference",
) -> TensorPlan:
    """One tensor of the output.

    Args:
        name: Its name in the output.
        source: The tensor whose values it gets.
        target_type: The ggml type to write.
        permute_heads: The number of heads whose rows go from Hugging Face's rotary order to GGUF's; 0
            leaves the rows as they are.
        add: A number that is added to every element, in float32.
        weights: What a squared error costs in each column (`AppliedImportance`); None for the same in all.
        rounding: How values become blocks.
    """
    return TensorPlan(
        name=name,
        path=source.path,
        source=source.name,
        shape=source.shape,
        dtype=target_type,
        permute_heads=permute_heads,
        add=add,
        weights=weights,
        rounding=rounding,
        **source.core_keywords(),
    )


def plan_files(
    out: Path, metadata: Sequence[Entry], tensors: Sequence[TensorPlan], max_shard_size: str | int | None
) -> list[FilePlan]:
    """One file `out`, or a set of files with llama.cpp's names, the first of which has the metadata.

    Args:
        out: The output; a set's files are named after it (see `shard_path`).
        metadata: The model's metadata. A set's files also get the `split.*` keys of llama.cpp's gguf-split.
        tensors: All tensors, in order.
        max_shard_size: The most bytes of tensor data in a file, or None for one file.

    Raises:
        InputError: The size does not parse, or the set would have more files than the format can number.
    """
    shards: list[Sequence[TensorPlan]] = [tensors]
    if max_shard_size is not None:
        size = parse_size(max_shard_size)
        shards = _split(tensors, size)
        if len(shards) > _MANY_FILES and size < _LARGE:
            raise InputError(
                "max-shard-size is too small",
                expected=f"at most {_MANY_FILES} files, or a size of 1G or more",
                found=f"{len(shards)} files of {max_shard_size}",
            )
    if len(shards) == 1:
        return [FilePlan(out, metadata, tensors)]
    files = []
    for index, shard in enumerate(shards):
        keys = [
            Entry(INDEX, "u16", index),
            Entry(COUNT, "u16", len(shards)),
            Entry(TENSORS, "i32", len(tensors)),
        ]
        pairs = [*metadata, *keys] if index == 0 else keys
        files.append(FilePlan(shard_path(out, index, len(shards)), pairs, shard))
    return files


def count_types(files: Sequence[FilePlan]) -> dict[str, int]:
    """How many tensors of each ggml type the files hold, in the order of first appearance."""
    counts: dict[str, int] = {}
    for file in files:
        for tensor in file.tensors:
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + 1
    return counts


def split_by_size(tensors: Sequence[TensorPlan], max_bytes: int) -> list[list[TensorPlan]]:
    """Consecutive tensors of at most `max_bytes` of data together; a larger tensor gets a file of its own."""
    shards: list[list[TensorPlan]] = [[]]
    size = 0
    for tensor in tensors:
        if shards[-1] and size + tensor.nbytes > max_bytes:
            shards.append([])
            size = 0
        shards[-1].append(tensor)
        size += tensor.nbytes
    return shards


def _split(tensors: Sequence[TensorPlan], max_bytes: int) -> list[Sequence[TensorPlan]]:
    """As `split_by_size`, in no more files than the format can number."""
    shards = split_by_size(tensors, max_bytes)
    if len(shards) > MOST_FILES:
        raise InputError("too many files", expected=f"at most {MOST_FILES}", found=len(shards))
    return list(shards)
