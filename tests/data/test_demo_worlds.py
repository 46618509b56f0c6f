"""The demo's questions over invented databases of several tables: sound, varied, and short."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from statistics import median

import pytest
from support.spellings import spellings

from t2sql import sql
from t2sql.data import Dataset, Example

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worlds(demo: Dataset) -> list[Example]:
    return [example for example in demo.train if "relational" in example.tags]


def test_every_value_of_a_statement_is_in_its_question_in_some_spelling(worlds: list[Example]) -> None:
    for example in worlds:
        text = example.sql or ""
        question = example.question.lower()
        one = re.search(r"ORDER BY .* LIMIT 1\b", text)
        for kind, token in sql.tokens(text.partition(" LIMIT 1")[0] if one else text):
            flag = re.search(r"is_?\w+ = [01]\b", text, re.IGNORECASE)
            if kind == "number" and not (flag and token in "01"):
                assert any(form in question for form in spellings(token)), example
            if kind == "string":
                value = token[1:-1].replace("''", "'").strip("%").rstrip("-")
                assert any(form in question for form in spellings(value)), example


def test_keys_hold_in_every_database(demo: Dataset, worlds: list[Example]) -> None:
    paths = {demo.db_path(example) for example in worlds}
    assert len(paths) >= 390
    for path in paths:
        with closing(sqlite3.connect(path or "")) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_kinds_of_statements_are_about_as_frequent_as_people_s(worlds: list[Example]) -> None:
    def share(pattern: str) -> float:
        return sum(bool(re.search(pattern, example.sql or "")) for example in worlds) / len(worlds)

    assert 0.3 < share(" JOIN ") < 0.5
    assert 0.04 < share(" JOIN .* JOIN ") < 0.14
    assert 0.2 < share("GROUP BY") < 0.32
    assert 0.04 < share("HAVING") < 0.12
    assert 0.1 < share("LIMIT 1$") < 0.24
    assert 0.03 < share("NOT IN") < 0.1
    assert 0.005 < share("INTERSECT") < 0.05
    assert 0.02 < share(r"\(SELECT AVG") < 0.08


def test_a_related_row_is_not_shown_twice_unasked(demo: Dataset, worlds: list[Example]) -> None:
    for example in worlds:
        if "kind:related" in example.tags and "group" not in example.tags and "WHERE" in (example.sql or ""):
            rows = sql.execute(demo.db_path(example) or "", example.sql or "").rows
            pairs = (
                "SELECT COUNT" in (example.sql or "") or len({c.split(".")[0] for c in selected(example)}) > 1
            )
            assert pairs or len(set(rows)) == len(rows), example


def selected(example: Example) -> list[str]:
    """The items after SELECT."""
    return (example.sql or "").partition(" FROM ")[0].removeprefix("SELECT ").split(", ")


def test_names_are_in_many_styles(worlds: list[Example]) -> None:
    names = {c.name for e in worlds for t in e.schema.tables for c in t.columns}
    styles = (
        r"[a-z]+_[a-z_]+$",
        r"[A-Z][a-z]+_[A-Z]",
        r"[A-Z][a-z]+[A-Z][a-z]",
        r"[a-z]+[A-Z]",
        r"[A-Z]+_[A-Z]+$",
    )
    for style in styles:
        assert sum(bool(re.match(style, name)) for name in names) > 60, style
    tables = {len(example.schema.tables) for example in worlds}
    assert tables >= {1, 2, 3, 4, 5}


def test_prompts_are_short_and_some_are_long(worlds: list[Example]) -> None:
    lengths = sorted(len(example.prompt) - len(example.question) for example in worlds)
    assert median(lengths) < 260
    assert lengths[-1] > 480 and lengths[-len(lengths) // 50] > 380


def test_questions_begin_in_many_ways_and_some_have_slips(worlds: list[Example]) -> None:
    first = Counter(example.question.split()[0].lower() for example in worlds)
    assert len(first) > 60
    assert 0.2 < first["what"] / len(worlds) < 0.5
    assert any("nubmer" in example.question or "avarage" in example.question for example in worlds)
