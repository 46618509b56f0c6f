"""The whole chain under Metal's policy, computed on this machine: what only a Mac would reach is run here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.run_process import finish, starts
from support.training import write_data

from t2sql import runs
from t2sql.cli import run as command_line
from t2sql.runs.records import FuseResult, TestResult

FLAGS = [
    *("--iters", "20", "--num-layers", "1", "--rank", "4", "--batch-size", "2", "--learning-rate", "1e-3"),
    *("--save-every", "10", "--steps-per-eval", "10", "--steps-per-report", "5", "--base-bits", "4"),
    *("--types", "q8_0", "--compare-limit", "2", "--compare-limit-mlx", "1", "--max-tokens", "4"),
]


@pytest.fixture(autouse=True)
def on_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", "metal")


@pytest.fixture(scope="module")
def run(tiny_mistral: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run from a base that is quantized for training."""
    data = write_data(tmp_path_factory.mktemp("source") / "people")
    path = tmp_path_factory.mktemp("metal") / "r"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("T2SQL_DEVICE_POLICY", "metal")
        finish(path, "--model", str(tiny_mistral), "--data", str(data), *FLAGS)
    yield path


def test_every_stage_is_done(run: Path) -> None:
    assert runs.summarize(run).state == "done" and starts(run) == list(runs.STAGES)


def test_checkpoints_are_scored_in_mlx(run: Path) -> None:
    tested = runs.open_run(run).result(TestResult)
    assert tested is not None
    scores = [row.valid for row in tested.rows if row.valid is not None]
    assert scores and all(score.backend == "mlx" and score.n == 3 for score in scores)


def test_the_fused_model_is_base_and_adapter(run: Path) -> None:
    fused = runs.open_run(run).result(FuseResult)
    assert fused is not None and fused.max_error is not None and fused.max_error < 1e-3


@pytest.mark.parametrize("file", ["fused", "gguf/r.q8_0.gguf"])
def test_the_result_answers_in_mlx(file: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = ["How old is Ann?", "--table", "people: Name, Age", "--backend", "mlx", "--json"]
    assert command_line(["ask", str(run / file), *question]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["sql"].startswith("SELECT") and answer["weights"].startswith("bfloat16")
