"""An adapter into its model's weights: a Hugging Face directory, checked against base + adapter."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.fuse.adapted import Adapted
    from t2sql.fuse.fuser import FuseResult, fuse

_EXPORTS = {"Adapted": "adapted", "FuseResult": "fuser", "fuse": "fuser"}

__all__ = ["Adapted", "FuseResult", "fuse"]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.fuse.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.fuse' has no attribute {name!r}")
