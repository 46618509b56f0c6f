"""Generation: one Backend protocol, llama.cpp and MLX behind it, and `ask`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.generate.answer import Answer, Timings, ask
    from t2sql.generate.backend import BACKENDS, Backend, Generation, open_backend, statement
    from t2sql.generate.lasting import LastingThread

_EXPORTS = {
    "Answer": "answer",
    "BACKENDS": "backend",
    "Backend": "backend",
    "Generation": "backend",
    "LastingThread": "lasting",
    "Timings": "answer",
    "ask": "answer",
    "open_backend": "backend",
    "statement": "backend",
}

__all__ = [
    "BACKENDS",
    "Answer",
    "Backend",
    "Generation",
    "LastingThread",
    "Timings",
    "ask",
    "open_backend",
    "statement",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.generate.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.generate' has no attribute {name!r}")
