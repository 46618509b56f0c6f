"""The way every module gets MLX: the fast BLAS is loaded first, and freed memory is kept."""

from __future__ import annotations

from t2sql.runtimes import blas
from t2sql.runtimes.heap import keep_freed_memory

blas.load()
keep_freed_memory()

import mlx.core as mx  # noqa: E402
import mlx.nn as nn  # noqa: E402
import mlx.optimizers as optimizers  # noqa: E402
from mlx.utils import tree_flatten, tree_map, tree_unflatten  # noqa: E402

__all__ = ["device", "mx", "nn", "optimizers", "peak_memory", "tree_flatten", "tree_map", "tree_unflatten"]


def device() -> str:
    """ "cpu", "metal" or "cuda": where MLX computes by default."""
    if mx.default_device() == mx.cpu:
        return "cpu"
    return "metal" if mx.metal.is_available() else "cuda"


def peak_memory() -> int:
    """The most bytes that MLX has held at once in this process."""
    return int(mx.get_peak_memory())
