"""Counts and settings out of range are refused with the range, by functions as by the command line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import t2sql
from t2sql._core import TensorPlan
from t2sql.bounds import MAX_SLOTS, max_threads
from t2sql.cli import run
from t2sql.errors import InputError
from t2sql.generate import BackendOptions
from t2sql.gguf.plan import plan_files
from t2sql.serve import Settings
from t2sql.train import TrainConfig

ROWS = np.zeros((1, 32), np.float32)


@pytest.mark.parametrize("threads", [-1, 0, 5000, 2**70])
@pytest.mark.parametrize(
    "call",
    [
        lambda threads: t2sql.convert("model", "out.gguf", threads=threads),
        lambda threads: t2sql.quantize("in.gguf", "out.gguf", "q8_0", threads=threads),
        lambda threads: t2sql.ask("model", "Who?", tables=["t: a"], threads=threads),
        lambda threads: t2sql.quantize_rows(ROWS, "q8_0", threads),
        lambda threads: t2sql.dequantize_rows(t2sql.quantize_rows(ROWS, "q8_0"), "q8_0", threads),
    ],
)
def test_threads_out_of_range_are_refused_by_every_function(call: Callable[[int], Any], threads: int) -> None:
    with pytest.raises(InputError, match=f"threads is out of range.*1 to {max_threads()}"):
        call(threads)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ask", "m.gguf", "Who?", "--threads", "5000"], f"at most {max_threads()}, found 5000"),
        (["convert", "model", "out.gguf", "--threads", "5000"], f"at most {max_threads()}, found 5000"),
        (["quantize", "in.gguf", "out.gguf", "q8_0", "--threads", "0"], "at least 1, found 0"),
        (["quantize", "in.gguf", "out.gguf", "q8_0", "--threads", "x"], "a whole number, found x"),
        (["serve", "m.gguf", "--slots", "5000"], f"at most {MAX_SLOTS}, found 5000"),
        (["ask", "m.gguf", "Who?", "--timeout", "soon"], "a number, found soon"),
    ],
)
def test_the_command_line_names_the_range(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert f"expected {expected}" in capsys.readouterr().err


def test_slots_and_batches_are_bounded() -> None:
    for refused in ({"slots": 5000}, {"context": 2**40}, {"batch_size": 10**9}):
        with pytest.raises(InputError, match="is out of range"):
            BackendOptions(**refused)
    with pytest.raises(InputError, match=f"slots is out of range.*1 to {MAX_SLOTS}"):
        Settings(slots=5000)


@pytest.mark.parametrize("rate", [0, -1e-3, 1.5, math.inf, math.nan])
def test_a_learning_rate_is_more_than_zero_and_at_most_one(rate: float) -> None:
    with pytest.raises(InputError, match=r"learning_rate\): expected a number, more than 0, at most 1"):
        TrainConfig.of(learning_rate=rate)


def test_settings_that_are_no_number_are_refused_in_plain_words() -> None:
    for setting in ({"scale": math.inf}, {"weight_decay": math.nan}, {"iters": "many"}, {"base_bits": 5}):
        with pytest.raises(InputError) as caught:
            TrainConfig.of(**setting)
        assert "Input should" not in str(caught.value)


def test_a_set_of_hundreds_of_small_files_is_refused(tmp_path: Path) -> None:
    tensors = [
        TensorPlan(name=f"t{index}", path=tmp_path / "m.safetensors", source="t", shape=(32,), dtype="f32")
        for index in range(272)
    ]
    with pytest.raises(InputError, match=r"max-shard-size is too small.*at most 100 files.*272 files of 2"):
        plan_files(tmp_path / "m.gguf", [], tensors, 2)
    assert len(plan_files(tmp_path / "m.gguf", [], tensors, "1K")) == 39
    assert len(plan_files(tmp_path / "m.gguf", [], tensors, "2G")) == 1


def test_a_misspelt_option_names_the_function_that_was_called() -> None:
    wrong: dict[str, Any] = {"thread": 2}
    for call, name in (
        (lambda: t2sql.convert("model", "out.gguf", **wrong), "convert"),
        (lambda: t2sql.quantize("in.gguf", "out.gguf", "q8_0", **wrong), "quantize"),
        (lambda: t2sql.ask("model", "Who?", tables=["t: a"], **wrong), "ask"),
    ):
        with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'thread'"):
            call()


@pytest.mark.parametrize("block_format", ["q8_0", "q4_0", "q4_1"])
def test_a_block_with_a_nan_is_nan_and_its_neighbours_are_not(block_format: str) -> None:
    rows = np.ones((1, 64), np.float32)
    rows[0, 3] = np.nan
    back = t2sql.dequantize_rows(t2sql.quantize_rows(rows, block_format), block_format)
    assert np.isnan(back[0, :32]).all() and not np.isnan(back[0, 32:]).any()


def test_the_package_lists_its_functions() -> None:
    public = {"ask", "convert", "dequantize_rows", "load", "quantize", "quantize_rows", "verify"}
    assert public <= set(dir(t2sql))
    with pytest.raises(AttributeError):
        getattr(t2sql, "nosuch")  # noqa: B009
