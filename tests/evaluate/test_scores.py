"""Scores of answers: right ones, and planted misses of every class."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from t2sql.data import Dataset, Example
from t2sql.errors import InputError
from t2sql.evaluate import OUTCOMES, Scored, score, summarize
from t2sql.evaluate.logical import logical_form
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
        ("""SELECT Name FROM cats WHERE "Coat colour" = "black" AND Age > 3""", True, True),
    ],
)
def test_right_answers(dataset: Dataset, answer: str, exact: bool, logical: bool) -> None:
    scored = one(dataset, GOLD, answer)
    assert (scored.correct, scored.exact, scored.logical, scored.valid) == (True, exact, logical, True)
    assert (scored.outcome, scored.measure) == ("correct", "execution")


@pytest.mark.parametrize(
    ("gold", "answer", "outcome", "valid"),
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
    dataset: Dataset, gold: str, answer: str, outcome: str, valid: bool
) -> None:
    scored = one(dataset, gold, answer, timeout=0.3)
    assert (scored.correct, scored.outcome, scored.valid) == (False, outcome, valid)
    assert outcome in OUTCOMES


def test_joins_match_in_any_order_and_under_any_alias(dataset: Dataset) -> None:
    gold = "SELECT o.Town FROM cats c JOIN owners o ON o.cat_id = c.id WHERE c.Name = 'Ann'"
    other = "SELECT owners.Town FROM owners JOIN cats ON cats.id = owners.cat_id WHERE cats.Name = 'ANN'"
    assert logical_form(gold) == logical_form(other)
    assert one(dataset, gold, other.replace("ANN", "Ann")).correct
    assert (
        one(dataset, gold, gold.replace("JOIN", "LEFT JOIN").replace(" c.id", " c.Age")).outcome
        == "wrong condition"
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
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
def test_without_rows_a_suite_of_databases_decides_and_says_so(answer: str, outcome: str) -> None:
    scored = one(None, GOLD, answer, timeout=0.2)
    assert (scored.outcome, scored.correct, scored.measure) == (outcome, outcome == "correct", "suite")
    assert scored.suite is not None and scored.suite.killed == scored.suite.neighbours > 20


@pytest.mark.slow
def test_a_gold_result_too_long_to_compare_is_left_to_a_suite(dataset: Dataset) -> None:
    gold = "SELECT a.id FROM cats a, cats b, cats c, cats d, cats e, cats f, cats g, cats h"
    scored = one(dataset, gold, gold.lower(), timeout=0.5)
    assert (scored.correct, scored.measure) == (True, "suite")


def test_a_prompt_without_a_schema_is_scored_by_its_text() -> None:
    asked = example("anything at all", db=False, schema=Schema(()))
    assert [s.correct for s in score(None, [asked, asked], ["Anything  at all", "nothing"])] == [True, False]


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
