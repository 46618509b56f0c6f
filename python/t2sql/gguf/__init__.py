"""GGUF: convert, quantize, import, inspect and verify. Bytes are Rust's; names and meaning are here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.gguf.converter import ConvertResult, convert
    from t2sql.gguf.importer import import_gguf
    from t2sql.gguf.inspection import Inspection, inspect
    from t2sql.gguf.quantizer import quantize
    from t2sql.gguf.verification import Check, VerifyResult, verify

# Modules are not named as the functions are: a submodule would take the function's place here.
_EXPORTS = {
    "Check": "verification",
    "ConvertResult": "converter",
    "Inspection": "inspection",
    "VerifyResult": "verification",
    "convert": "converter",
    "import_gguf": "importer",
    "inspect": "inspection",
    "quantize": "quantizer",
    "verify": "verification",
}

__all__ = [
    "Check",
    "ConvertResult",
    "Inspection",
    "VerifyResult",
    "convert",
    "import_gguf",
    "inspect",
    "quantize",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.gguf' has no attribute {name!r}")
