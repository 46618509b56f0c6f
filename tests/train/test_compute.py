"""The numbers that frozen matrices are multiplied in: chosen, recorded, repeated, forced by a variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.training import Events, last_adapters, settings, small_dataset, train_until

from t2sql import _core, train
from t2sql.models import flat
from t2sql.runs.records import Event, TrainStartEvent
from t2sql.runtimes import device, mx
from t2sql.train import TrainConfig
from t2sql.train.checkpoint_files import read_state
from t2sql.train.compute import FLOAT32, Compute, choose

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        device() != "cpu" or not hasattr(_core, "FrozenWeight"),
        reason="needs the CPU device and the layers in Rust",
    ),
]


@pytest.mark.parametrize("compute", ["float32", "bfloat16", "auto"])
def test_a_stopped_run_repeats_its_choice_and_goes_on_to_the_same_bytes(
    tiny_llama: Path, tmp_path: Path, compute: str
) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(tiny_llama, dropout=0.0, compute=compute))
    events: list[Event] = []
    train.train(config, dataset, tmp_path / "whole", emit=events.append)
    (start,) = [event for event in events if isinstance(event, TrainStartEvent)]
    assert start.compute is not None
    assert start.compute.startswith(("float32", "bfloat16") if compute == "auto" else compute)
    assert start.weights == ("bfloat16" if start.compute.startswith("bfloat16") else "float32")

    train_until(6, config, dataset, tmp_path / "cut")
    state = read_state(train.checkpoints(tmp_path / "cut")[-1].path)
    assert state.compute == start.compute.split()[0]
    assert choose(config, state) == Compute(precision=state.compute, kernels=state.kernels)  # type: ignore[arg-type]
    train.train(config, dataset, tmp_path / "cut", emit=Events(), resume=True)
    assert last_adapters(tmp_path / "cut") == last_adapters(tmp_path / "whole")


def test_bfloat16_trains_about_as_float32_does(tiny_llama: Path, tmp_path: Path) -> None:
    dataset = small_dataset(tmp_path / "data")
    losses = []
    for compute in ("float32", "bfloat16"):
        config = TrainConfig.of(**settings(tiny_llama, dropout=0.0, compute=compute))
        losses.append(train.train(config, dataset, tmp_path / compute, emit=Events()).valid_loss)
    assert losses[0] is not None and losses[1] == pytest.approx(losses[0], rel=0.01)
    weights = [
        mx.load(str(train.checkpoints(tmp_path / n)[-1].path / "adapters.safetensors"))
        for n in ("float32", "bfloat16")
    ]
    assert all(value.dtype == mx.float32 for value in flat(weights[1]).values())


def test_full_fine_tuning_and_early_checkpoints_are_in_float32(tiny_llama: Path) -> None:
    full = TrainConfig.of(**settings(tiny_llama, dropout=0.0, fine_tune_type="full", compute="bfloat16"))
    assert choose(full, None) == FLOAT32


@pytest.mark.parametrize(
    ("simd", "expected"),
    [("scalar", "float32 (scalar)"), ("mmx", "bad T2SQL_SIMD: expected"), ("neonbf16", "bad T2SQL_SIMD")],
)
def test_the_variable_forces_the_kernels(simd: str, expected: str) -> None:
    if simd in dict(_core.product_kernels()) and simd != "scalar":
        pytest.skip(f"this processor has {simd}")
    code = (
        "from t2sql.train import TrainConfig\n"
        "from t2sql.train.compute import choose\n"
        "print(choose(TrainConfig.of(compute='auto'), None).words)"
    )
    env = {**os.environ, "T2SQL_SIMD": simd}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert expected in done.stdout + done.stderr


def test_the_measurement_starts_with_float32() -> None:
    speeds = _core.kernel_speeds()
    assert [in_bfloat16 for _, in_bfloat16, _ in speeds[:1]] == [False]
    assert all(in_bfloat16 for _, in_bfloat16, _ in speeds[1:])
    assert all(speed > 0 for _, _, speed in speeds)
