"""Questions of Spider or BIRD as their own scripts need them, of the published folder or of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.data.dataset import Dataset, load
from t2sql.data.example import Example
from t2sql.data.left_out import LeftOut
from t2sql.data.record_files import read_json
from t2sql.data.spider import (
    LayoutQuestion,
    database_folders,
    is_spider_layout,
    read_questions,
    read_schemas,
    table_files,
)
from t2sql.errors import InputError
from t2sql.schema import Schema


@dataclass(frozen=True)
class BenchmarkQuestion:
    """A question of a benchmark.

    Attributes:
        id: Its id in a dataset that `t2sql data` makes of the whole folder.
        number: Its id in the published file (BIRD's `question_id`); None where it has none.
        question: The question's text.
        sql: The gold statement.
        schema: The tables of its database.
        keys: Both ends of each foreign key as `table.column` in lower case, in the published file's order.
        database: The database's file.
        databases: That file and the others beside it: Spider's test suite.
        difficulty: How difficult the data set says it is; None where it does not say.
    """

    id: str
    number: str | None
    question: str
    sql: str
    schema: Schema
    keys: tuple[tuple[str, str], ...]
    database: Path
    databases: tuple[Path, ...]
    difficulty: str | None


def read_benchmark(path: Path, split: str) -> list[BenchmarkQuestion]:
    """Read the questions of a split.

    Args:
        path: The folder as Spider or BIRD publish it, or a dataset that was made of it.
        split: test or valid. In a published folder without test questions, the dev questions are test.

    Raises:
        InputError: A file cannot be read, there are no questions, or one has no gold statement or database.
    """
    if not is_spider_layout(path):
        dataset = load(path)
        return [_of_example(dataset, example) for example in dataset.split(split)]
    strict = LeftOut(strict=True)
    questions = read_questions(path, "test", strict)
    if split == "valid" or not questions:
        dev = read_questions(path, "dev", strict)
        questions = dev if split == "test" or questions else []
    if not questions:
        raise InputError(f"the benchmark has no {split} questions", where=path, expected="--split test")
    schemas, keys, find = read_schemas(path), _keys_of_layout(path), _database_finder(path)
    return [
        _of_layout(f"{split}-{number:05d}", question, schemas, keys, find)
        for number, question in enumerate(questions, 1)
    ]


def _of_layout(
    example_id: str,
    question: LayoutQuestion,
    schemas: dict[str, Schema],
    keys: dict[str, tuple[tuple[str, str], ...]],
    find: Callable[[LayoutQuestion], Path],
) -> BenchmarkQuestion:
    name = question.database
    if name not in schemas:
        raise InputError("the question's database has no schema", where=question.where, found=name)
    database = find(question)
    beside = set(database.parent.glob("*.sqlite")) - {database}
    difficulty = next((tag.partition(":")[2] for tag in question.tags), None)
    return BenchmarkQuestion(
        example_id,
        question.number,
        question.text,
        question.sql,
        schemas[name],
        keys[name],
        database,
        (database, *sorted(beside)),
        difficulty,
    )


def _database_finder(path: Path) -> Callable[[LayoutQuestion], Path]:
    folders = database_folders(path)

    def find(question: LayoutQuestion) -> Path:
        name = question.database
        if Path(name).name != name:
            raise InputError("not the name of a database", where=question.where, found=repr(name))
        files = [folder / name / f"{name}.sqlite" for folder in folders]
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            expected = files[0] if files else f"a folder such as {path / 'database'}"
            raise InputError("the question's database is missing", where=question.where, expected=expected)
        return found

    return find


def _keys_of_layout(path: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for file in table_files(path):
        entries: Any = read_json(file)  # `read_schemas` has read the same, and refused what is wrong in it.
        for entry in entries:
            tables, columns = entry["table_names_original"], entry["column_names_original"]
            names = [f"{tables[table]}.{name}".lower() if table >= 0 else name for table, name in columns]
            found[str(entry["db_id"])] = tuple(
                (names[child], names[parent]) for child, parent in entry.get("foreign_keys", ())
            )
    return found


def _of_example(dataset: Dataset, example: Example) -> BenchmarkQuestion:
    database = dataset.db_path(example)
    if example.sql is None or database is None:
        raise InputError(
            "the question cannot be scored as a benchmark's",
            where=example.id,
            expected="a gold statement and a database",
            found="no gold statement" if example.sql is None else "no database",
        )
    keys = tuple(
        (f"{table.name}.{key.column}".lower(), f"{key.to_table}.{key.to_column}".lower())
        for table in example.schema.tables
        for key in table.foreign_keys
    )
    tags = (tag.partition(":") for tag in example.tags)
    difficulty = next((value for key, _, value in tags if key in ("difficulty", "hardness")), None)
    return BenchmarkQuestion(
        example.id,
        None,
        example.question,
        example.sql,
        example.schema,
        keys,
        database,
        (database,),
        difficulty,
    )
