"""A full-precision GGUF to a smaller type; metadata is carried over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from t2sql._core import TensorPlan
from t2sql.errors import InputError
from t2sql.files import check_free
from t2sql.gguf.container import TensorInfo, read_gguf
from t2sql.gguf.converter import ConvertResult, write
from t2sql.gguf.plan import keeps_precision, plan_types
from t2sql.gguf.shards import KEYS, files_of
from t2sql.gguf.types import QUANTIZATION_VERSION, TYPES, type_named

_FULL = ("f32", "f16", "bf16")


def quantize(
    source: Path,
    out: Path,
    type: str,
    *,
    pure: bool = False,
    threads: int | None = None,
    force: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
    output_type: str | None = None,
    embedding_type: str | None = None,
    tensor_types: Mapping[str, str] | None = None,
    max_shard_size: str | int | None = None,
    allow_requantize: bool = False,
) -> ConvertResult:
    """Write `source`, an f32, f16 or bf16 GGUF, with its matrices in `type`.

    `allow_requantize` takes q8_0, q4_1 and q4_0 tensors too, whose values have been rounded once already.
    `tensor_types` and `max_shard_size` are as for `convert`; a split model is named by its first file.
    """
    started = time.perf_counter()
    target = type_named(type)
    check_free(Path(out), force=force)
    gguf = read_gguf(Path(source), arrays=False)
    for info in gguf.tensors.values():
        _check_source(info, allow_requantize)
    shapes = {name: info.shape for name, info in gguf.tensors.items()}
    plan = plan_types(
        shapes,
        type,
        pure=pure,
        output_type=output_type,
        embedding_type=embedding_type,
        tensor_types=tensor_types,
    )
    tensors: list[TensorPlan] = [
        TensorPlan(
            name=name,
            path=info.path,
            source=name,
            shape=info.shape,
            dtype=info.type if keeps_precision(name, info.shape) else plan.types[name],
        )
        for name, info in gguf.tensors.items()
    ]
    changed = {
        "general.file_type": ("general.file_type", "u32", target.file_type),
        "general.quantization_version": ("general.quantization_version", "u32", QUANTIZATION_VERSION),
    }
    dropped = ("general.alignment", *KEYS)
    metadata = [changed.pop(entry[0], entry) for entry in gguf.entries if entry[0] not in dropped]
    metadata.extend(changed.values())
    files = files_of(Path(out), metadata, tensors, max_shard_size)
    taken = {path.resolve() for path in {info.path for info in gguf.tensors.values()}}
    for path, _, _ in files:
        if Path(path).resolve() in taken:
            raise InputError("output is the input", where=path)
    return write(files, list(plan.warnings), started, threads, force, progress)


def _check_source(info: TensorInfo, allow_requantize: bool) -> None:
    if info.type in _FULL:
        return
    if not allow_requantize:
        raise InputError(
            "file is already quantized",
            where=f"{info.path}: tensor {info.name}",
            expected="f32, f16 or bf16",
            found=info.type,
            hint="Rounding twice costs accuracy: quantize the full-precision file, or say --allow-requantize",
        )
    if info.type not in TYPES:
        raise InputError(
            "type cannot be quantized again",
            where=f"{info.path}: tensor {info.name}",
            expected=" or ".join(TYPES),
            found=info.type,
            hint="import and convert read more types",
        )
