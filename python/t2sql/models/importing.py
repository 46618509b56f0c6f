"""A model as a Hugging Face directory: a GGUF file is imported into the cache, once."""

from __future__ import annotations

import hashlib
import math
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from t2sql import gguf
from t2sql.adapters import read_adapter_config
from t2sql.cache import cache_dir
from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql.models.reference import DEMO, ModelRef, resolve
from t2sql.progress import Progress

_FLOAT32_BYTES = 4


def as_directory(model: ModelRef, *, as_stored: bool = False, progress: Progress | None = None) -> ModelRef:
    """The same model as a reference to a Hugging Face directory.

    Name, source and revision stay. A GGUF file is imported into `cache_dir()`, unless that was done before.

    Args:
        model: The model.
        as_stored: A GGUF's matrices in q8_0, q4_1 and q4_0 keep their bits, in a directory that only MLX
            loads; otherwise they become float32.
        progress: Counts tensors.

    Raises:
        InputError: The model is a base with an adapter, or the cache cannot be written.
        WorkError: The disk is too full for the import.
    """
    if model.kind == "directory":
        return model
    if model.adapter is not None:
        raise InputError(
            "a base with an adapter is not a model directory",
            where=model.source,
            expected="a directory, a hub id, demo or one GGUF file",
            hint="Fuse the adapter first: t2sql fuse",
        )
    return replace(model, kind="directory", path=_imported(model, as_stored, progress))


def directory(model: ModelRef | str | Path, *, progress: Progress | None = None) -> Path:
    """The path of `as_directory`; a path or a text is resolved first.

    Raises:
        InputError: As `resolve` and `as_directory` do.
        WorkError: As `resolve` and `as_directory` do.
    """
    ref = model if isinstance(model, ModelRef) else resolve(model, progress=progress)
    return as_directory(ref, progress=progress).path


def training_base(adapter: Path) -> Path | None:
    """The directory of the model that an adapter was trained on; None when that is not on this machine.

    Raises:
        InputError: `adapter` is not an adapter directory.
    """
    model = read_adapter_config(adapter).model
    if model == DEMO:
        return directory(DEMO)
    if model is None or not Path(model, "config.json").is_file():
        return None
    return Path(model)


def _imported(model: ModelRef, as_stored: bool, progress: Progress | None) -> Path:
    """The GGUF as a directory in the cache.

    The directory's name depends on the file's path, size and time and on our version, so a changed file is
    imported anew.
    """
    file = model.path.resolve()
    stat = file.stat()
    key = f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\0{version('t2sql')}"
    if as_stored:
        key += "\0as stored"
    out = cache_dir() / f"{model.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if (out / "config.json").is_file():
        return out
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        tensors = gguf.read_gguf(file, arrays=False).tensors.values()
        full = sum(_FLOAT32_BYTES * math.prod(tensor.shape) for tensor in tensors)
        need = max(sum(map(gguf.stored_bytes, tensors)) if as_stored else full, stat.st_size)
        free = shutil.disk_usage(out.parent).free
    except OSError as error:
        raise InputError(
            "the cache cannot be written", where=out.parent, found=error.strerror, hint="Set T2SQL_CACHE"
        ) from None
    if need > free:
        raise WorkError(
            "not enough disk to import the model",
            where=out.parent,
            expected=f"{need / 1e9:.1f} GB free",
            found=f"{free / 1e9:.1f} GB",
            hint="Set T2SQL_CACHE to another disk",
        )
    try:
        return gguf.import_gguf(file, out, keep_blocks=as_stored, progress=progress)
    except (T2sqlError, OSError):
        # Another process may have finished the same import meanwhile; directories appear whole.
        if (out / "config.json").is_file():
            return out
        raise
