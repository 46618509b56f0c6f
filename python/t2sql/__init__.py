"""t2sql: teach a language model to write SQL for your tables, and get a file that runs anywhere."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.generate import ask
    from t2sql.gguf import convert, quantize, verify
    from t2sql.models import load

# Name -> module that owns it. Imported on first use: `import t2sql` must stay under 100 ms.
_EXPORTS = {
    "quantize_rows": "t2sql._core",
    "dequantize_rows": "t2sql._core",
    "convert": "t2sql.gguf",
    "quantize": "t2sql.gguf",
    "verify": "t2sql.gguf",
    "load": "t2sql.models",
    "ask": "t2sql.generate",
}

__all__ = [
    "__version__",
    "ask",
    "convert",
    "dequantize_rows",
    "load",
    "quantize",
    "quantize_rows",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from t2sql._core import __version__

        return __version__
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 't2sql' has no attribute {name!r}")
