"""A full-precision GGUF to a smaller type; the metadata is carried over."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from t2sql.bounds import check_names
from t2sql.errors import InputError
from t2sql.files import check_free
from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import Entry
from t2sql.gguf.ggml_types import QUANTIZATION_VERSION, TYPES, FileType, file_type_named
from t2sql.gguf.importance import apply_importance, without_importance
from t2sql.gguf.options import QuantizeKeywords, QuantizeOptions
from t2sql.gguf.plan import FilePlan, plan_files, plan_tensor
from t2sql.gguf.rounding import ROUNDING_KEY, rounding_entries, rounding_warnings
from t2sql.gguf.shards import KEYS, read_gguf
from t2sql.gguf.tensor_types import keeps_precision, plan_types
from t2sql.gguf.tensors import TensorInfo
from t2sql.gguf.writing import ConvertResult, write_files
from t2sql.progress import Progress

_FULL_PRECISION = ("f32", "f16", "bf16")


def quantize(
    source: str | Path,
    out: str | Path,
    type: str,
    options: QuantizeOptions = QuantizeOptions(),  # noqa: B008 (frozen)
    *,
    progress: Progress | None = None,
    **changes: Unpack[QuantizeKeywords],
) -> ConvertResult:
    """Write a GGUF file with the matrices of another in a smaller type.

    Args:
        source: An f32, f16 or bf16 GGUF file; a split model is named by its first file.
        out: The GGUF file to write; with `max_shard_size`, the name that the set's files are named after.
        type: The type of the new file, such as q8_0 or q4_k_m, in either case.
        options: How to quantize.
        progress: Counts bytes of the source.
        **changes: Fields of `QuantizeOptions` that replace those of `options`, such as `force=True`.

    Raises:
        InputError: The source is no such file, an option is wrong, or the output exists or is the source.
        WorkError: Writing failed.
    """
    started = time.perf_counter()
    check_names("quantize", changes, QuantizeKeywords.__annotations__)
    options = replace(options, **changes)
    source, out = Path(source), Path(out)
    target = file_type_named(type)
    check_free(out, force=options.force)
    gguf = read_gguf(source, arrays=False)
    for info in gguf.tensors.values():
        _check_source(info, options.allow_requantize)
    shapes = {name: info.shape for name, info in gguf.tensors.items()}
    chosen = plan_types(shapes, target, options)
    importance = apply_importance(options.imatrix, shapes, chosen.types)
    tensors = [
        plan_tensor(
            name,
            info,
            info.type if keeps_precision(name, info.shape) else chosen.types[name],
            weights=importance.weights.get(name),
            rounding=options.rounding,
        )
        for name, info in gguf.tensors.items()
    ]
    kept = without_importance(_metadata(gguf, target))
    metadata = [*kept, *importance.metadata, *rounding_entries(options.rounding, chosen.types)]
    files = plan_files(out, metadata, tensors, options.max_shard_size)
    _check_outputs(files, gguf.tensors.values())
    warnings = [
        *chosen.warnings,
        *importance.warnings,
        *rounding_warnings(options.rounding, chosen.types),
    ]
    return write_files(files, options, started=started, warnings=warnings, progress=progress)


def _metadata(gguf: GgufFile, target: FileType) -> Sequence[Entry]:
    """The source's metadata with the new type, without what belongs to its layout as a file."""
    changed = {
        "general.file_type": Entry("general.file_type", "u32", target.number),
        "general.quantization_version": Entry("general.quantization_version", "u32", QUANTIZATION_VERSION),
    }
    dropped = ("general.alignment", *KEYS, ROUNDING_KEY)
    kept = [changed.pop(entry.key, entry) for entry in gguf.entries if entry.key not in dropped]
    return [*kept, *changed.values()]


def _check_outputs(files: Sequence[FilePlan], sources: Iterable[TensorInfo]) -> None:
    read = {path.resolve() for path in {info.path for info in sources}}
    for file in files:
        if file.path.resolve() in read:
            raise InputError("output is the input", where=file.path)


def _check_source(info: TensorInfo, allow_requantize: bool) -> None:
    if info.type in _FULL_PRECISION:
        return
    where = f"{info.path}: tensor {info.name}"
    if not allow_requantize:
        raise InputError(
            "file is already quantized",
            where=where,
            expected="f32, f16 or bf16",
            found=info.type,
            hint="Rounding twice costs accuracy: quantize the full-precision file, or say --allow-requantize",
        )
    if info.type not in TYPES:
        raise InputError(
            "type cannot be quantized again",
            where=where,
            expected=" or ".join(TYPES),
            found=info.type,
            hint="import and convert read more types",
        )
