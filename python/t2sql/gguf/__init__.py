"""GGUF: convert, quantize, import, inspect and verify. Bytes are Rust's; names and meaning are here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.gguf.adapter import convert_adapter
    from t2sql.gguf.converter import ConvertResult, convert
    from t2sql.gguf.importer import import_gguf
    from t2sql.gguf.inspection import Inspection, inspect
    from t2sql.gguf.quantizer import quantize
    from t2sql.gguf.verification import Check, VerifyResult, prompts_of, verify, verify_files

# Modules are not named as the functions are: a submodule would take the function's place here.
_EXPORTS = {
    "Check": "verification",
    "ConvertResult": "converter",
    "Inspection": "inspection",
    "VerifyResult": "verification",
    "convert": "converter",
    "convert_adapter": "adapter",
    "import_gguf": "importer",
    "inspect": "inspection",
    "prompts_of": "verification",
    "quantize": "quantizer",
    "verify": "verification",
    "verify_files": "verification",
}

__all__ = [
    "Check",
    "ConvertResult",
    "Inspection",
    "VerifyResult",
    "convert",
    "convert_adapter",
    "import_gguf",
    "inspect",
    "prompts_of",
    "quantize",
    "verify",
    "verify_files",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.gguf' has no attribute {name!r}")
