"""Generation: one Backend protocol, llama.cpp and MLX behind it, and `ask`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.generate.answer import STATUSES, Answer, Timings
    from t2sql.generate.asking import Failed, ask
    from t2sql.generate.backend import BACKENDS, Backend, Generation, open_backend, statement
    from t2sql.generate.lasting import LastingThread

_EXPORTS = {
    "Answer": "answer",
    "BACKENDS": "backend",
    "Backend": "backend",
    "Failed": "asking",
    "Generation": "backend",
    "LastingThread": "lasting",
    "STATUSES": "answer",
    "Timings": "answer",
    "ask": "asking",
    "open_backend": "backend",
    "statement": "backend",
}

__all__ = [
    "BACKENDS",
    "STATUSES",
    "Answer",
    "Backend",
    "Failed",
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
