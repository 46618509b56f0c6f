"""The forwarded BLAS symbols: visible, called by MLX, and right without a BLAS behind them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere: the symbols exist on Linux only"),
]

PROMOTE = """
import ctypes, sys
from t2sql import _core
library = ctypes.CDLL(_core.__file__, mode=ctypes.RTLD_GLOBAL)
"""
FORWARD = """
import glob, scipy_openblas32
(path,) = glob.glob(scipy_openblas32.get_lib_dir() + "/libscipy_openblas*.so")
_core.use_blas(path, "scipy_")
"""
MATMUL = """
import mlx.core as mx, numpy as np
mx.set_default_device(mx.cpu)
rng = np.random.default_rng(0)
for shape in [(64, 32, 48), (1, 96, 8), (33, 7, 5)]:
    m, k, n = shape
    a, b = rng.standard_normal((m, k), dtype=np.float32), rng.standard_normal((k, n), dtype=np.float32)
    bt = np.ascontiguousarray(b.T)
    np.testing.assert_allclose(np.array(mx.array(a) @ mx.array(b)), a @ b, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.array(mx.array(a) @ mx.array(bt).T), a @ b, rtol=1e-4, atol=1e-4)
assert _core.blas_calls() > 0, "MLX does not come through"
"""
PLAIN = """
import numpy as np
rng = np.random.default_rng(1)
trans = {111: lambda x: x, 112: lambda x: x.T, 113: lambda x: x.conj().T}
for name, dtype, scalar in [("sgemm", np.float32, ctypes.c_float), ("dgemm", np.float64, ctypes.c_double),
                            ("cgemm", np.complex64, None)]:
    def draw(*shape):
        x = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if scalar is None else 0)
        return x.astype(dtype)
    def number(value):
        if scalar is not None:
            return scalar(value)
        boxes.append(np.array([value], dtype))
        return boxes[-1].ctypes.data_as(ctypes.c_void_p)
    m, n, k = 3, 4, 5
    for order in (101, 102):
        for ta in trans:
            for tb in trans:
                boxes = []
                a = draw(m, k) if ta == 111 else draw(k, m)
                b = draw(k, n) if tb == 111 else draw(n, k)
                c = draw(m, n)
                want = 2 * trans[ta](a) @ trans[tb](b) + 0.5 * c
                lay = np.ascontiguousarray if order == 101 else np.asfortranarray
                a, b, c = lay(a), lay(b), lay(c)
                ld = [x.shape[1] if order == 101 else x.shape[0] for x in (a, b, c)]
                at = [x.ctypes.data_as(ctypes.c_void_p) for x in (a, b, c)]
                inputs = (at[0], ld[0], at[1], ld[1])
                gemm = getattr(library, "cblas_" + name)
                gemm(order, ta, tb, m, n, k, number(2.0), *inputs, number(0.5), at[2], ld[2])
                np.testing.assert_allclose(c, want, rtol=1e-4, atol=1e-4)
"""


def run(*parts: str) -> None:
    done = subprocess.run([sys.executable, "-c", "".join(parts)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_mlx_matmul_goes_through_the_fast_blas() -> None:
    pytest.importorskip("scipy_openblas32")
    run(PROMOTE, FORWARD, MATMUL)


def test_mlx_matmul_is_right_before_a_blas_is_given() -> None:
    run(PROMOTE, MATMUL)


def test_the_plain_loops_are_right_in_every_layout() -> None:
    run(PROMOTE, PLAIN)


def test_the_forwarded_symbols_are_right_in_every_layout() -> None:
    pytest.importorskip("scipy_openblas32")
    run(PROMOTE, FORWARD, PLAIN)


@pytest.mark.parametrize(
    ("path", "prefix", "words"),
    [
        ("/nowhere/libblas.so", "", "cannot load the BLAS"),
        (sys.executable, "", "cannot load the BLAS|not in the BLAS"),
        (None, "nobody_", "no nobody_cblas_sgemm"),
    ],
)
def test_a_library_that_is_no_blas_is_refused(path: str | None, prefix: str, words: str) -> None:
    script = f"""
        from t2sql import _core
        from t2sql.errors import InputError
        try:
            _core.use_blas({path!r} or _core.__file__, {prefix!r})
        except InputError as error:
            import re
            assert re.search({words!r}, str(error)), error
        else:
            raise SystemExit("accepted")
        """
    run(textwrap.dedent(script))
