"""Spider's and BIRD's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import databases

from t2sql import data, sql
from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.evaluate import score


def write(path: Path, records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(records) if path.suffix == ".json" else "".join(json.dumps(r) + "\n" for r in records)
    path.write_text(text)
    return path


def all_right(dataset: Dataset) -> None:
    """Gold answers score as right, and others do not."""
    for split in dataset.counts:
        examples = dataset.split(split)
        assert all(answer.correct for answer in score(dataset, examples, [e.sql or "" for e in examples]))
        assert not any(answer.correct for answer in score(dataset, examples, ["SELECT 'no'"] * len(examples)))


CONCERT = "CREATE TABLE singer (Singer_ID INT PRIMARY KEY, Name TEXT, Country TEXT);"


PETS = "CREATE TABLE pets (id INT PRIMARY KEY, kind TEXT, owner INT);"


def tables(db: str, name: str, columns: list[str], foreign: list[list[int]] | None = None) -> dict[str, Any]:
    return {
        "db_id": db,
        "table_names_original": [name],
        "table_names": [name.lower()],
        "column_names_original": [[-1, "*"], *([0, column] for column in columns)],
        "column_names": [[-1, "*"], *([0, column.lower()] for column in columns)],
        "column_types": ["text", "number", *(["text"] * (len(columns) - 1))],
        "primary_keys": [1],
        "foreign_keys": foreign or [],
    }


def spider(folder: Path) -> Path:
    train = [
        {
            "db_id": db,
            "question": f"Which kind is pet {i} ?",
            "query": f"SELECT kind FROM pets WHERE id = {i};",
        }
        for i, db in enumerate(("pets_1", "pets_2", "pets_3") * 4)
    ]
    dev = [
        {
            "db_id": "concert",
            "question": "Who is French?",
            "query": 'SELECT Name FROM singer WHERE Country = "France"',
        }
    ]
    write(folder / "train_spider.json", train)
    write(folder / "dev.json", dev)
    pets = [tables(f"pets_{n}", "pets", ["id", "kind", "owner"], [[3, 1]]) for n in (1, 2, 3)]
    write(folder / "tables.json", [*pets, tables("concert", "singer", ["Singer_ID", "Name", "Country"])])
    singers = [(1, "Ada", "France"), (2, "Bo", "Peru")]
    databases.build(folder / "database" / "concert" / "concert.sqlite", CONCERT, {"singer": singers})
    for n in (1, 2, 3):
        rows = [(i, ("cat", "dog")[i % 2], 1) for i in range(12)]
        databases.build(folder / "database" / f"pets_{n}" / f"pets_{n}.sqlite", PETS, {"pets": rows})
    return folder


def test_spider_s_layout_is_read_split_by_database_and_scored(tmp_path: Path) -> None:
    made = data.prepare(str(spider(tmp_path / "spider")), tmp_path / "out")
    assert made.counts == {"train": 8, "valid": 4, "test": 1}
    assert not {e.db for e in made.train} & {e.db for e in made.valid}
    (example,) = made.test
    assert example.sql == "SELECT Name FROM singer WHERE Country = 'France'"
    assert sql.execute(made.db_path(example) or Path(), example.sql).rows == [("Ada",)]
    assert example.schema.tables[0].primary_key == ("Singer_ID",)
    assert made.train[0].schema.tables[0].foreign_keys[0].to_column == "id"
    all_right(made)
    assert data.prepare(str(tmp_path / "spider"), tmp_path / "few", limit=2).counts["train"] == 2


def test_bird_s_layout_is_read_with_its_evidence(tmp_path: Path) -> None:
    folder = tmp_path / "bird" / "dev"
    question = {
        "question_id": 0,
        "db_id": "concert",
        "question": "Who is French?",
        "evidence": "French refers to Country = 'France'",
        "SQL": "SELECT `Name` FROM singer WHERE Country = 'France'",
        "difficulty": "simple",
    }
    write(folder / "dev.json", [question])
    write(folder / "dev_tables.json", [tables("concert", "singer", ["Singer_ID", "Name", "Country"])])
    place = folder / "dev_databases" / "concert" / "concert.sqlite"
    databases.build(place, CONCERT, {"singer": [(1, "Ada", "France")]})
    made = data.prepare(str(tmp_path / "bird"), tmp_path / "out")
    (example,) = made.test
    assert made.counts == {"test": 1}
    assert example.question == "Who is French? (French refers to Country = 'France')"
    assert example.tags == ("difficulty:simple",)
    all_right(made)


def test_a_layout_that_lacks_something_is_refused(tmp_path: Path) -> None:
    folder = spider(tmp_path / "spider")

    def fails(message: str) -> None:
        with pytest.raises(InputError, match=message):
            data.prepare(str(folder), tmp_path / "out")

    (folder / "database" / "concert" / "concert.sqlite").unlink()
    fails(r"database is missing.*concert\.sqlite")
    write(folder / "dev.json", [{"db_id": "../concert", "question": "q", "query": "SELECT 1"}])
    fails("database has no schema")
    write(folder / "dev.json", [{"db_id": "concert", "question": "q"}])
    fails("has no 'SQL'")
    write(folder / "dev.json", {"a": 1})
    fails("not a list of questions")
    write(folder / "tables.json", [{"db_id": "concert"}])
    fails("schema cannot be read")
    (folder / "tables.json").write_text("[")
    fails("file is not JSON")
