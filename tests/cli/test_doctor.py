"""`doctor` names what keeps a part from working."""

from __future__ import annotations

import os
import subprocess
import sys


def test_a_blas_of_the_environment_that_does_not_load_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "t2sql", "doctor"],
        env={**os.environ, "T2SQL_BLAS": "/nope.so"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = done.stdout + done.stderr
    assert "T2SQL_BLAS=/nope.so" in said and "unset T2SQL_BLAS" in said
    assert "MISSING mlx " not in said
