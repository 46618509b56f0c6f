"""The BLAS is loaded before MLX, and what is in use is reported as it is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere: macOS has Accelerate")


def run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "T2SQL_BLAS"} | env
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


@linux
def test_none_leaves_mlx_alone() -> None:
    done = run("from t2sql.runtimes import blas; print(blas.load())", T2SQL_BLAS="none")
    assert "fast=False" in done.stdout and "T2SQL_BLAS=none" in done.stdout, done.stderr


@linux
def test_a_library_that_is_not_there_is_an_error() -> None:
    done = run("from t2sql.runtimes import blas; blas.load()", T2SQL_BLAS="/no/such/lib.so")
    assert "InputError: the BLAS cannot be loaded (T2SQL_BLAS=/no/such/lib.so)" in done.stderr


@linux
def test_a_library_without_the_symbol_is_an_error() -> None:
    done = run("from t2sql.runtimes import blas; blas.load()", T2SQL_BLAS="libm.so.6")
    assert "expected the symbol cblas_sgemm" in done.stderr


@linux
def test_mlx_imported_first_is_warned_of() -> None:
    done = run("import mlx.core; from t2sql.runtimes import blas; print(blas.load())")
    assert "fast=False" in done.stdout and "imported before t2sql" in done.stderr


@linux
def test_the_forwarded_openblas_multiplies_correctly() -> None:
    code = """
import numpy as np
from t2sql.runtimes import blas
from t2sql.runtimes import mx
rng = np.random.default_rng(0)
for m, n, k in [(1, 3, 5), (17, 33, 65), (128, 64, 256)]:
    a = rng.standard_normal((m, k), dtype=np.float32); b = rng.standard_normal((k, n), dtype=np.float32)
    assert np.allclose(np.array(mx.array(a) @ mx.array(b)), a @ b, atol=1e-3)
    t = np.ascontiguousarray(b.T)
    assert np.allclose(np.array(mx.array(a) @ mx.array(t).T), a @ b, atol=1e-3)
print(blas.load())
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    if "does not forward" in done.stdout:
        pytest.skip("elsewhere: the extension forwards a BLAS on Linux only")
    assert "fast=True" in done.stdout and "scipy-openblas32" in done.stdout


def test_importing_the_package_does_not_import_mlx() -> None:
    done = run("import sys, t2sql, t2sql.models, t2sql.runtimes; print('mlx.core' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_mlx_compiles_where_tmpdir_names_no_folder() -> None:
    code = "from t2sql.runtimes import mx; print(mx.compile(lambda x: mx.exp(x) + x)(mx.zeros(1)).tolist())"
    assert run(code, TMPDIR="/no/such/folder").stdout == "[1.0]\n"


def test_mlx_lm_does_not_tell_of_pytorch() -> None:
    assert "PyTorch" not in run("from t2sql.runtimes import mlx_lm").stderr
