"""The BLAS under MLX's CPU build: an optimized one is made global before MLX is imported."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from t2sql import _core
from t2sql.errors import InputError
from t2sql.runtimes import install

_OWN = "MLX's own"


@dataclass(frozen=True)
class BlasInfo:
    """The library that MLX's matrix products run on.

    Attributes:
        name: Its name, for people.
        path: The file that was loaded; None when nothing was loaded.
        fast: Whether it is an optimized one.
        note: Why it is not; empty when it is.
    """

    name: str
    path: str | None
    fast: bool
    note: str = ""


@cache
def load() -> BlasInfo:
    """Put a fast BLAS where MLX will find it; later calls only return what the first one did.

    MLX's Linux wheel ships the netlib reference BLAS, forty times slower than OpenBLAS. The dynamic
    linker takes a symbol from the first library that exports it, so a fast one has to be loaded before
    MLX. The environment variable `T2SQL_BLAS` names another library with plain `cblas_*` symbols, or
    is `none`.

    Raises:
        InputError: The library in `T2SQL_BLAS` cannot be loaded or is not a BLAS.
    """
    if sys.platform == "darwin":
        return BlasInfo("Accelerate", None, True)
    choice = os.environ.get("T2SQL_BLAS", "").strip()
    if choice.lower() == "none":
        return BlasInfo(_OWN, None, False, "T2SQL_BLAS=none")
    if "mlx.core" in sys.modules:
        note = "mlx was imported before t2sql: import t2sql.runtimes.mlx first"
        warnings.warn(f"MLX keeps its slow BLAS: {note}", RuntimeWarning, stacklevel=3)
        return BlasInfo(_OWN, None, False, note)
    if choice:
        return _load_library(Path(choice))
    return _load_scipy_openblas()


def _load_library(path: Path) -> BlasInfo:
    """Load a library that exports `cblas_sgemm` under this name."""
    try:
        library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise InputError("the BLAS cannot be loaded", where=f"T2SQL_BLAS={path}", found=str(error)) from None
    if not hasattr(library, "cblas_sgemm"):
        raise InputError("not a BLAS", where=f"T2SQL_BLAS={path}", expected="the symbol cblas_sgemm")
    return BlasInfo(path.name, str(path), True)


def _load_scipy_openblas() -> BlasInfo:
    """Load scipy-openblas32. Its symbols have a prefix: our extension exports the plain ones and forwards."""
    try:
        # Optional: without it, MLX's own BLAS is used.
        import scipy_openblas32
    except ImportError:
        return BlasInfo(_OWN, None, False, f"scipy-openblas32 is not installed: {install.BLAS}")
    # The extension has this function on Linux only.
    if not hasattr(_core, "use_blas"):
        return BlasInfo(_OWN, None, False, "this build of t2sql._core does not forward a BLAS")
    folder = Path(scipy_openblas32.get_lib_dir())
    libraries = sorted(folder.glob("libscipy_openblas*.so*"))
    if not libraries:
        return BlasInfo(_OWN, None, False, f"no library in {folder}: {install.BLAS}")
    _core.use_blas(str(libraries[0]), "scipy_")
    ctypes.CDLL(_core.__file__, mode=ctypes.RTLD_GLOBAL)
    return BlasInfo("OpenBLAS (scipy-openblas32)", str(libraries[0]), True)
