"""WikiSQL's questions and tables, read into examples and databases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from t2sql.data.example import Example, Splits
from t2sql.data.record import Record
from t2sql.data.rng import Rng
from t2sql.data.wikisql import archive
from t2sql.data.wikisql.statements import (
    AGGREGATES,
    OPERATORS,
    Condition,
    Statement,
    Value,
    parse_number,
)
from t2sql.data.wikisql.tables import TableRecord, write_tables
from t2sql.errors import InputError
from t2sql.plain import parse_json
from t2sql.progress import Progress
from t2sql.prompt import render_prompt
from t2sql.schema import Column, Schema, Table

SIZES = {"train": 56_355, "valid": 8_421, "test": 15_878}
"""The number of questions in each split of the official archive."""

STYLES = ("sql", "tutorial")
_FILE_NAMES = {"train": "train", "valid": "dev", "test": "test"}

_TABLES_PER_FILE = 100
"""One database of all tables would take long to open, and a database for each would be many files."""

_NUMBER = re.compile(r"[-+]?\d*\.\d+|\d+")
"""The official scorer's `num_re` (lib/dbengine.py)."""


def read(
    path: Path | None,
    out: Path,
    *,
    style: str = "sql",
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Splits:
    """Read the examples of the archive, and in the style "sql" write databases under `out`/db.

    Args:
        path: The archive or its unpacked directory; None downloads the archive.
        out: The directory of the new dataset.
        style: "sql" for statements that run. "tutorial" for prompts and completions in the tutorial's text,
            of which a limit takes the first, as the tutorial does.
        limit: The most examples of each split.
        seed: Decides which examples a limit takes in the style "sql".
        progress: Called now and then.

    Raises:
        InputError: There is no such style or archive, or a file of it is not WikiSQL's.
        WorkError: The download failed.
    """
    if style not in STYLES:
        raise InputError("no such style", expected=" or ".join(STYLES), found=repr(style))
    if path is None:
        path = archive.download(progress=progress)
    elif not path.exists():
        raise InputError("no such archive", where=path, expected="data.tar.bz2, or the directory in it")
    with TemporaryDirectory(prefix="wikisql-", dir=out) as folder:
        is_archive = path.is_file()
        if is_archive:
            archive.check(path)
            path = archive.unpack(path, Path(folder), progress)
        elif not (path / "train.jsonl").is_file() and (path / "data").is_dir():
            path = path / "data"
        reader = _Reader(path, out, style, progress)
        splits: Splits = {}
        for name, size in SIZES.items():
            questions = reader.questions(name, size if is_archive else None)
            splits[name] = reader.examples(name, _limited(questions, style, limit, seed))
        return splits


@dataclass(frozen=True)
class _Question:
    """A line of a questions file.

    Attributes:
        table: The id of its table.
        text: The question.
        sql: The statement, whose form is checked with the table at hand.
        where: File and line, for error messages.
    """

    table: str
    text: str
    sql: Any
    where: str


def _limited(questions: list[_Question], style: str, limit: int | None, seed: int) -> list[_Question]:
    if limit is None or limit >= len(questions):
        return questions
    return Rng(f"limit/{seed}").sample_in_order(questions, limit) if style == "sql" else questions[:limit]


class _Reader:
    """Reads the splits of an unpacked archive."""

    def __init__(self, path: Path, out: Path, style: str, progress: Progress | None) -> None:
        self._path = path
        self._out = out
        self._style = style
        self._progress = progress

    def questions(self, split: str, size: int | None) -> list[_Question]:
        """Read the questions of a split, which have to be `size` if that is given."""
        file = f"{_FILE_NAMES[split]}.jsonl"
        questions = [_question(record) for record in _records(self._path / file)]
        if size is not None and len(questions) != size:
            raise InputError(
                "not as many questions as WikiSQL has", where=file, expected=size, found=len(questions)
            )
        return questions

    def examples(self, split: str, questions: list[_Question]) -> list[Example]:
        """Make examples of questions, and write the databases that they need."""
        tables = self._tables(split, {question.table for question in questions})
        databases = self._write(split, tables) if self._style == "sql" else {}
        examples = []
        for number, question in enumerate(questions, 1):
            table = tables.get(question.table)
            if table is None:
                raise InputError(
                    "the question's table is missing", where=question.where, found=question.table
                )
            example_id = f"wikisql-{split}-{number:05d}"
            examples.append(_example(example_id, question, table, databases.get(table.name)))
            if self._progress and number % 1000 == 0:
                self._progress(number, len(questions), split)
        return examples

    def _tables(self, split: str, needed: set[str]) -> dict[str, TableRecord]:
        tables = {}
        for record in _records(self._path / f"{_FILE_NAMES[split]}.tables.jsonl"):
            if str(record.fields.get("id")) in needed:
                table = TableRecord.from_record(record)
                tables[table.name] = table
        return tables

    def _write(self, split: str, tables: dict[str, TableRecord]) -> dict[str, str]:
        """Write the tables, and return the database of each, relative to the dataset."""
        (self._out / "db").mkdir(exist_ok=True)
        records = list(tables.values())
        databases: dict[str, str] = {}
        for start in range(0, len(records), _TABLES_PER_FILE):
            part = records[start : start + _TABLES_PER_FILE]
            db = f"db/{split}-{start // _TABLES_PER_FILE:03d}.sqlite"
            write_tables(self._out / db, part)
            databases |= {record.name: db for record in part}
            if self._progress:
                self._progress(start + len(part), len(records), f"{split} tables")
        return databases


def _records(file: Path) -> Iterator[Record]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                value = parse_json(line)
                if not isinstance(value, dict):
                    raise InputError("the line is not an object", where=f"{file}:{number}")
                yield Record(value, f"{file.name}:{number}")
    except FileNotFoundError:
        raise InputError("WikiSQL's file is missing", where=file) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("WikiSQL's file cannot be read", where=file, found=error) from error


def _question(record: Record) -> _Question:
    text = record.fields.get("question")
    if not isinstance(text, str):
        raise InputError("the question cannot be read", where=record.where, expected="a text")
    return _Question(str(record.fields.get("table_id")), text, record.fields.get("sql"), record.where)


def _example(example_id: str, question: _Question, record: TableRecord, db: str | None) -> Example:
    """Make an example: in SQL that runs on `db`, or in the tutorial's text if there is no database."""
    statement = _statement(question, record)
    tags: tuple[str, ...] = (f"conditions:{len(statement.conditions)}",)
    tags += (f"aggregate:{statement.aggregate}",) if statement.aggregate else ()
    if db is None:
        columns = record.header
        prompt = f"table: {record.name}\ncolumns: {', '.join(columns)}\nQ: {question.text}\nA: "
        schema = Schema((Table(record.name, tuple(Column(column) for column in columns)),))
        sql = statement.tutorial(record.name, columns)
    else:
        table = record.to_table()
        schema = Schema((table,))
        sql = statement.sql(record.name, table.column_names)
        prompt = render_prompt(schema, question.text)
    text = " ".join(question.text.split())
    return Example(example_id, text, schema, sql, db, "wikisql", prompt, sql, tags)


def _statement(question: _Question, table: TableRecord) -> Statement:
    sql, where = question.sql, question.where
    try:
        conditions = tuple(
            _condition(int(column), OPERATORS[operator], value, table.types[column] == "text")
            for column, operator, value in sql["conds"]
        )
        statement = Statement(int(sql["sel"]), AGGREGATES[sql["agg"]], conditions)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError("the question's SQL cannot be read", where=where, found=repr(error)) from error
    columns = [statement.column, *(condition.column for condition in statement.conditions)]
    if not all(0 <= column < len(table.header) for column in columns):
        raise InputError("the question's SQL names no column of its table", where=where, found=columns)
    return statement


def _condition(column: int, operator: str, original: Value, is_text: bool) -> Condition:
    """Give the value its column's type. A number in a text is read as the official scorer reads it."""
    value = original
    if is_text:
        value = str(original)
    elif isinstance(original, str):
        match = _NUMBER.search(original)
        number = parse_number(original)
        if number is None and match:
            number = parse_number(match.group())
        value = original if number is None else number
    return Condition(column, operator, value, original, is_text)
