"""The tutorial's text, which no database runs, is read and scored by its logical form."""

from __future__ import annotations

import pytest

from t2sql.data import Example
from t2sql.evaluate import score
from t2sql.evaluate.tutorial_text import tutorial_form
from t2sql.prompt import render_prompt
from t2sql.schema import Column, Schema, Table

PLAYERS = Schema(
    (
        Table(
            "1-10015132-16",
            tuple(
                Column(name)
                for name in ("Player", "No.", "School/Club Team", "Years in Toronto", "Laid down")
            ),
        ),
    )
)
TEXT = "SELECT COUNT School/Club Team FROM 1-10015132-16 WHERE Years in Toronto = '1995-96' AND No. = 9"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (TEXT, "correct"),
        (TEXT.replace("COUNT School/Club Team", "COUNT(School/Club Team)"), "correct"),
        (TEXT.replace("1995-96' AND No. = 9", "1995-96' AND No. = '9.0'").lower(), "correct"),
        (
            "SELECT COUNT School/Club Team FROM 1-10015132-16 WHERE No. = 9 AND Years in Toronto = '1995-96'",
            "correct",
        ),
        (TEXT.replace("COUNT ", ""), "wrong aggregate"),
        (TEXT.replace("School/Club Team", "Player"), "wrong column"),
        (TEXT.replace("School/Club Team", "Club"), "unknown column"),
        (TEXT.replace("No. =", "No. >"), "wrong condition"),
        (TEXT.replace(" AND No. = 9", ""), "wrong condition"),
        (TEXT.replace("1995-96", "1995"), "wrong value"),
        (TEXT.replace("1-10015132-16", "2-10015132-16"), "wrong table"),
        ("Nationality", "syntax"),
        ("", "empty"),
    ],
)
def test_the_tutorials_text_is_scored_by_its_logical_form(answer: str, outcome: str) -> None:
    example = Example("1", "Which?", PLAYERS, TEXT, None, "test", render_prompt(PLAYERS, "Which?"), TEXT)
    scored = score(None, [example], [answer])[0]
    assert (scored.outcome, scored.correct, scored.measure) == (outcome, outcome == "correct", "logical")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ("Player = 'Rock AND Roll'", (("player =", "rock and roll"),)),
        ("Player = 'It's AND No. = 9'", (("player =", "it's and no. = 9"),)),
        ("Player = 'O'Neal' AND No. = 9", (("no. =", "9"), ("player =", "o'neal"))),
        ("Years in Toronto = '1 = 2'", (("years in toronto =", "1 = 2"),)),
    ],
)
def test_values_of_the_tutorials_text_may_hold_quotes_and_keywords(
    conditions: str, expected: tuple[tuple[str, str], ...]
) -> None:
    table = PLAYERS.tables[0]
    form = tutorial_form(
        f"SELECT Laid down FROM {table.name} WHERE {conditions}", table.name, table.column_names
    )
    assert form is not None
    assert form.select == (("", "laid down"),)
    assert form.conditions == expected
