"""MLX, by this door alone: the fast BLAS is loaded before it, and malloc keeps what MLX frees."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TypeAlias

from t2sql.errors import WorkError
from t2sql.runtimes import blas
from t2sql.runtimes.heap import keep_freed_memory

blas.load()
keep_freed_memory()
# MLX compiles into C++'s folder of temporary files, and fails where TMPDIR names none; Python finds another.
os.environ["TMPDIR"] = tempfile.gettempdir()

try:
    import mlx.core as mx
except ModuleNotFoundError:
    raise
except ImportError as error:
    hint = "Without a GPU: pip uninstall mlx-cuda-12 mlx-cuda-13, then pip install 'mlx[cpu]'"
    raise WorkError("MLX does not start", found=error, hint=hint if "CUDA" in str(error) else None) from error
import mlx.nn as nn  # noqa: E402
import mlx.optimizers as optimizers  # noqa: E402
from mlx.utils import tree_flatten, tree_map, tree_unflatten  # noqa: E402

__all__ = [
    "Array",
    "Module",
    "device",
    "gflops",
    "mx",
    "nn",
    "optimizers",
    "peak_memory",
    "scalar",
    "tree_flatten",
    "tree_map",
    "tree_unflatten",
]

Array = mx.array
"""An array of MLX."""

Module: TypeAlias = nn.Module
"""A network of MLX, or a layer of one; its attributes are untyped."""


def scalar(value: Array) -> float:
    """The number in an array of one element, evaluated."""
    item = value.item()
    assert isinstance(item, int | float)
    return float(item)


def device() -> str:
    """The kind of device that MLX computes on by default: "cpu", "metal" or "cuda"."""
    if mx.default_device() == mx.cpu:
        return "cpu"
    return "metal" if mx.metal.is_available() else "cuda"


def peak_memory() -> int:
    """The most memory that MLX's arrays have taken at once in this process, in bytes."""
    return int(mx.get_peak_memory())


def gflops(size: int = 1024, tries: int = 3) -> float:
    """Measure a float32 product of two [size, size] matrices on the default device.

    Returns:
        Billions of floating-point operations per second, the best of `tries`.
    """
    a = mx.random.normal((size, size))
    mx.eval(a, a @ a)
    best = float("inf")
    for _ in range(tries):
        start = time.perf_counter()
        mx.eval(a @ a)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9
