"""`t2sql train`: refuses what exists, goes on only with the same settings, replaces only with a whole run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.training import write_data

from t2sql import runs
from t2sql.cli import run as command_line
from t2sql.pipeline.stages import BY_NAME

FLAGS = (
    "--iters 4 --num-layers 1 --rank 2 --batch-size 2 --save-every 2 --steps-per-eval 2 --steps-per-report 1"
)


def test_train_resume_and_force(
    tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_data(tmp_path / "people")
    path = tmp_path / "r"
    train = ["train", "--model", str(tiny_llama), "--data", str(data), "--out", str(path), *FLAGS.split()]
    assert command_line([*train, "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert [checkpoint["step"] for checkpoint in document["checkpoints"]] == [2, 4]
    assert "train loss" in captured.err and runs.summarize(path).state == "done"

    assert command_line(train) == 2
    assert "--resume, or add --force" in capsys.readouterr().err
    assert command_line([*train, "--resume", "--rank", "3"]) == 2
    assert "a setting differs from the run's (--rank): expected 2, found 3" in capsys.readouterr().err
    assert command_line(["train", "--out", str(path), "--resume"]) == 0
    assert "train     already done" in capsys.readouterr().err

    with monkeypatch.context() as patch:
        patch.setitem(BY_NAME, "train", replace(BY_NAME["train"], work=lambda context, stage: 1 / 0))
        assert command_line([*train, "--force", "--rank", "3"]) == 1
    assert runs.open_run(path).config["rank"] == 2 and runs.summarize(path).state == "done"
    capsys.readouterr()
    assert command_line([*train, "--force", "--rank", "3"]) == 0
    assert runs.open_run(path).config["rank"] == 3
    assert [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_trained_run_can_be_gone_on_with_by_run(tiny_llama: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "people")
    path = tmp_path / "r"
    train = ["train", "--model", str(tiny_llama), "--data", str(data), "--out", str(path), *FLAGS.split()]
    assert command_line(train) == 0
    more = ["--types", "q8_0", "--compare-limit", "1", "--compare-limit-mlx", "1", "--max-tokens", "2"]
    assert command_line(["run", "--out", str(path), *more]) == 0
    starts = [event.stage for event in runs.open_run(path).events() if event.kind == "start"]
    assert starts == list(runs.STAGES)


def test_failed_train_leaves_nothing_so_that_the_corrected_command_works(
    tiny_llama: Path, tmp_path: Path
) -> None:
    data = write_data(tmp_path / "people")
    train = ["train", "--model", str(tiny_llama), "--out", str(tmp_path / "r"), *FLAGS.split()]
    assert command_line([*train, "--data", str(tmp_path / "nothing")]) == 2
    assert not (tmp_path / "r").exists()
    assert command_line([*train, "--data", str(data), "--keys", "nothing.here"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["people"]
    assert command_line([*train, "--data", str(data)]) == 0
