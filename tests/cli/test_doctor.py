"""`doctor` names what keeps a part from working."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from t2sql import _core


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


@pytest.mark.skipif(not hasattr(_core, "kernel_speeds"), reason="needs training's products in Rust")
def test_what_training_multiplies_with_is_shown_and_can_be_forced() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "t2sql", "doctor", "--json"],
        env={**os.environ, "T2SQL_SIMD": "scalar"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    (products,) = [
        finding for finding in json.loads(done.stdout)["findings"] if finding["name"] == "products"
    ]
    assert products["found"].startswith("float32 by scalar")
    assert products["facts"]["compute"] == "float32" and products["facts"]["scalar"] > 0
