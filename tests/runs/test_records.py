"""Records: written and read back, and read from files that other versions wrote."""

from __future__ import annotations

import math

import pytest

from t2sql.runs import records
from t2sql.runs.records import RecordError
from t2sql.schema import read_table_lines

SCHEMA = read_table_lines(["students: Name, Age"])


def test_a_prediction_reads_back_as_it_was_written() -> None:
    line = records.Prediction(
        id="q1", question="How old?", schema=SCHEMA, gold="SELECT Age FROM students", sql="", correct=False
    )
    document = line.to_json()
    assert document["class"] == "other" and document["schema"] == SCHEMA.to_dict()
    assert records.Prediction.from_json(document) == line


def test_fields_of_a_newer_version_are_ignored() -> None:
    end = records.event_from_json(
        {"v": 1, "time": 1.0, "stage": "data", "kind": "end", "seconds": 2, "new": []}
    )
    assert end == records.EndEvent(time=1.0, stage="data", seconds=2)


def test_missing_fields_get_their_defaults() -> None:
    assert records.FuseResult.from_json({}) == records.FuseResult()


def test_a_missing_field_without_a_default_is_named() -> None:
    with pytest.raises(RecordError, match="no step"):
        records.TrainEvent.from_json({"loss": 1.0})


def test_a_value_of_a_wrong_type_is_named_with_its_place() -> None:
    document = {"rows": [{"step": 0}, {"step": "ten"}]}
    with pytest.raises(RecordError, match="rows: step: expected a whole number, found 'ten'"):
        records.TestResult.from_json(document)  # type: ignore[arg-type]


def test_a_bool_is_no_number() -> None:
    with pytest.raises(RecordError, match="step"):
        records.TrainEvent.from_json({"step": True})


def test_an_event_of_an_unknown_kind_is_kept_whole() -> None:
    document: records.JsonObject = {"v": 1, "time": 1.5, "stage": "push", "kind": "uploaded", "bytes": 7}
    event = records.event_from_json(document)
    assert (event.kind, event.stage, event.time, event.to_json()) == ("uploaded", "push", 1.5, document)


def test_numbers_that_json_has_not_become_null() -> None:
    assert records.TrainEvent(step=1, loss=math.nan).to_json()["loss"] is None


def test_fields_that_are_absent_are_not_written() -> None:
    assert "valid" not in records.TestedCheckpoint(step=0).to_json()
    assert "min_logprob" not in records.ChosenCheckpoint(step=1, valid_loss=2.0).to_json()
    assert records.ChosenCheckpoint(step=1, select="execution").to_json()["min_logprob"] is None


@pytest.mark.parametrize(
    ("document", "cls"),
    [
        ({"kind": "start", "resume": True}, records.StartEvent),
        ({"kind": "start", "total_parameters": 2, "trainable_parameters": 1}, records.TrainStartEvent),
        ({"kind": "result", "step": 0, "test_loss": 1.0}, records.LossEvent),
        ({"kind": "result", "step": 1, "valid": {"n": 1, "correct": 1, "accuracy": 1.0}}, records.ScoreEvent),
        ({"kind": "result", "file": "a.gguf", "type": "f32", "ok": True}, records.VerifyEvent),
        ({"kind": "result", "something": "else"}, records.UnknownEvent),
    ],
)
def test_each_kind_of_event_has_a_class(document: records.JsonObject, cls: type[records.Event]) -> None:
    assert type(records.event_from_json({"v": 1, "time": 0.0, "stage": "x"} | document)) is cls


def test_the_best_score_is_among_the_rows_with_the_most_questions() -> None:
    rows = (
        records.ComparisonRow(model="base", backend="llama", n=200, correct=190, base=True),
        records.ComparisonRow(model="a", backend="llama", n=200, correct=100),
        records.ComparisonRow(model="a", backend="mlx", n=20, correct=20),
    )
    assert records.best_score(rows) == 0.5
