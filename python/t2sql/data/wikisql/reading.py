"""WikiSQL's questions and tables into examples, and its tables into databases."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from t2sql.data.dataset import Example, Progress
from t2sql.data.rng import Rng
from t2sql.data.wikisql import archive
from t2sql.data.wikisql.statements import AGGREGATES, OPERATORS, Condition, Statement, number
from t2sql.errors import InputError
from t2sql.prompt import render_prompt
from t2sql.schema import Column, Schema, Table
from t2sql.sql import quote

SIZES = {"train": 56_355, "valid": 8_421, "test": 15_878}
STYLES = ("sql", "tutorial")
_NAMES = {"train": "train", "valid": "dev", "test": "test"}
_TABLES_A_FILE = 100
_NUMBER = re.compile(r"[-+]?\d*\.\d+|\d+")


def read(
    path: Path | None,
    out: Path,
    *,
    style: str = "sql",
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, list[Example]]:
    """The examples of the archive, of its directory, or of the archive as it is downloaded.

    In the style "sql" statements run, on databases written under `out`/db. In the style "tutorial" prompt
    and completion are the tutorial's text, and a limit takes the first examples, as it does.
    """
    if style not in STYLES:
        raise InputError("no such style", expected=" or ".join(STYLES), found=repr(style))
    if path is None:
        path = archive.download(progress=progress)
    elif not path.exists():
        raise InputError("no such archive", where=path, expected="data.tar.bz2, or the directory in it")
    with TemporaryDirectory(prefix="wikisql-", dir=out) as folder:
        official = path.is_file()
        if official:
            archive.check(path)
            path = archive.unpack(path, Path(folder), progress)
        elif not (path / "train.jsonl").is_file() and (path / "data").is_dir():
            path = path / "data"
        reader = _Reader(path, out, style, progress)
        return {name: reader.split(name, limit, seed, whole=official) for name in SIZES}


class _Reader:
    def __init__(self, path: Path, out: Path, style: str, progress: Progress | None) -> None:
        self.path = path
        self.out = out
        self.style = style
        self.progress = progress

    def split(self, split: str, limit: int | None, seed: int, *, whole: bool) -> list[Example]:
        questions = list(_records(self.path / f"{_NAMES[split]}.jsonl"))
        if whole and len(questions) != SIZES[split]:
            where = f"{_NAMES[split]}.jsonl"
            raise InputError(
                "not as many questions as WikiSQL has",
                where=where,
                expected=SIZES[split],
                found=len(questions),
            )
        if limit is not None and limit < len(questions):
            chosen = range(limit)
            if self.style == "sql":
                chosen = sorted(Rng(f"limit/{seed}").sample(range(len(questions)), limit))  # type: ignore[assignment]
            questions = [questions[i] for i in chosen]
        needed = {str(record.get("table_id")) for record, _ in questions}
        tables = self._tables(split, needed)
        places = self._write(split, tables) if self.style == "sql" else {}
        examples = []
        for at, (record, where) in enumerate(questions, 1):
            table = tables.get(str(record.get("table_id")))
            if table is None:
                raise InputError("the question's table is missing", where=where, found=record.get("table_id"))
            examples.append(self._example(f"wikisql-{split}-{at:05d}", record, table, places, where))
            if self.progress and at % 1000 == 0:
                self.progress(at, len(questions), split)
        return examples

    def _tables(self, split: str, needed: set[str]) -> dict[str, dict[str, Any]]:
        tables = {}
        for record, where in _records(self.path / f"{_NAMES[split]}.tables.jsonl"):
            if str(record.get("id")) in needed:
                header, types, rows = (record.get(key) for key in ("header", "types", "rows"))
                shaped = isinstance(header, list) and isinstance(types, list) and isinstance(rows, list)
                if not shaped or not header or len(header) != len(types or []):
                    raise InputError("the table cannot be read", where=where, expected="header, types, rows")
                tables[str(record["id"])] = record
        return tables

    def _write(self, split: str, tables: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Databases of some hundred tables each: one of all would take long to open, one each be many."""
        (self.out / "db").mkdir(exist_ok=True)
        names = list(tables)
        places = {}
        for at in range(0, len(names), _TABLES_A_FILE):
            place = f"db/{split}-{at // _TABLES_A_FILE:03d}.sqlite"
            with closing(sqlite3.connect(self.out / place)) as connection:
                connection.execute("PRAGMA synchronous = OFF")
                for name in names[at : at + _TABLES_A_FILE]:
                    _create(connection, tables[name])
                    places[name] = place
                connection.commit()
            if self.progress:
                self.progress(min(at + _TABLES_A_FILE, len(names)), len(names), f"{split} tables")
        return places

    def _example(
        self, id: str, record: dict[str, Any], table: dict[str, Any], places: dict[str, str], where: str
    ) -> Example:
        question = record.get("question")
        if not isinstance(question, str):
            raise InputError("the question cannot be read", where=where, expected="a text")
        statement = _statement(record.get("sql"), table, where)
        name = str(table["id"])
        tags: tuple[str, ...] = (f"conditions:{len(statement.conditions)}",)
        tags += (f"aggregate:{statement.aggregate}",) if statement.aggregate else ()
        if self.style == "tutorial":
            header = tuple(str(column) for column in table["header"])
            prompt = f"table: {name}\ncolumns: {', '.join(header)}\nQ: {question}\nA: "
            schema = Schema((Table(name, tuple(Column(column) for column in header)),))
            sql = statement.tutorial(name, header)
            return Example(id, " ".join(question.split()), schema, sql, None, "wikisql", prompt, sql, tags)
        schema = Schema((_table(table),))
        sql = statement.sql(name, schema.tables[0].column_names)
        prompt = render_prompt(schema, question)
        return Example(
            id, " ".join(question.split()), schema, sql, places[name], "wikisql", prompt, sql, tags
        )


def _records(file: Path) -> Iterator[tuple[dict[str, Any], str]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for at, line in enumerate(lines, 1):
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise InputError("the line is no object", where=f"{file}:{at}")
                yield record, f"{file.name}:{at}"
    except FileNotFoundError:
        raise InputError("WikiSQL's file is missing", where=file) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("WikiSQL's file cannot be read", where=file, found=error) from error


def _statement(sql: Any, table: dict[str, Any], where: str) -> Statement:
    try:
        conditions = tuple(
            _condition(int(column), OPERATORS[operator], value, table["types"][column] == "text")
            for column, operator, value in sql["conds"]
        )
        statement = Statement(int(sql["sel"]), AGGREGATES[sql["agg"]], conditions)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError("the question's SQL cannot be read", where=where, found=repr(error)) from error
    columns = [statement.column, *(condition.column for condition in statement.conditions)]
    if not all(0 <= column < len(table["header"]) for column in columns):
        raise InputError("the question's SQL names no column of its table", where=where, found=columns)
    return statement


def _condition(column: int, operator: str, spelled: Any, text: bool) -> Condition:
    """In a column of numbers the value is one too, read as the official scorer reads it."""
    value = spelled
    if text:
        value = str(spelled)
    elif isinstance(spelled, str):
        inside = _NUMBER.search(spelled)
        found = number(spelled)
        found = number(inside.group()) if found is None and inside else found
        value = spelled if found is None else found
    return Condition(column, operator, value, spelled, text)


def _table(record: dict[str, Any]) -> Table:
    """Columns whose names SQLite could not tell apart are numbered, and one without a name gets one."""
    columns: list[Column] = []
    seen: set[str] = set()
    for at, (header, type) in enumerate(zip(record["header"], record["types"], strict=True), 1):
        name = " ".join(str(header).split()) or f"column {at}"
        while name.lower() in seen:
            name = f"{name} {at}"
        seen.add(name.lower())
        columns.append(Column(name, "REAL" if type == "real" else "TEXT"))
    return Table(str(record["id"]), tuple(columns))


def _create(connection: sqlite3.Connection, record: dict[str, Any]) -> None:
    table = _table(record)
    # Questions seldom spell a value with the table's capitals; the official scorer ignores them too.
    columns = ", ".join(f"{quote(column.name)} {column.type} COLLATE NOCASE" for column in table.columns)
    connection.execute(f"CREATE TABLE {quote(table.name)} ({columns})")
    marks = ", ".join("?" for _ in table.columns)
    real = [column.type == "REAL" for column in table.columns]
    rows = [
        [_cell(value, is_real) for value, is_real in zip(row, real, strict=True)]
        for row in record["rows"]
        if isinstance(row, list) and len(row) == len(real)
    ]
    connection.executemany(f"INSERT INTO {quote(table.name)} VALUES ({marks})", rows)


def _cell(value: Any, real: bool) -> str | int | float | None:
    if value is None or isinstance(value, (int, float)):
        return value if real or value is None else str(value)
    found = number(str(value)) if real else None
    return str(value) if found is None else found
