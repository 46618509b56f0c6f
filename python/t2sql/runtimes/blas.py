"""The BLAS under MLX's CPU build: an optimized one is made global before MLX is imported."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError

MEND = "pip install scipy-openblas32, or T2SQL_BLAS=/path/to/libopenblas.so"


@dataclass(frozen=True)
class BlasInfo:
    """What MLX's matrix products run on; `note` says why when it is not a fast one."""

    name: str
    path: str | None
    fast: bool
    note: str = ""


_state: BlasInfo | None = None


def load() -> BlasInfo:
    """Put a fast BLAS where MLX will find it. Only the first call does anything.

    MLX's Linux wheel brings the netlib reference BLAS, forty times slower than OpenBLAS. The dynamic
    linker takes a symbol from the first library that exports it, so ours has to be there first.
    `T2SQL_BLAS` names another library with plain `cblas_*` names, or is `none`.
    """
    global _state
    if _state is None:
        _state = _load()
    return _state


def info() -> BlasInfo:
    """The BLAS in use; loads it when that has not happened."""
    return load()


def _load() -> BlasInfo:
    if sys.platform == "darwin":
        return BlasInfo("Accelerate", None, True)
    choice = os.environ.get("T2SQL_BLAS", "").strip()
    if choice.lower() == "none":
        return BlasInfo("MLX's own", None, False, "T2SQL_BLAS=none")
    if "mlx.core" in sys.modules:
        note = "mlx was imported before t2sql: import t2sql.runtimes.mlx first"
        warnings.warn(f"MLX keeps its slow BLAS: {note}", RuntimeWarning, stacklevel=4)
        return BlasInfo("MLX's own", None, False, note)
    if choice:
        return _load_plain(Path(choice))
    return _load_scipy()


def _load_plain(path: Path) -> BlasInfo:
    """A library that exports `cblas_sgemm` as it is."""
    try:
        library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise InputError("the BLAS cannot be loaded", where=f"T2SQL_BLAS={path}", found=str(error)) from None
    if not hasattr(library, "cblas_sgemm"):
        raise InputError("not a BLAS", where=f"T2SQL_BLAS={path}", expected="the symbol cblas_sgemm")
    return BlasInfo(path.name, str(path), True)


def _load_scipy() -> BlasInfo:
    """scipy-openblas32, whose names are prefixed: the extension forwards the plain ones to it."""
    try:
        import scipy_openblas32
    except ImportError:
        return BlasInfo("MLX's own", None, False, f"scipy-openblas32 is not installed: {MEND}")
    from t2sql import _core

    if not hasattr(_core, "use_blas"):
        return BlasInfo("MLX's own", None, False, "this build of t2sql._core does not forward a BLAS")
    folder = Path(scipy_openblas32.get_lib_dir())
    found = sorted(folder.glob("libscipy_openblas*.so*"))
    if not found:
        return BlasInfo("MLX's own", None, False, f"no library in {folder}: {MEND}")
    _core.use_blas(str(found[0]), "scipy_")
    ctypes.CDLL(_core.__file__, mode=ctypes.RTLD_GLOBAL)
    return BlasInfo("OpenBLAS (scipy-openblas32)", str(found[0]), True)


def gflops(size: int = 1024, tries: int = 3) -> float:
    """Measured speed of a float32 matrix product on MLX's default device, best of a few."""
    from t2sql.runtimes.mlx import mx

    a = mx.random.normal((size, size))
    mx.eval(a, a @ a)
    best = float("inf")
    for _ in range(tries):
        start = time.perf_counter()
        mx.eval(a @ a)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


def cpu_name() -> str:
    """The processor's name, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("model name", "Model")):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
