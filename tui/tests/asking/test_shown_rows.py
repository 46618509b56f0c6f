"""Whether two results are the same, in words; where in a statement a mistake is."""

from __future__ import annotations

import pytest

from t2sql.sql import Result
from t2sql_tui.asking.places import Place, place_of
from t2sql_tui.asking.shown_rows import ShownRows, sameness


def result(*rows: tuple[object, ...], truncated: bool = False) -> Result:
    columns = tuple(f"c{n}" for n in range(len(rows[0]) if rows else 1))
    return Result(columns, list(rows), truncated=truncated, seconds=0.0)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (result((1,), (2,)), result((1,), (2.0,)), "same: 2 rows"),
        (result((1,), (2,)), result((2,), (1,)), "same rows in another order: 2 rows"),
        (result((1,), (2,), (2,)), result((2,), (3,)), "different: 1 in both, 2 only left, 1 only right"),
        (result((1, 2)), result((1,), (2,)), "different: 2 and 1 columns, 1 and 2 rows"),
        (result((1,), truncated=True), result((1,)), "not compared: there are more rows than are read"),
    ],
)
def test_two_results_are_compared_in_words(first: Result, second: Result, words: str) -> None:
    assert sameness(first, second) == words


def test_rows_name_their_model_and_statement() -> None:
    shown = ShownRows("/models/demo.q8_0.gguf", "Who?", "SELECT name\nFROM cats", result(("Tom",)))
    assert shown.title == "demo.q8_0.gguf: SELECT name FROM cats"
    assert shown.count == "1 row"


@pytest.mark.parametrize(
    ("sql", "problem", "place"),
    [
        ("SELECT 1\nFROM", "the name of a table is missing (line 2, column 1)", (1, 0, 4)),
        ("SELECT a.prize, b\nFROM a", "no such column: a.prize; there is price", (0, 9, 5)),
        ("SELECT surprize,\n prize", "no such column: prize", (1, 1, 5)),
        ("SELECT a, FROM b", 'near "FROM": syntax error', (0, 10, 4)),
        ("SELECT foo(a)", "the function foo (there is floor) is not among what may run", (0, 7, 3)),
        ("SELECT 1", "2 statements", None),
        ("SELECT 1", "(line 7, column 9)", None),
    ],
)
def test_the_place_of_a_mistake(sql: str, problem: str, place: Place | None) -> None:
    assert place_of(sql, problem) == place
