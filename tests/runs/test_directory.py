"""The run directory: config, versions, stages, what is done and what is not."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from t2sql import runs
from t2sql.errors import InputError, WorkError
from t2sql.runs import toml
from t2sql.runs.records import DataResult, ErrorEvent, Event, TrainEvent, ValidEvent


def test_config_is_written_with_settings_versions_and_prompt_format(tmp_path: Path) -> None:
    run = runs.create_run(
        tmp_path / "a",
        {"model": "demo", "iters": 3, "types": ["q8_0", "q4_0"], "none": None},
        prompt_format="t2sql.prompt.1",
    )
    document = tomllib.loads((run.path / "config.toml").read_text())
    assert document["settings"] == {"model": "demo", "iters": 3, "types": ["q8_0", "q4_0"]}
    assert document["t2sql"]["prompt_format"] == "t2sql.prompt.1"
    assert "mlx" in document["versions"] and document["machine"]["cpus"] >= 1
    assert runs.open_run(run.path).config == {"model": "demo", "iters": 3, "types": ["q8_0", "q4_0"]}


@pytest.mark.parametrize(
    "document",
    [
        {"a": 'quotes " and \\ and \n and \x7f and é', "b": 1e-5, "c": -0.0, "d": True, "e": 10**12},
        {"t": {"u": {"v": [1, 2], "w": []}, "x y": "z"}, "list": ["a", "b"]},
        {"inline": [{"a": 1}, {"b": "c"}]},
    ],
)
def test_toml_reads_back_as_written(document: dict[str, object]) -> None:
    assert tomllib.loads(toml.dumps(document)) == document


def test_existing_output_is_refused_without_force(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {"n": 1})
    with pytest.raises(InputError, match="exists"):
        runs.create_run(run.path, {})
    assert runs.create_run(run.path, {"n": 2}, force=True).config == {"n": 2}
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    with pytest.raises(InputError, match="not a run directory"):
        runs.create_run(tmp_path / "precious", {}, force=True)
    assert (tmp_path / "precious" / "file").exists()


def test_replaced_run_comes_back_unless_the_new_one_is_whole(tmp_path: Path) -> None:
    path = runs.create_run(tmp_path / "a", {"n": 1}).path
    with pytest.raises(KeyboardInterrupt), runs.replacing(path):
        runs.create_run(path, {"n": 2})
        raise KeyboardInterrupt
    assert runs.open_run(path).config == {"n": 1}
    with runs.replacing(path):
        runs.create_run(path, {"n": 3})
    assert runs.open_run(path).config == {"n": 3} and list(tmp_path.iterdir()) == [path]


def test_run_of_another_version_is_refused_naming_both(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    config = run.path / "config.toml"
    text = (
        config.read_text()
        .replace("run_format = 1", "run_format = 7")
        .replace('version = "', 'version = "9', 1)
    )
    config.write_text(text)
    with pytest.raises(InputError, match=r"expected version 1 \(t2sql .*found version 7 \(t2sql 9"):
        runs.open_run(run.path)
    assert runs.list_runs(tmp_path)[0].state == "unreadable"
    assert "version 7" in (runs.list_runs(tmp_path)[0].problem or "")


@pytest.mark.parametrize(("text", "message"), [("= broken", "cannot be read"), ("", "another version")])
def test_unreadable_config_is_an_error_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    run = runs.create_run(tmp_path / "a", {})
    (run.path / "config.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        runs.open_run(run.path)


def test_directory_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        runs.open_run(tmp_path / "absent")
    with pytest.raises(InputError, match=r"without config\.toml"):
        runs.open_run(tmp_path)
    with pytest.raises(InputError, match="not a run directory"):
        runs.remove_run(tmp_path)


def test_stage_is_done_only_with_same_inputs_and_outputs_in_place(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with run.lock(), run.stage("data", {"seed": 1, "pair": (1, 2)}) as stage:
        stage.output(run.path / "out.txt").write_text("hello")
        stage.save(DataResult(counts={"train": 3}))
    again = runs.open_run(run.path)
    assert again.stage("data", {"pair": [1, 2], "seed": 1}).done
    assert again.result(DataResult) == DataResult(counts={"train": 3})
    assert not again.stage("data", {"seed": 2, "pair": (1, 2)}).done
    (run.path / "out.txt").write_text("jello")
    assert not again.stage("data", {"seed": 1, "pair": (1, 2)}).done
    (run.path / "out.txt").unlink()
    changed = again.stage("data", {"seed": 1, "pair": (1, 2)})
    assert not changed.done and changed.resume


def test_stage_key_changes_with_outputs(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    keys = []
    for text in ("one", "two"):
        (run.path / "stages.json").unlink(missing_ok=True)
        run = runs.open_run(run.path)
        with run.lock(), run.stage("data", {"seed": 1}) as stage:
            stage.output(run.path / "out.txt").write_text(text)
        keys.append(run.key("data"))
    assert keys[0] != keys[1]


@pytest.mark.parametrize("kind", ["start", "end"])
def test_ctrl_c_at_either_end_of_a_stage_is_an_interruption(tmp_path: Path, kind: str) -> None:
    run = runs.create_run(tmp_path / "a", {})
    worked = False

    def interrupt(event: Event) -> None:
        if event.kind == kind:
            raise KeyboardInterrupt

    run.listen(interrupt)
    with pytest.raises(KeyboardInterrupt), run.lock(), run.stage("train", {}):
        worked = True
    assert worked == (kind == "end")
    last = run.events()[-1]
    assert isinstance(last, ErrorEvent) and last.interrupted
    assert runs.summarize(run.path).state == "interrupted"
    again = runs.open_run(run.path)
    with again.lock(), again.stage("train", {}) as stage:
        assert not stage.done
    assert runs.summarize(run.path).state == "done"


def test_a_stage_that_could_not_say_how_it_ended_is_interrupted(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with pytest.raises(KeyboardInterrupt), run.lock():
        # A second Ctrl-C can come before its end is written.
        run.stage("train", {}).__enter__()
        raise KeyboardInterrupt
    assert runs.open_run(run.path).stages["train"].state == "interrupted"
    assert runs.summarize(run.path).state == "interrupted"


@pytest.mark.parametrize(
    ("error", "state"), [(WorkError("broke"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_stage_cut_short_is_recorded_and_can_resume(tmp_path: Path, error: BaseException, state: str) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with pytest.raises(type(error)), run.lock(), run.stage("train", {"x": 1}):
        raise error
    assert run.stages["train"].state == state
    assert run.events()[-1].kind == "error"
    again = runs.open_run(run.path)
    assert again.stage("train", {"x": 1}).resume and not again.stage("train", {"x": 2}).resume
    assert runs.summarize(run.path).state == state


def test_unreadable_stages_are_an_error_with_the_file(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    (run.path / "stages.json").write_text("{")
    with pytest.raises(InputError, match=r"stages\.json"):
        runs.open_run(run.path)
    (run.path / "stages.json").write_text(json.dumps({"v": 2, "planned": [], "stages": {}}))
    with pytest.raises(InputError, match="version 2"):
        runs.open_run(run.path)


def test_fingerprint_sees_content_and_names(tmp_path: Path) -> None:
    a = tmp_path / "a"
    a.mkdir()
    (a / "x").write_bytes(b"1" * 20_000_000)
    first = runs.fingerprint(a)
    assert runs.fingerprint(a) == first
    (a / "x").rename(a / "y")
    assert runs.fingerprint(a) != first
    (a / "y").rename(a / "x")
    with open(a / "x", "r+b") as file:
        file.seek(19_999_999)
        file.write(b"2")
    assert runs.fingerprint(a) != first


def test_chosen_checkpoint_is_what_training_recorded(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    assert run.chosen is None
    run.layout.checkpoints.mkdir()
    best = {"step": 200, "valid_loss": 0.5, "select": "loss"}
    run.layout.best.write_text(json.dumps(best))
    assert run.chosen is not None
    assert run.chosen.to_json() == {**best, "path": "checkpoints/0000200"}


def test_clear_removes_what_a_stage_put_out_before(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    with run.lock(), run.stage("quantize", {"types": 2}) as stage:
        stage.output(run.path / "a.gguf").write_text("a")
        stage.output(outside)
    with run.lock(), run.stage("quantize", {"types": 1}) as stage:
        assert not stage.done and not stage.resume
        stage.clear()
        assert not (run.path / "a.gguf").exists() and outside.exists()


def test_runs_are_listed_from_the_ends_of_their_events(tmp_path: Path) -> None:
    for i in range(20):
        run = runs.create_run(tmp_path / f"r{i:02}", {"model": "demo", "iters": 1000, "data": "demo"})
        with run.lock(), run.stage("train", {}) as stage:
            stage.emit(TrainEvent(step=10, loss=2.0, tokens_per_second=50.0))
            stage.emit(ValidEvent(step=10, loss=1.5))
    filler = (
        json.dumps({"v": 1, "time": 1.0, "stage": "train", "kind": "train", "step": 1, "loss": 9.0}) + "\n"
    )
    log = tmp_path / "r00" / "events.jsonl"
    log.write_text(filler * 50_000 + log.read_text())
    by_name = {run.name: run for run in runs.list_runs(tmp_path)}
    assert len(by_name) == 20
    assert by_name["r00"].valid_loss == 1.5 and by_name["r00"].train_loss == 2.0
    assert by_name["r19"].step == 10


def test_runs_imports_neither_mlx_nor_rich() -> None:
    code = (
        "import sys, t2sql.runs as r; r.list_runs(); "
        "print([m for m in ('mlx', 'rich', 'numpy', 'sqlglot', 'typer') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
