"""A run of t2sql 0.1.0 (tests/fixtures/run-0.1.0, without weights and model files) opens in everything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from t2sql import report, runs
from t2sql.cli import run as command_line
from t2sql.cli.stage_lines import stage_text
from t2sql.runs.records import RESULTS, CompareResult, TrainStartEvent, UnknownEvent, read_predictions

FIXTURE = Path(__file__).parents[1] / "fixtures" / "run-0.1.0"


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, tmp_path / "quick"))


def test_it_is_listed_as_done(old_run: Path) -> None:
    summary = runs.summarize(old_run)
    assert (summary.state, summary.step, summary.steps, summary.model) == ("done", 20, 20, "demo")
    assert summary.valid_loss and summary.best_score is not None


def test_every_event_has_a_type_and_is_written_as_it_was(old_run: Path) -> None:
    events = runs.open_run(old_run).events()
    lines = (old_run / "events.jsonl").read_text().splitlines()
    assert not [event for event in events if isinstance(event, UnknownEvent)]
    for event, line in zip(events, lines, strict=True):
        document = event.to_json()
        if isinstance(event, TrainStartEvent):
            assert document.pop("resume") is False
        assert document == json.loads(line)


def test_every_result_has_a_type_is_written_as_it_was_and_printed(old_run: Path) -> None:
    run = runs.open_run(old_run)
    assert len(run.stages) == 9
    for name, record in run.stages.items():
        result = run.result(RESULTS[name])
        assert result is not None and result.to_json() == record.result
        assert stage_text(result)


def test_its_predictions_are_read(old_run: Path) -> None:
    run = runs.open_run(old_run)
    compared = run.result(CompareResult)
    assert compared is not None
    row = next(row for row in compared.rows if row.backend == "llama")
    answers = read_predictions(run.layout.predictions_file(row.model, row.backend, compared.split))
    assert len(answers) == 4 and all(answer.schema for answer in answers)


def test_its_report_says_what_it_said(old_run: Path) -> None:
    before = json.loads((old_run / "report.json").read_text())
    report.write(runs.open_run(old_run))
    after = json.loads((old_run / "report.json").read_text())
    sentences = {"headline", "detail"}
    assert {k: v for k, v in after["verdict"].items() if k not in sentences} == {
        k: v for k, v in before["verdict"].items() if k not in sentences
    }
    assert after["verdict"]["headline"] == "0.0% of 20 test questions answered with the right rows"
    for name in ("training", "checkpoints", "chosen", "calibration", "questions", "stages"):
        assert after[name] == before[name]
    del before["comparison"]["note"]
    assert after["comparison"] == before["comparison"]


@pytest.mark.slow
def test_the_commands_show_it(old_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["runs", "show", str(old_run)]) == 0
    assert "quick: done" in capsys.readouterr().out
    assert command_line(["runs", "list", str(old_run.parent), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"
