"""A full-precision GGUF to a smaller type; metadata is carried over."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import InputError
from t2sql.gguf.container import read_gguf
from t2sql.gguf.converter import ConvertResult, write
from t2sql.gguf.output import check_free
from t2sql.gguf.plan import keeps_precision, plan_types
from t2sql.gguf.types import QUANTIZATION_VERSION, type_named

if TYPE_CHECKING:
    from t2sql._core import TensorPlan

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
) -> ConvertResult:
    """Write `source`, an f32, f16 or bf16 GGUF, with its matrices in `type`."""
    started = time.perf_counter()
    target = type_named(type)
    check_free(Path(out), force=force)
    gguf = read_gguf(Path(source))
    if Path(out).exists() and Path(out).samefile(gguf.path):
        raise InputError("output is the input", where=out)
    for info in gguf.tensors.values():
        if info.type not in _FULL:
            raise InputError(
                "file is already quantized",
                where=f"{gguf.path}: tensor {info.name}",
                expected="f32, f16 or bf16",
                found=info.type,
                hint="quantize from the full-precision file",
            )
    shapes = {name: info.shape for name, info in gguf.tensors.items()}
    plan = plan_types(shapes, type, pure=pure, output_type=output_type, embedding_type=embedding_type)
    tensors: list[TensorPlan] = [
        {
            "name": name,
            "path": str(gguf.path),
            "source": name,
            "shape": list(info.shape),
            "type": info.type if keeps_precision(name, info.shape) else plan.types[name],
            "permute_heads": 0,
            "add": 0.0,
        }
        for name, info in gguf.tensors.items()
    ]
    changed = {
        "general.file_type": ("general.file_type", "u32", target.file_type),
        "general.quantization_version": ("general.quantization_version", "u32", QUANTIZATION_VERSION),
    }
    metadata = [changed.pop(entry[0], entry) for entry in gguf.entries if entry[0] != "general.alignment"]
    metadata.extend(changed.values())
    return write(Path(out), metadata, tensors, list(plan.warnings), started, threads, force, progress)
