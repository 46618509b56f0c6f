"""An adapter into its model's weights: a Hugging Face directory, checked against base + adapter."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.fuse.fuser import FuseResult, fuse

__all__ = ["FuseResult", "fuse"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("t2sql.fuse.fuser"), name)
    raise AttributeError(f"module 't2sql.fuse' has no attribute {name!r}")
