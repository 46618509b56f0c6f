"""Scores of answers: right ones, and planted misses of every class, of real SQL and the tutorial's text."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from t2sql.data import Column, Dataset, Example, Schema, Table, render_prompt
from t2sql.errors import InputError
from t2sql.evaluate import CLASSES, Scored, score, summarize
from t2sql.evaluate.logical import logical_form
from t2sql.evaluate.pseudo import tutorial_form

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
        (
            GOLD,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
            "too slow",
            True,
        ),
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


def test_without_rows_the_logical_form_decides_and_says_so() -> None:
    scored = one(None, GOLD, "select name from cats where age > 3.0 and \"Coat colour\" = 'BLACK'")
    assert (scored.correct, scored.exact, scored.valid, scored.measure) == (True, False, True, "logical")
    assert one(None, GOLD, "SELECT Name FROM cats WHERE Fur = 1").klass == "unknown column"


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
    assert summarize([]).measure == "none"


def test_mistakes_of_the_caller_are_named(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="differ in number"):
        score(dataset, [example(GOLD)], [])
    with pytest.raises(InputError, match=r"gold statement does not run \(7\)"):
        score(dataset, [example("SELECT nothing FROM cats", id="7")], [GOLD])


def test_a_thousand_answers_are_scored_within_ten_seconds(dataset: Dataset) -> None:
    golds = [GOLD.replace("3", str(n)) for n in range(1000)]
    started = time.monotonic()
    scored = score(dataset, [example(gold) for gold in golds], [gold.replace("=", "<>") for gold in golds])
    assert time.monotonic() - started < 10
    assert len(scored) == 1000
