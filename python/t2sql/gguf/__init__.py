"""GGUF: convert, quantize, import, inspect and verify. Bytes are Rust's; names and meaning are here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.gguf.importer import import_gguf

_EXPORTS = {
    "import_gguf": "importer",
}

__all__ = ["import_gguf"]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.gguf' has no attribute {name!r}")
