"""`--start-from`: training goes on from a tuned model, and the files say which adapters they have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.training import write_data

from t2sql import runs
from t2sql.cli import run as command_line
from t2sql.errors import InputError
from t2sql.pipeline import resolve_settings

FLAGS = (
    "--iters 2 --num-layers 1 --rank 2 --batch-size 2 --save-every 2 --steps-per-eval 2 --learning-rate 1e-2"
)


@pytest.fixture(scope="module")
def tuned(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a fused model."""
    folder = tmp_path_factory.mktemp("tuned")
    data, path = write_data(folder / "people"), folder / "first"
    train = ["train", "--model", str(tiny_llama), "--data", str(data), "--out", str(path), *FLAGS.split()]
    assert command_line(train) == 0
    assert command_line(["fuse", "--adapter", str(path), "--out", str(path / "fused")]) == 0
    return path


def test_a_run_goes_on_from_another_runs_model(
    tuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, second, fused = write_data(tmp_path / "people"), tmp_path / "second", tmp_path / "fused"
    more = ["--preset", "quick", "--out", str(second), *FLAGS.split()]
    assert command_line(["train", "--start-from", str(tuned), "--data", str(data), *more]) == 0
    run = runs.open_run(second)
    assert run.config["start_from"] == str(tuned)
    assert run.config["model"] == str((tuned / "fused").resolve())
    # The preset's own format is version 1; the first run's prompts had types, keys and names.
    assert run.config["prompt"] == "t2sql.prompt.2+types+keys+names" == run.document.t2sql.prompt_format
    first = json.loads((tuned / "fused" / "config.json").read_text())["t2sql"]["adapters"]
    adapter = json.loads((second / "checkpoints" / "0000002" / "adapter_config.json").read_text())
    assert adapter["base_adapters"] == [first[0]["fingerprint"]]
    assert command_line(["fuse", "--adapter", str(second), "--out", str(fused)]) == 0
    inside = json.loads((fused / "config.json").read_text())["t2sql"]["adapters"]
    assert json.loads((fused / "config.json").read_text())["t2sql"]["base_model"] == "first/fused"
    assert inside[:1] == first and [entry["name"] for entry in inside][1].startswith("second/")
    capsys.readouterr()
    for again in (tuned, second):
        twice = ["fuse", "--model", str(fused), "--adapter", str(again), "--out", str(tmp_path / "twice")]
        assert command_line(twice) == 2
        assert "the adapter is in these weights already" in capsys.readouterr().err


def test_a_gguf_file_is_gone_on_from_and_stays_named(tuned: Path, tmp_path: Path) -> None:
    file = tmp_path / "tuned.q8_0.gguf"
    assert command_line(["convert", str(tuned / "fused"), str(file), "--type", "q8_0"]) == 0
    settings = resolve_settings({"start_from": str(file)})
    assert settings.model == settings.train.model == str(file) and settings.start_from == str(file)
    assert settings.prompt == "t2sql.prompt.2+types+keys+names"
    # As config.toml has it, and as `--config RUN/config.toml` gives it again.
    assert resolve_settings({}, settings.to_json()) == settings
    assert resolve_settings(settings.to_json()) == settings
    named = resolve_settings({"start_from": str(file), "prompt": "1"})
    assert named.prompt == "t2sql.prompt.1"


def test_another_model_given_later_replaces_the_start(tuned: Path) -> None:
    recorded = resolve_settings({"start_from": str(tuned)}).to_json()
    assert resolve_settings({"iters": 3}, recorded).start_from == str(tuned)
    assert resolve_settings({"preset": "quick"}, recorded).start_from == str(tuned)
    changed = resolve_settings({"model": "demo"}, recorded)
    assert (changed.model, changed.start_from) == ("demo", None)


def test_what_cannot_be_started_from_is_refused(tuned: Path, tiny_llama: Path, tmp_path: Path) -> None:
    for start, message in (
        (tmp_path / "nothing", "no such model to start from"),
        (tiny_llama, "not one that t2sql tuned"),
    ):
        with pytest.raises(InputError, match=message):
            resolve_settings({"start_from": str(start)})
    with pytest.raises(InputError, match="name different models"):
        resolve_settings({"start_from": str(tuned), "model": "demo"})
    (tmp_path / "unfused").mkdir()
    (tmp_path / "unfused" / "config.toml").write_bytes((tuned / "config.toml").read_bytes())
    with pytest.raises(InputError, match="no fused model to start from") as refused:
        resolve_settings({"start_from": str(tmp_path / "unfused")})
    assert refused.value.hint is not None and "t2sql fuse --adapter" in refused.value.hint
