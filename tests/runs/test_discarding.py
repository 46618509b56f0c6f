"""Changed settings over a run: what they throw away is named, and thrown away only when that is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.reported_run import make_reported_run

from t2sql import pipeline, report, runs
from t2sql.errors import InputError
from t2sql.pipeline import Loss

pytestmark = pytest.mark.slow


def finished(path: Path) -> runs.Run:
    """A run that is done, with the settings that `t2sql run` would resolve, and a few files."""
    run = make_reported_run(path)
    run.configure(pipeline.resolve_settings({"iters": 600}).to_json())
    run.layout.gguf.mkdir(exist_ok=True)
    run.layout.model_file("q8_0").write_bytes(b"x" * 1000)
    run.layout.predictions.mkdir(exist_ok=True)
    report.write(run)
    return run


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_changed_setting_is_refused_with_what_it_costs_and_nothing_is_touched(tmp_path: Path) -> None:
    run = finished(tmp_path / "r")
    before = content(run.path)
    with pytest.raises(
        InputError, match=r"iters from 600 to 500.*stages train, test, fuse.*bytes.*--discard"
    ):
        pipeline.prepare_run(run.path, {"iters": 500})
    assert content(run.path) == before


def test_same_settings_are_never_asked_about(tmp_path: Path) -> None:
    run = finished(tmp_path / "r")

    def ask(loss: Loss) -> bool:
        pytest.fail("asked")

    pipeline.prepare_run(run.path, {}, decide=ask)
    pipeline.prepare_run(run.path, {"iters": 600, "steps_per_report": 3}, decide=ask)
    assert set(runs.open_run(run.path).stages) >= {"train", "compare"}


def test_after_the_choice_no_old_figure_stands_over_new_settings(tmp_path: Path) -> None:
    run = finished(tmp_path / "r")
    old = runs.summarize(run.path)
    assert old.valid_loss is not None
    losses = []
    pipeline.prepare_run(run.path, {"iters": 500}, decide=lambda loss: bool(losses.append(loss)) or True)
    (loss,) = losses
    assert loss.stages[0] == "train" and "data" not in loss.stages
    summary = runs.summarize(run.path)
    assert (summary.steps, summary.step, summary.valid_loss, summary.best_score) == (500, None, None, None)
    assert summary.state == "interrupted"
    assert not run.layout.checkpoints.exists() and not run.layout.report_json.exists()
    collected = report.collect(runs.open_run(run.path))
    assert collected.checkpoints == () and collected.chosen is None


def test_file_of_somebody_else_in_what_would_go_keeps_everything(tmp_path: Path) -> None:
    run = finished(tmp_path / "r")
    (run.layout.checkpoints / "precious.txt").write_text("precious")
    before = content(run.path)
    with pytest.raises(InputError, match=r"precious\.txt"):
        pipeline.prepare_run(run.path, {"iters": 500}, decide=lambda loss: True)
    assert content(run.path) == before


@pytest.mark.parametrize("name", ["base", "Base"])
def test_run_called_base_keeps_the_untrained_model_apart(name: str, tmp_path: Path) -> None:
    layout = runs.RunLayout(tmp_path / name)
    trained = {path.name.lower() for path in layout.model_files(("q8_0", "q4_0"))}
    assert layout.base_file.name.lower() not in trained
    assert runs.RunLayout(tmp_path / "demo").base_file.name == "base.q8_0.gguf"
