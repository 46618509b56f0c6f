"""Questions from a database of one's own: what is asked, that it runs, and what is held back."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from support import databases
from support.spellings import spellings

from t2sql import data, sql
from t2sql.cli import run
from t2sql.data import SPLITS, Dataset, Example
from t2sql.data.synthesis.split_assigner import without_values
from t2sql.errors import InputError
from t2sql.schema import Schema

pytestmark = pytest.mark.slow


def every(dataset: Dataset) -> list[Example]:
    return [example for split in SPLITS for example in dataset.split(split)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.shop(tmp_path_factory.mktemp("shop") / "shop.db")


@pytest.fixture(scope="module")
def made(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return data.prepare(
        data.DataSource(databases.url(shop), examples=1200), tmp_path_factory.mktemp("made") / "out"
    )


def test_every_statement_runs_on_the_dataset_s_database(made: Dataset) -> None:
    examples = every(made)
    assert made.counts == {"train": 960, "valid": 120, "test": 120}
    empty = 0
    for example in examples:
        path = made.db_path(example)
        assert path is not None and example.sql == example.completion
        result = sql.execute(path, example.sql or "")
        assert not result.truncated
        empty += not any(value not in (None, 0) for row in result.rows for value in row)
    assert empty <= 0.02 * len(examples)


def test_a_statement_s_tree_written_out_again_returns_the_same(made: Dataset) -> None:
    import sqlglot

    for example in every(made)[:400]:
        path = made.db_path(example)
        assert path is not None and example.sql is not None
        again = sqlglot.parse_one(example.sql, read="sqlite").sql(dialect="sqlite")
        want, got = sql.execute(path, example.sql), sql.execute(path, again)
        assert sql.same_result(want, got, ordered=sql.is_ordered(example.sql)), again


def test_no_question_and_no_statement_is_twice_and_splits_differ_in_more_than_values(made: Dataset) -> None:
    examples = every(made)
    assert len({example.question.lower() for example in examples}) == len(examples)
    assert len({example.sql for example in examples}) == len(examples)
    forms = [{without_values(example.sql or "") for example in made.split(split)} for split in SPLITS]
    assert not forms[0] & forms[1] and not forms[0] & forms[2] and not forms[1] & forms[2]


@pytest.mark.parametrize(
    "pattern",
    [
        r"SELECT \w+ FROM \w+$",
        r" = '",
        r" <> ",
        r" >=? \d",
        r" BETWEEN .* AND ",
        r" LIKE '%\w+%'",
        r" IN \('",
        r" IS NULL",
        r" IS NOT NULL",
        r" OR ",
        r" AND \(.* OR ",
        r" > \(SELECT AVG",
        r" IN \(SELECT customer_id FROM orders",
        r" NOT IN \(SELECT",
        r"SELECT DISTINCT ",
        r"COUNT\(\*\)",
        r"COUNT\(DISTINCT ",
        r"AVG\(",
        r"SUM\(",
        r"MIN\(",
        r"MAX\(",
        r" GROUP BY \w+$",
        r" HAVING COUNT",
        r" GROUP BY .* ORDER BY ",
        r" ORDER BY \w+ DESC LIMIT \d",
        r" ORDER BY \w+$",
        r"^[^J]* JOIN \w+ ON [^J]*$",
        r" JOIN .* JOIN ",
    ],
)
def test_each_kind_of_statement_is_asked_for(made: Dataset, pattern: str) -> None:
    assert any(re.search(pattern, example.sql or "") for example in every(made))


def test_every_value_of_a_statement_is_in_its_question(made: Dataset) -> None:
    for example in every(made):
        for kind, text in sql.tokens(example.sql or ""):
            if kind == "string":
                value = text[1:-1].replace("''", "'").strip("%").rstrip("-")
                question = example.question.lower()
                assert any(form in question for form in spellings(value)), example


def test_questions_of_one_kind_are_put_in_many_ways(made: Dataset) -> None:
    openings = Counter(" ".join(example.question.split()[:2]) for example in every(made))
    assert len(openings) > 60
    # Of what people ask, nearly half begins with "what".
    assert openings.most_common(1)[0][1] < len(every(made)) * 0.2


def test_joined_tables_are_all_used_by_the_statement(made: Dataset) -> None:
    joins = [example.sql or "" for example in every(made) if "kind:join2" in example.tags]
    assert len(joins) > 20
    for statement in joins:
        before_on = re.sub(r"JOIN \w+ ON \S+ = \S+", "", statement)
        assert "customers." in before_on and "products." in before_on, statement


def test_a_top_answer_has_no_tie(made: Dataset, shop: Path) -> None:
    tops = [e for e in every(made) if "LIMIT" in (e.sql or "") and "GROUP" not in (e.sql or "")]
    assert len(tops) > 20
    with closing(sqlite3.connect(made.db_path(tops[0]) or "")) as connection:
        for example in tops:
            found = re.search(r"(FROM .*) ORDER BY (\S+)( DESC)? LIMIT (\d+)", example.sql or "")
            assert found is not None
            rest, by, down, limit = found.groups()
            rows = connection.execute(f"SELECT {by} {rest} ORDER BY {by}{down or ''}").fetchall()
            assert len(set(rows[: int(limit) + 1])) == int(limit) + 1, example.sql


def test_the_schema_has_types_keys_and_sample_values(made: Dataset) -> None:
    customers = made.train[0].schema.table("customers")
    orders = made.train[0].schema.table("orders")
    assert customers is not None and orders is not None
    assert customers.primary_key == ("id",)
    assert [column.type for column in customers.columns[:3]] == ["INTEGER", "TEXT", "TEXT"]
    assert set(customers.columns[3].values) <= set(databases.CITIES)
    assert {(key.column, key.to_table, key.to_column) for key in orders.foreign_keys} == {
        ("customer_id", "customers", "id"),
        ("product_id", "products", "product_id"),
    }
    assert Schema.from_dict(json.loads(json.dumps(made.train[0].schema.to_dict()))) == made.train[0].schema


def test_private_values_stay_out_unless_they_are_asked_for(shop: Path, made: Dataset, tmp_path: Path) -> None:
    def everything(dataset: Dataset) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(dataset.path.rglob("*")) if path.is_file())

    assert b"example.org" not in everything(made)
    assert any(re.search(r"SELECT .*email.* FROM", example.sql or "") for example in every(made))
    warnings: list[str] = []
    data.prepare(data.DataSource(databases.url(shop), examples=50), tmp_path / "held", warn=warnings.append)
    assert warnings == ["columns that look private, of which no value was taken: customers.email"]
    told = data.prepare(data.DataSource(databases.url(shop), examples=300, private=True), tmp_path / "told")
    assert b"example.org" in everything(told)


def test_columns_are_private_by_name_by_value_and_through_keys(tmp_path: Path) -> None:
    script = """
    CREATE TABLE people (id INTEGER PRIMARY KEY, login TEXT UNIQUE, passwordHash TEXT, contact TEXT,
                         api_token TEXT, blob_key TEXT, mail_count INT, city TEXT);
    CREATE TABLE logins (id INTEGER PRIMARY KEY, who TEXT REFERENCES people (contact), n INT);
    """
    people = [
        (i, f"login{i}", f"h{i}", f"a{i}@b.org", f"t{i}", f"Zx81{i:03}abcdefGHIJKLmnopqr", i, "Oslo")
        for i in range(30)
    ]
    logins = [(i, f"a{i % 30}@b.org", i) for i in range(60)]
    path = databases.build(tmp_path / "people.db", script, {"people": people, "logins": logins})
    warnings: list[str] = []
    made = data.prepare(
        data.DataSource(databases.url(path), examples=100), tmp_path / "out", warn=warnings.append
    )
    held = "logins.who, people.api_token, people.blob_key, people.contact, people.passwordHash"
    assert warnings[0] == f"columns that look private, of which no value was taken: {held}"
    with closing(sqlite3.connect(made.db_path(made.train[0]) or "")) as connection:
        # The stand-ins of one value are one, so joins still hold.
        query = "SELECT COUNT(*) FROM logins JOIN people ON who = contact"
        assert connection.execute(query).fetchone() == (60,)
        assert connection.execute("SELECT COUNT(DISTINCT contact) FROM people").fetchone() == (30,)


def test_one_seed_gives_one_dataset_and_another_seed_another(shop: Path, tmp_path: Path) -> None:
    first, again, other = (
        data.prepare(data.DataSource(databases.url(shop), examples=200), tmp_path / name, seed=seed)
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    )
    assert first.fingerprint == again.fingerprint
    assert {e.sql for e in every(first)} != {e.sql for e in every(other)}


def test_a_dataset_from_a_database_is_scored_by_execution(made: Dataset) -> None:
    from t2sql.evaluate import score

    examples = made.test[:40]
    scored = score(made, examples, [example.sql or "" for example in examples])
    assert all(answer.correct and answer.measure == "execution" for answer in scored)
    wrong = score(made, examples, ["SELECT 'nothing of the kind'"] * len(examples))
    assert not any(answer.correct for answer in wrong)


@pytest.mark.parametrize("seed", range(20))
def test_every_statement_of_a_random_database_runs(tmp_path: Path, seed: int) -> None:
    path = databases.random_database(tmp_path / "random.db", seed)
    made = data.prepare(data.DataSource(databases.url(path), examples=60), tmp_path / "out", seed=seed)
    for example in every(made):
        sql.execute(made.db_path(example) or path, example.sql or "")


def test_the_command_makes_a_dataset_and_says_what_it_left_out(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert run(["data", databases.url(shop), "--out", out, "--examples", "60", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["counts"] == {"train": 48, "valid": 6, "test": 6}
    assert "warning: columns that look private" in printed.err
    assert run(["data", "wikisql", "--out", out + "2", "--examples", "60"]) == 2
    assert "--examples does not go with this source" in capsys.readouterr().err


def test_too_few_questions_are_an_error_or_a_warning(tmp_path: Path) -> None:
    tiny = databases.build(tmp_path / "tiny.db", "CREATE TABLE t (a INT)", {"t": [(1,), (2,)]})
    warnings: list[str] = []
    made = data.prepare(
        data.DataSource(databases.url(tiny), examples=500), tmp_path / "out", warn=warnings.append
    )
    assert 3 <= sum(made.counts.values()) < 500
    assert re.search(r"the database gave \d+ of 500 questions", warnings[-1])
    one = databases.build(tmp_path / "one.db", "CREATE TABLE t (a BLOB)", {"t": [(b"x",)]})
    with pytest.raises(InputError, match=r"too few questions|no table has rows"):
        data.prepare(databases.url(one), tmp_path / "none")
