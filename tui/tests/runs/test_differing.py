"""Two files' answers to the same questions, compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_support.answered import answers_of, make_answered_run

from t2sql.errors import InputError
from t2sql_tui.runs.differing import Predictions, differing


@pytest.fixture
def run(root: Path) -> Path:
    return make_answered_run(root)


def test_only_questions_with_one_right_answer_are_kept(run: Path) -> None:
    found = differing(answers_of(run, "q8_0"), answers_of(run, "q4_0"))
    assert (found.common, found.both, found.won(0), found.won(1)) == (6, 2, 1, 2)
    assert [(one.id, one.right, one.outcome) for one in found.differences] == [
        ("q1", 1, "wrong value"),
        ("q4", 0, "wrong value"),
        ("q5", 1, "wrong value"),
    ]
    assert found.p == pytest.approx(1.0)


def test_answers_that_are_not_there_are_said(run: Path) -> None:
    with pytest.raises(InputError, match="has not kept"):
        differing(answers_of(run, "q8_0"), answers_of(run, "q4_1"))
    other = Predictions(run, "other", run / "predictions" / "other.jsonl")
    other.path.write_text('{"id": "x", "question": "?", "gold": "", "sql": "", "correct": 1, "class": ""}')
    with pytest.raises(InputError, match="no question in common"):
        differing(answers_of(run, "q8_0"), other)
