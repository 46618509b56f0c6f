"""What a model argument means, loading it into MLX, and the BLAS that MLX runs on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.models import blas
    from t2sql.models.gguf_loading import load_gguf
    from t2sql.models.loading import Loaded, load
    from t2sql.models.resolving import ModelRef, cache_dir, directory, resolve
    from t2sql.models.runtime import device, peak_memory

_EXPORTS = {
    "Loaded": "loading",
    "load": "loading",
    "load_gguf": "gguf_loading",
    "ModelRef": "resolving",
    "cache_dir": "resolving",
    "directory": "resolving",
    "resolve": "resolving",
    "device": "runtime",
    "peak_memory": "runtime",
}

__all__ = [
    "Loaded",
    "ModelRef",
    "blas",
    "cache_dir",
    "device",
    "directory",
    "load",
    "load_gguf",
    "peak_memory",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name == "blas":
        return import_module("t2sql.models.blas")
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.models.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.models' has no attribute {name!r}")
