"""`run` asks before its first second of work whether the whole chain can succeed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.training import write_data

from t2sql.cli import run
from t2sql.errors import InputError
from t2sql.pipeline import prepare_run


def model_of(source: Path, out: Path, **changes: object) -> Path:
    shutil.copytree(source, out)
    file = out / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return out


def test_an_architecture_that_mlx_trains_and_the_converter_does_not_know_is_refused_at_once(
    tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_of(
        tiny_llama, tmp_path / "model", architectures=["SmolLM3ForCausalLM"], model_type="smollm3"
    )
    write_data(tmp_path / "data")
    out = tmp_path / "run"
    assert run(["run", "--model", str(model), "--data", str(tmp_path / "data"), "--out", str(out)]) == 2
    message = capsys.readouterr().err
    assert "SmolLM3ForCausalLM" in message and "LlamaForCausalLM" in message and "Qwen3ForCausalLM" in message
    assert not out.exists()


def test_a_model_that_is_not_there_is_refused_before_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run(["run", "--model", str(tmp_path / "nosuch"), "--data", "demo", "--out", str(out)]) == 2
    assert "nosuch" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_in_the_place_of_a_run_gets_no_advice_that_run_has_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q.txt").write_text("mine")
    assert run(["run", "--out", str(tmp_path / "q.txt")]) == 2
    message = capsys.readouterr().err
    assert "q.txt" in message and "--force" not in message
    assert (tmp_path / "q.txt").read_text() == "mine"


def test_train_alone_takes_what_only_the_converter_does_not_know(tiny_llama: Path, tmp_path: Path) -> None:
    model = model_of(tiny_llama, tmp_path / "model", architectures=["OtherForCausalLM"])
    given = {"model": str(model)}
    with pytest.raises(InputError, match="OtherForCausalLM"):
        prepare_run(tmp_path / "whole", given)
    assert prepare_run(tmp_path / "half", given, plan=["data", "train"])[0].path.is_dir()


def test_a_model_that_mlx_does_not_know_is_refused_for_training_too(tiny_llama: Path, tmp_path: Path) -> None:
    model = model_of(tiny_llama, tmp_path / "model", model_type="nosuch")
    with pytest.raises(InputError, match="a model type that mlx-lm knows, found nosuch"):
        prepare_run(tmp_path / "run", {"model": str(model)}, plan=["data", "train"])
