"""Events as lines of the log."""

from __future__ import annotations

import pytest

from t2sql.runs import records
from t2sql_tui.runs.event_text import event_text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (records.StartEvent(), "started"),
        (records.StartEvent(resume=True), "resumed"),
        (records.TrainEvent(step=1200, loss=0.5), "step 1,200  loss 0.500"),
        (records.TrainEvent(step=1, tokens_per_second=88.44), "step 1  loss –  88.4 tok/s"),
        (records.ValidEvent(step=0, loss=2.0), "step 0  validation loss 2.000"),
        (records.CheckpointEvent(step=9, path="a\nb", best=True), "step 9  checkpoint a b  ★ best so far"),
        (records.WarningEvent(message="a\x1b[2J"), r"a\x1b[2J"),
        (records.ErrorEvent(), "error"),
        (records.EndEvent(seconds=65.0), "done in 1:05"),
        (records.VerifyEvent(file="a.gguf", type="q8_0", ok=True), "result  file a.gguf  type q8_0  ok yes"),
        (
            records.ScoreEvent(step=100, valid=records.ValidationScore(n=50, correct=40, accuracy=0.8)),
            "result  step 100  80.0% of 50 validation questions right",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, records.Event) else "",
)
def test_an_event_is_one_line(event: records.Event, text: str) -> None:
    assert event_text(event) == text


def test_an_event_of_a_newer_version_is_shown_as_it_is() -> None:
    event = records.event_from_json({"v": 1, "kind": "new", "extra": "[bold]x", "nothing": None, "n": 1})
    assert event_text(event) == "new  extra [bold]x  n 1"
