"""Scores of answers: right ones, and planted misses of every class, of real SQL and the tutorial's text."""

from __future__ import annotations

import itertools
import math
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2sql.data import Dataset, Example
from t2sql.errors import InputError
from t2sql.evaluate import CLASSES, Scored, score, summarize
from t2sql.evaluate.logical import logical_form
from t2sql.evaluate.pseudo import tutorial_form
from t2sql.prompt import render_prompt
from t2sql.schema import Column, Schema, Table

SCHEMA = Schema(
    (
        Table(
            "cats",
            (Column("id", "INTEGER"), Column("Name"), Column("Coat colour"), Column("Age", "INTEGER")),
        ),
        Table("owners", (Column("id", "INTEGER"), Column("cat_id", "INTEGER"), Column("Town"))),
    )
)
GOLD = """SELECT Name FROM cats WHERE "Coat colour" = 'black' AND Age > 3"""
BY_AGE = "SELECT Name FROM cats ORDER BY Age"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("cats")
    with closing(sqlite3.connect(folder / "cats.sqlite")) as connection:
        connection.executescript(
            """
            CREATE TABLE cats (id INTEGER, Name TEXT, "Coat colour" TEXT, Age INTEGER);
            CREATE TABLE owners (id INTEGER, cat_id INTEGER, Town TEXT);
            INSERT INTO cats VALUES (1, 'Tom', 'black', 4), (2, 'Ann', 'black', 9), (3, 'Bob', 'red', 5),
                (4, 'Eve', 'black', 2), (5, 'Ann', 'white', 7);
            INSERT INTO owners VALUES (1, 1, 'Rome'), (2, 2, 'Oslo'), (3, 5, 'Rome');
            """
        )
    return Dataset(folder, {})


def example(sql: str, *, db: bool = True, schema: Schema = SCHEMA, id: str = "1") -> Example:
    prompt = render_prompt(schema, "Which?")
    return Example(id, "Which?", schema, sql, "cats.sqlite" if db else None, "test", prompt, sql)


def one(dataset: Dataset | None, gold: str, answer: str, **options: float) -> Scored:
    return score(dataset, [example(gold, db=dataset is not None)], [answer], **options)[0]


@pytest.mark.parametrize(
    ("answer", "exact", "logical"),
    [
        (GOLD, True, True),
        (f"  {GOLD}\n", True, True),
        ("""select NAME from Cats where [coat COLOUR]='black' and (age > 3) -- done""", True, True),
        ("""SELECT Name FROM cats WHERE Age > 3 AND "Coat colour" = 'black'""", False, True),
        ("""select c.name from cats as c where 3 < c.age and c."coat colour" = 'black'""", False, True),
        ("SELECT Name FROM cats WHERE id IN (1, 2)", False, False),
        ("""SELECT Name FROM cats WHERE "Coat colour" = 'black' AND Age >= 4""", False, False),
    ],
)
def test_right_answers(dataset: Dataset, answer: str, exact: bool, logical: bool) -> None:
    scored = one(dataset, GOLD, answer)
    assert (scored.correct, scored.exact, scored.logical, scored.valid) == (True, exact, logical, True)
    assert (scored.klass, scored.measure) == ("correct", "execution")


@pytest.mark.parametrize(
    ("gold", "answer", "klass", "valid"),
    [
        (GOLD, "", "empty", False),
        (GOLD, "SELECT Name FROM cats WHERE", "syntax", False),
        (GOLD, "I do not know", "syntax", False),
        (GOLD, "SELECT Nane FROM cats", "unknown column", False),
        (GOLD, 'SELECT Name FROM cats WHERE "Fur" = \'black\'', "unknown column", False),
        (GOLD, "SELECT Name FROM dogs", "wrong table", False),
        (GOLD, "SELECT Town FROM owners", "wrong table", True),
        (GOLD, GOLD.replace("Name", "Age", 1), "wrong column", True),
        (GOLD, GOLD.replace("Name", "Name, Age", 1), "wrong column", True),
        (GOLD, GOLD.replace("Name", "COUNT(Name)", 1), "wrong aggregate", True),
        (GOLD, GOLD.replace("Name", "COUNT(*)", 1), "wrong aggregate", True),
        ("SELECT MAX(Age) FROM cats", "SELECT MIN(Age) FROM cats", "wrong aggregate", True),
        (GOLD, "SELECT Name FROM cats WHERE Age > 3", "wrong condition", True),
        (GOLD, GOLD.replace("Age > 3", "Age < 3"), "wrong condition", True),
        (GOLD, GOLD.replace("AND", "OR"), "wrong condition", True),
        (GOLD, GOLD.replace("black", "red"), "wrong value", True),
        (GOLD, GOLD.replace("black", "Black"), "wrong value", True),
        (BY_AGE, BY_AGE + " DESC", "wrong clause", True),
        (BY_AGE, "SELECT Name FROM cats", "wrong clause", True),
        ("SELECT DISTINCT Name FROM cats", "SELECT Name FROM cats", "wrong clause", True),
        (GOLD, ENDLESS, "too slow", True),
        (GOLD, "SELECT randomblob(1000000000)", "too slow", True),
        (GOLD, "DELETE FROM cats", "not executable", False),
        (GOLD, f"{GOLD}; SELECT 1", "not executable", False),
    ],
)  # fmt: skip
def test_planted_misses_are_classified(
    dataset: Dataset, gold: str, answer: str, klass: str, valid: bool
) -> None:
    scored = one(dataset, gold, answer, timeout=0.3)
    assert (scored.correct, scored.klass, scored.valid) == (False, klass, valid)
    assert klass in CLASSES


def test_joins_match_in_any_order_and_under_any_alias(dataset: Dataset) -> None:
    gold = "SELECT o.Town FROM cats c JOIN owners o ON o.cat_id = c.id WHERE c.Name = 'Ann'"
    other = "SELECT owners.Town FROM owners JOIN cats ON cats.id = owners.cat_id WHERE cats.Name = 'ANN'"
    assert logical_form(gold) == logical_form(other)
    assert one(dataset, gold, other.replace("ANN", "Ann")).correct
    assert (
        one(dataset, gold, gold.replace("JOIN", "LEFT JOIN").replace(" c.id", " c.Age")).klass
        == "wrong condition"
    )


@pytest.mark.parametrize(
    ("answer", "klass"),
    [
        ("select name from cats where age > 3.0 and \"Coat colour\" = 'black'", "correct"),
        ("SELECT c.Name FROM cats c WHERE NOT (c.Age <= 3) AND c.\"Coat colour\" IN ('black')", "correct"),
        (GOLD.replace("black", "BLACK"), "wrong value"),
        ("SELECT Name FROM cats WHERE Fur = 1", "unknown column"),
        ("SELECT Name FROM cats WHERE Age > 3", "wrong condition"),
        (GOLD.replace("Name", "MAX(Name)", 1), "wrong aggregate"),
        (GOLD.replace("Name", "id", 1), "wrong column"),
        ("SELECT Town FROM owners", "wrong table"),
        (ENDLESS, "too slow"),
        ("SELECT zeroblob(1000000000)", "too slow"),
        ("SELECT Name FROM", "syntax"),
        ("", "empty"),
    ],
)
def test_without_rows_a_suite_of_databases_decides_and_says_so(answer: str, klass: str) -> None:
    scored = one(None, GOLD, answer, timeout=0.2)
    assert (scored.klass, scored.correct, scored.measure) == (klass, klass == "correct", "suite")
    assert scored.suite is not None and scored.suite[0] == scored.suite[1] > 20


def test_a_gold_result_too_long_to_compare_is_left_to_a_suite(dataset: Dataset) -> None:
    gold = "SELECT a.id FROM cats a, cats b, cats c, cats d, cats e, cats f, cats g, cats h"
    scored = one(dataset, gold, gold.lower(), timeout=0.5)
    assert (scored.correct, scored.measure) == (True, "suite")


def test_a_prompt_without_a_schema_is_scored_by_its_text() -> None:
    asked = example("anything at all", db=False, schema=Schema(()))
    assert [s.correct for s in score(None, [asked, asked], ["Anything  at all", "nothing"])] == [True, False]


def table_rows() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    name = st.one_of(st.none(), st.sampled_from(["Ann", "ann", "Bob", "7"]))
    size = st.one_of(st.none(), st.sampled_from([1, 2, 3, 0.5, 1e9, 1e9 + 1]))
    return st.lists(st.tuples(name, st.integers(0, 3), size), max_size=6)


QUERIES = [
    "SELECT name FROM t",
    "SELECT DISTINCT name FROM t",
    "SELECT name FROM t ORDER BY name",
    "SELECT name FROM t ORDER BY name DESC",
    "SELECT size FROM t ORDER BY size",
    "SELECT AVG(size) FROM t",
    "SELECT SUM(size) * 1.0 / COUNT(size) FROM t",
    "SELECT name, COUNT(*) FROM t GROUP BY name",
    "SELECT name, COUNT(name) FROM t GROUP BY name",
    "SELECT age FROM t WHERE size > 1",
    "SELECT age FROM t WHERE size >= 1",
    "SELECT age, name FROM t",
]


def brute_force(rows: list[tuple[Any, ...]], gold: str, sql: str) -> bool:
    """By the definition: some order of the one result is the other, value by value; given one if ORDER BY."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (name TEXT, age INTEGER, size REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        want, got = connection.execute(gold).fetchall(), connection.execute(sql).fetchall()
        width = {query: len(connection.execute(query).description) for query in (gold, sql)}
    orders = [got] if "ORDER BY" in gold else list(itertools.permutations(got))

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
        return type(a) is type(b) and bool(a == b)

    return width[gold] == width[sql] and any(
        len(order) == len(want)
        and all(len(a) == len(b) and all(map(same, a, b)) for a, b in zip(want, order, strict=True))
        for order in orders
    )


@settings(max_examples=60, deadline=None)
@given(table_rows(), st.sampled_from(QUERIES), st.sampled_from(QUERIES))
def test_execution_accuracy_agrees_with_its_definition_on_random_tables(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], gold: str, sql: str
) -> None:
    folder = tmp_path_factory.mktemp("random")
    with closing(sqlite3.connect(folder / "cats.sqlite")) as connection:
        connection.execute("CREATE TABLE t (name TEXT, age INTEGER, size REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.commit()
    assert one(Dataset(folder, {}), gold, sql).correct is brute_force(rows, gold, sql)


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
    ("answer", "klass"),
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
def test_the_tutorials_text_is_scored_by_its_logical_form(answer: str, klass: str) -> None:
    scored = score(None, [example(TEXT, db=False, schema=PLAYERS)], [answer])[0]
    assert (scored.klass, scored.correct, scored.measure) == (klass, klass == "correct", "logical")


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


def test_summary_counts_and_names_the_measure(dataset: Dataset) -> None:
    answers = [GOLD, "", GOLD.replace("Name", "Age", 1), "SELECT Name FROM cats WHERE id IN (1, 2)"]
    summary = summarize(score(dataset, [example(GOLD)] * 4, answers))
    assert (summary.n, summary.correct, summary.exact, summary.logical, summary.valid) == (4, 2, 1, 1, 3)
    assert summary.measure == "execution"
    assert summary.classes == {"correct": 2, "empty": 1, "wrong column": 1}
    low, high = summary.interval
    assert low < summary.accuracy == 0.5 < high
    assert (summary.kill_rate, summarize([]).measure) == (None, "none")
    suite = summarize(score(None, [example(GOLD, db=False)] * 2, [GOLD, "SELECT 1"]))
    assert (suite.measure, suite.correct, suite.kill_rate) == ("suite", 1, 1.0)


def test_mistakes_of_the_caller_are_named(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="differ in number"):
        score(dataset, [example(GOLD)], [])
    with pytest.raises(InputError, match=r"gold statement does not run \(7\)"):
        score(dataset, [example("SELECT nothing FROM cats", id="7")], [GOLD])


def test_a_thousand_answers_are_scored_within_ten_seconds(dataset: Dataset) -> None:
    golds = [GOLD.replace("3", str(n)) for n in range(1000)]
    # The processor's clock: other tests may run beside this one.
    started = time.process_time()
    scored = score(dataset, [example(gold) for gold in golds], [gold.replace("=", "<>") for gold in golds])
    assert time.process_time() - started < 10
    assert len(scored) == 1000
