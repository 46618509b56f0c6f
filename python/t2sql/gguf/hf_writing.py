"""A directory's safetensors, written by the one pass from any tensors that the Rust core can compute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from t2sql import _core
from t2sql.gguf.hf_weights import INDEX
from t2sql.gguf.plan import plan_tensor, split_by_size
from t2sql.gguf.tensors import TensorInfo
from t2sql.progress import Progress

_METADATA = [("format", "pt")]


@dataclass(frozen=True)
class WrittenWeights:
    """What `write_weights` wrote.

    Attributes:
        tensors: The number of tensors.
        max_change: The largest change of a weight by an adapter, in float32.
    """

    tensors: int
    max_change: float


def write_weights(
    folder: Path,
    tensors: Mapping[str, TensorInfo],
    dtype: str,
    shard_bytes: int,
    *,
    progress: Progress | None = None,
) -> WrittenWeights:
    """Write model.safetensors, or shards with an index, in memory that does not depend on the model's size.

    Args:
        folder: The directory; weights that are there are replaced.
        tensors: Name in the files -> where the values come from. They are written in the order of the names.
        dtype: The type of all tensors, as ggml names it: f32, f16 or bf16.
        shard_bytes: The most bytes of tensor data in a file.
        progress: Counts bytes of the sources.

    Raises:
        InputError: A value does not fit the type or is not finite, or a tensor of the adapter does not fit.
        WorkError: Writing failed, or a source was changed meanwhile.
    """
    for old in folder.glob("model*.safetensors*"):
        old.unlink()
    plans = [plan_tensor(name, info, dtype) for name, info in sorted(tensors.items())]
    shards = split_by_size(plans, shard_bytes)
    names = [f"model-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)]
    if len(shards) == 1:
        names = ["model.safetensors"]
    files = [(folder / name, _METADATA, shard) for name, shard in zip(names, shards, strict=True)]
    summary = _core.write_safetensors(files, progress=progress)
    if len(shards) > 1:
        weight_map = {plan.name: name for name, shard in zip(names, shards, strict=True) for plan in shard}
        total = sum(plan.nbytes for plan in plans)
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    return WrittenWeights(summary["tensors"], summary["max_change"])
