"""More questions by the demo's generator, over tables that the demo does not have."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from t2sql import data
from t2sql.data import Dataset, DataSource
from t2sql.errors import InputError

pytestmark = pytest.mark.slow

COUNT = 300


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("held-out") / "data"
    return data.prepare(DataSource("demo", examples=COUNT), out)


def test_there_are_as_many_questions_as_asked_for_and_none_twice(held_out: Dataset) -> None:
    assert held_out.counts == {"test": COUNT}
    assert len({(example.db, example.question) for example in held_out.test}) == COUNT
    assert len({(example.db, example.sql) for example in held_out.test}) == COUNT


def test_no_table_is_one_of_the_demos(held_out: Dataset, demo: Dataset) -> None:
    seen = {example.schema for name in ("train", "valid", "test") for example in demo.split(name)}
    assert not seen & {example.schema for example in held_out.test}
    names = {table.name for example in demo.train for table in example.schema.tables}
    assert not names & {table.name for example in held_out.test for table in example.schema.tables}
    prompts = {example.prompt for name in ("train", "valid", "test") for example in demo.split(name)}
    assert not prompts & {example.prompt for example in held_out.test}


def test_the_statements_run_and_nearly_all_have_an_answer(held_out: Dataset) -> None:
    empty = 0
    for example in held_out.test:
        path = held_out.db_path(example)
        assert path is not None and example.sql is not None
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute(example.sql).fetchall()
        empty += not rows or all(value in (None, 0) for value in rows[0])
    assert empty < COUNT * 0.06


def test_a_seed_decides_the_questions(held_out: Dataset, tmp_path: Path) -> None:
    again = data.prepare(DataSource("demo", examples=COUNT), tmp_path / "again")
    assert again.fingerprint == held_out.fingerprint
    other = data.prepare(DataSource("demo", examples=COUNT), tmp_path / "other", seed=1)
    shared = {example.prompt for example in other.test} & {example.prompt for example in held_out.test}
    assert len(shared) < 5


def test_too_many_questions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="examples is out of range: expected 1 to 5000, found 9000"):
        data.prepare(DataSource("demo", examples=9000), tmp_path / "out")
