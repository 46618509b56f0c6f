"""`--config FILE`: a flag beats the file, the file beats the preset; unknown keys are named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from t2sql.cli import run
from t2sql.cli.group import load, new_app
from t2sql.cli.options import Group, shared
from t2sql.cli.output import Output
from t2sql.errors import InputError
from t2sql.pipeline import resolve_settings
from t2sql.pipeline.budget import SECONDS, stage_seconds
from t2sql.runs import STAGES

SIZES = Group("sizes", {"iters": Annotated[int | None, typer.Option("--iters", help="Steps.")]})


def call(arguments: list[str]) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    @shared(SIZES)
    def command(
        out: Output,
        sizes: dict[str, Any],
        types: Annotated[str, typer.Option("--types", help="Types.")] = "q8_0",
        force: Annotated[bool, typer.Option("--force", help="Force.")] = False,
        table: Annotated[list[str] | None, typer.Option("--table", help="Tables.")] = None,
    ) -> None:
        seen.update(sizes=sizes, types=types, force=force, table=table, json=out.json)

    app = new_app()
    app.command("x")(command)
    built = typer.main.get_command(app)
    with built.make_context("x", arguments) as context:
        built.invoke(context)
    return seen


def test_flag_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('iters = 7\ntypes = ["q4_0", "q4_1"]\nforce = true\ntable = ["a: b", "c: d"]\n')
    seen = call(["--config", str(file)])
    assert seen["sizes"] == {"iters": 7} and seen["types"] == "q4_0,q4_1" and seen["force"] is True
    assert list(seen["table"]) == ["a: b", "c: d"]
    assert call(["--iters", "9", "--config", str(file)])["sizes"] == {"iters": 9}
    assert call([])["sizes"] == {}


def test_hyphens_and_underscores_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    for key in ("learning-rate", "learning_rate"):
        file.write_text(f"{key} = 0.001\n")
        context = load("train").make_context("train", ["--out", "x", "--config", str(file)])
        assert context.params["learning_rate"] == 0.001


def test_unknown_keys_are_named_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.toml"
    file.write_text("iters = 7\nlerning_rate = 0.1\nfoo = 1\n")
    assert run(["run", "--config", str(file), "--out", str(tmp_path / "r")]) == 2
    error = capsys.readouterr().err
    assert str(file) in error and "lerning_rate, foo" in error
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(("text", "message"), [("= 1", "cannot be read"), ("iters = {a = 1}", "is a table")])
def test_bad_config_file_is_an_error(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    assert run(["run", "--config", str(file)]) == 2
    assert message in capsys.readouterr().err


def test_absent_config_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "--config", "absent.toml"]) == 2
    assert "no such config file (absent.toml)" in capsys.readouterr().err


def test_value_of_a_wrong_type_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.toml"
    file.write_text('iters = "many"\n')
    assert run(["run", "--config", str(file)]) == 2
    assert "--iters" in capsys.readouterr().err


def test_given_beats_recorded_beats_preset() -> None:
    assert resolve_settings({}).model == "demo"
    tutorial = resolve_settings({"preset": "tutorial", "iters": 5})
    assert tutorial.train.iters == 5 and tutorial.train.rank == 8 and tutorial.train.loss_on == "all"
    recorded = tutorial.to_json()
    assert resolve_settings({}, recorded) == tutorial
    assert resolve_settings({"rank": 4}, recorded).train.rank == 4
    assert resolve_settings({"preset": "demo"}, recorded).train.loss_on == "completion"


@pytest.mark.parametrize("preset", ["demo", "deep", "wikisql", "tutorial", "7b-mac", "quick"])
def test_every_preset_is_whole(preset: str) -> None:
    settings = resolve_settings({"preset": preset})
    assert settings.train.iters >= settings.train.save_every


def test_the_tutorials_preset_is_the_tutorial_to_the_letter() -> None:
    train = resolve_settings({"preset": "tutorial"}).train
    assert (train.rank, train.scale, train.num_layers, train.batch_size) == (8, 20.0, 16, 4)
    assert train.keys == ("self_attn.q_proj", "self_attn.v_proj")
    assert (train.optimizer, train.learning_rate, train.schedule, train.warmup) == (
        "adam",
        1e-5,
        "constant",
        0,
    )
    assert (train.iters, train.steps_per_eval, train.save_every, train.loss_on) == (1000, 200, 100, "all")
    assert not train.bias_correction


def test_types_and_keys_are_lists_by_comma() -> None:
    settings = resolve_settings({"types": "Q8_0, q4_0,f32,q8_0", "keys": "q_proj, v_proj"})
    assert settings.types == ("q8_0", "q4_0") and settings.train.keys == ("q_proj", "v_proj")
    with pytest.raises(InputError, match="q5_k"):
        resolve_settings({"types": "q5_k"})


def test_a_runs_own_config_gives_the_same_settings_again(tmp_path: Path, tiny_llama: Path) -> None:
    from t2sql.cli.config_file import read_config_file
    from t2sql.pipeline import prepare_run

    run_, settings = prepare_run(tmp_path / "a", {"preset": "tutorial", "model": str(tiny_llama), "limit": 5})
    given = read_config_file(run_.path / "config.toml", load("run"))
    assert resolve_settings(given) == settings


def test_the_demo_has_ten_minutes_unless_a_number_of_steps_is_asked_for() -> None:
    assert resolve_settings({}).train.minutes == 10
    assert resolve_settings({"iters": 430}).train.minutes is None
    assert resolve_settings({"iters": 430, "minutes": 5}).train.minutes == 5
    recorded = resolve_settings({}).to_json()
    assert resolve_settings({"iters": 430}, recorded).train.minutes == 10
    assert resolve_settings({}, {"iters": 430}).train.minutes is None


def test_a_stage_gets_its_part_of_the_time_of_those_that_are_planned() -> None:
    assert sum(SECONDS.values()) == 600 and tuple(SECONDS) == STAGES
    assert stage_seconds("train", 10, STAGES) == 330
    assert stage_seconds("train", 35, ["data", "train"]) == 35 * 60 * 330 / 350
    assert stage_seconds("train", None, STAGES) is None


def test_the_demo_preset_names_a_prompt_format_that_a_dataset_with_its_own_does_not_take(
    tmp_path: Path,
) -> None:
    (tmp_path / "dataset.json").write_text('{"prompt_format": "t2sql.prompt.2+types"}')
    (tmp_path / "train.jsonl").write_text("")
    formats = [
        resolve_settings(given).prompt_format.name
        for given in (
            {"data": "demo"},
            {"data": "sqlite:///shop.db"},
            {"data": str(tmp_path)},
            {"data": str(tmp_path), "prompt": "1"},
        )
    ]
    best = "t2sql.prompt.2+types+keys+names"
    assert formats == [best, best, "t2sql.prompt.2+types", "t2sql.prompt.1"]
