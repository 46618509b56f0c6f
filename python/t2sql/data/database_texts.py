"""What prompts show of the rows of a dataset's databases, found as it is for questions to a live one."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from t2sql.data.synthesis.private_columns import PLACEHOLDER
from t2sql.data.value_reading import ValueReader
from t2sql.databases import BUSY_SECONDS, parse_url, read_only_engine, read_schema
from t2sql.errors import T2sqlError
from t2sql.plain import Json
from t2sql.schema import ColumnValue, Schema
from t2sql.sql import Limits as StatementLimits
from t2sql.sql import Result, SqliteFile
from t2sql.values import VERSION, Limits, ValueIndex, memory_index, with_samples

_MOST_OPEN = 8
"""Indexes that are kept: the examples of a database stand near each other, or there are few databases."""
_MOST_MATCHES = 20


class DatabaseTexts:
    """The texts of a dataset's databases; each is read when an example needs it."""

    def __init__(self, folder: Path) -> None:
        """Remember the dataset's directory.

        Args:
            folder: It.
        """
        self._folder = folder
        self._indexes: dict[str, ValueIndex | None] = {}

    def matches(self, db: str, question: str) -> tuple[ColumnValue, ...]:
        """The texts that words of a question mean; see `ValueIndex.matches`.

        Args:
            db: The database, relative to the dataset's directory.
            question: The question.
        """
        index = self._index(db)
        if index is None:
            return ()
        matches = index.matches(question, limit=_MOST_MATCHES)
        return tuple(match for match in matches if not match.value.startswith(PLACEHOLDER))

    def with_samples(self, db: str, schema: Schema) -> Schema:
        """The schema with a few texts of each column.

        Args:
            db: The database, relative to the dataset's directory.
            schema: Some of its tables.
        """
        index = self._index(db)
        samples = () if index is None else index.info.samples
        return with_samples(
            schema,
            [
                replace(one, texts=tuple(text for text in one.texts if not text.startswith(PLACEHOLDER)))
                for one in samples
            ],
        )

    def _index(self, db: str) -> ValueIndex | None:
        """The index of a database; None if it cannot be read."""
        if db not in self._indexes:
            while len(self._indexes) >= _MOST_OPEN:
                _close(self._indexes.pop(next(iter(self._indexes))))
            self._indexes[db] = None
            with suppress(T2sqlError, sqlite3.Error, OSError):
                self._indexes[db] = _read(self._folder / db)
        return self._indexes[db]

    def close(self) -> None:
        """Free the indexes."""
        while self._indexes:
            _close(self._indexes.popitem()[1])


def _close(index: ValueIndex | None) -> None:
    if index is not None:
        index.close()


def _read(path: Path) -> ValueIndex:
    engine = read_only_engine(parse_url(f"sqlite:///{path.resolve()}"))
    try:
        schema = read_schema(engine).schema
    finally:
        engine.dispose()
    with closing(SqliteFile(path.resolve(), BUSY_SECONDS).open()) as session:

        def run(query: exp.Expr, limits: StatementLimits) -> Result:
            timer = threading.Timer(limits.timeout, session.interrupt)
            timer.start()
            try:
                return session.execute(query.sql(dialect="sqlite"), {}, limits)
            finally:
                timer.cancel()

        reader = ValueReader(schema, lambda table: ("main",), run, Limits())
        columns = list(reader.columns())
    info: dict[str, Json] = {
        "version": VERSION,
        "state": "",
        "made": 0.0,
        "left_out": list(reader.left_out),
        "samples": [[*names, *texts] for names, texts in reader.samples.items()],
    }
    return memory_index(columns, info)
