"""A run's numbers in trackers: real ones, and a run that is followed while it is made."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from t2sql import runs, trackers
from t2sql.cli import run as command_line
from t2sql.runs.records import TrainEvent, ValidEvent


def trained(path: Path) -> runs.Run:
    """A run with a few events of training, and a loss that was not finite."""
    run = runs.create_run(path, {"model": "demo", "iters": 3}, prompt_format="t2sql.prompt.1")
    with run.lock(), run.stage("train", {}) as stage:
        stage.emit(ValidEvent(step=0, loss=2.5))
        for step in (1, 2, 3):
            stage.emit(TrainEvent(step=step, loss=2.0 / step if step != 2 else None, tokens_per_second=10.0))
        stage.emit(ValidEvent(step=3, loss=1.5))
    return run


class Kept:
    """A tracker that keeps what it gets."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, Mapping[str, float]]] = []

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self.logged.append((step, metrics))

    def close(self) -> None:
        pass


def test_events_with_a_step_become_metrics(tmp_path: Path) -> None:
    kept = Kept()
    assert trackers.report_events(trained(tmp_path / "run").tail(), kept) == 5
    assert kept.logged[0] == (0, {"valid/loss": 2.5})
    assert kept.logged[1] == (1, {"train/loss": 2.0, "train/tokens_per_second": 10.0})
    assert kept.logged[2] == (2, {"train/tokens_per_second": 10.0})


def test_a_run_is_followed_until_it_ends(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "run", {"model": "demo"}, prompt_format="t2sql.prompt.1")
    kept = Kept()
    with run.lock(), run.stage("train", {}) as stage:
        thread = threading.Thread(target=trackers.report_events, args=(run.tail(0.01), kept))
        thread.start()
        stage.emit(ValidEvent(step=0, loss=2.5))
        thread.join(0.2)
        assert thread.is_alive()
        stage.emit(ValidEvent(step=7, loss=1.5))
    thread.join(30)
    assert [step for step, _ in kept.logged] == [0, 7]


def test_tensorboard_has_the_scalars(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard was not tested: pip install tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained(tmp_path / "run")
    assert command_line(["runs", "report-to", str(tmp_path / "run"), "tensorboard"]) == 0
    written = EventAccumulator(str(tmp_path / "tensorboard" / "run")).Reload()
    steps = [(event.step, event.tensor_proto.float_val[0]) for event in written.Tensors("valid/loss")]
    assert steps == [(0, 2.5), (3, 1.5)]


def test_weights_and_biases_has_a_run(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="Weights & Biases was not tested: pip install wandb")
    trained(tmp_path / "run")
    command = [sys.executable, "-m", "t2sql", "runs", "report-to", "run", "wandb"]
    environment = {**os.environ, "WANDB_MODE": "offline"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "5 events of run are in wandb" in done.stdout
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))


def test_an_unknown_tracker_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(tmp_path / "run")
    assert command_line(["runs", "report-to", str(tmp_path / "run"), "nowhere"]) == 2
    assert "tensorboard or wandb" in capsys.readouterr().err


def test_a_run_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["runs", "report-to", str(tmp_path / "none"), "tensorboard"]) == 2
    assert "not a run directory" in capsys.readouterr().err
