"""The index of a live database's texts: made when it is first needed, stored beside the schema, renewed."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlglot import exp

from t2sql.data import ValueReader
from t2sql.databases import ReadSchema
from t2sql.errors import T2sqlError
from t2sql.files import output_file
from t2sql.live.schema_cache import cache_file
from t2sql.live.statement import home_of, write_query
from t2sql.plain import Json
from t2sql.schema import ColumnValue
from t2sql.sql import Limits as StatementLimits
from t2sql.sql import Result
from t2sql.values import VERSION, ColumnSamples, Limits, ValueIndex, open_index, write_index

_OLDEST = 24 * 3600.0
"""Seconds after which an index is made anew: not every change is counted by every database."""
_REST = 20.0
"""An index is not made again before this many times as long has passed as it took: where rows change all the
time, a twentieth of it goes into reading them."""


T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """The database that an index is made from.

    Attributes:
        url: Its URL.
        dialect: sqlglot's name of its dialect.
        run: Runs a statement, and returns its rows.
        read: Its tables as they are now, and their `schema_state`.
        rows_state: A hash that changes when its rows do.
    """

    url: str
    dialect: str
    run: Callable[[str, StatementLimits], Result]
    read: Callable[[], tuple[str, ReadSchema]]
    rows_state: Callable[[], str]


class ValueStore:
    """The texts of a live database as they were read last. Several threads may use it."""

    def __init__(self, origin: Origin, limits: Limits | None) -> None:
        """Remember the database; nothing is read yet.

        Args:
            origin: The database.
            limits: How much of it is read; None for nothing, so that there is no index. The
                environment variable T2SQL_NO_INDEX does the same.
        """
        self._origin = origin
        self._limits = None if os.environ.get("T2SQL_NO_INDEX") else limits
        self._lock = threading.Lock()
        self._index: ValueIndex | None = None
        self._checked = False
        self._fresh = False
        self._failed = ""

    def expire(self) -> None:
        """Have the next use find out whether the database has changed."""
        self._checked = False

    def refresh(self) -> None:
        """Make the index if there is none of the database as it is now, within the limits."""
        if self._checked or self._limits is None:
            return
        with self._lock, suppress(T2sqlError, sqlite3.Error, OSError):
            if self._checked:
                return
            self._checked = True
            schema_state, read = self._origin.read()
            state = f"{schema_state} {self._origin.rows_state()}"
            if self._index is None and self._failed != state:
                self._index = open_index(self._file)
            if self._index is not None and not self._index.info.state.startswith(f"{schema_state} "):
                self._drop()
            if self._failed != state and (self._index is None or self._is_due(self._index, state)):
                # If it cannot be made, it is not tried again with every question.
                self._failed = state
                made = self._make(read, state, self._limits)
                self._drop()
                self._index = made
            self._fresh = self._index is not None and self._index.info.state == state

    def _is_due(self, index: ValueIndex, state: str) -> bool:
        info = index.info
        age = time.time() - info.made
        return age > _OLDEST or (info.state != state and not 0 <= age <= _REST * info.seconds)

    def _make(self, read: ReadSchema, state: str, limits: Limits) -> ValueIndex | None:
        started = time.monotonic()

        def run(query: exp.Expr, most: StatementLimits) -> Result:
            return self._origin.run(write_query(query, self._origin.dialect), most)

        reader = ValueReader(read.schema, home_of(read.namespaces, self._origin.dialect), run, limits)
        columns = list(reader.columns())
        info: dict[str, Json] = {
            "version": VERSION,
            "state": state,
            "made": time.time(),
            "reading": time.monotonic() - started,
            "left_out": list(reader.left_out),
            "samples": [[*names, *texts] for names, texts in reader.samples.items()],
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with output_file(self._file, private=True) as building:
            write_index(building, columns, info)
        return open_index(self._file)

    @property
    def _file(self) -> Path:
        return cache_file(self._origin.url, "values")

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns whose texts are not known, or not all of them, in words; empty until there is an index."""
        index = self._index
        return () if index is None else index.info.left_out

    def spellings(self, table: str, column: str, text: str) -> tuple[str, ...]:
        """See `ValueIndex.spellings`."""
        return self._ask(lambda index: index.spellings(table, column, text), ())

    def is_complete(self, table: str, column: str) -> bool:
        """Whether all texts that a column has now are known."""
        return self._ask(lambda index: self._fresh and index.is_complete(table, column), False)

    def near(self, table: str, column: str, text: str) -> tuple[str, ...]:
        """See `ValueIndex.near`."""
        return self._ask(lambda index: index.near(table, column, text), ())

    def samples(self) -> tuple[ColumnSamples, ...]:
        """See `IndexInfo.samples`."""
        return self._ask(lambda index: index.info.samples, ())

    def matches(self, question: str, limit: int) -> tuple[ColumnValue, ...]:
        """See `ValueIndex.matches`."""
        return self._ask(lambda index: index.matches(question, limit=limit), ())

    def _ask(self, question: Callable[[ValueIndex], T], unknown: T) -> T:
        self.refresh()
        index = self._index
        # Another thread may close it in this moment, or the file may be damaged.
        with suppress(sqlite3.Error):
            if index is not None:
                return question(index)
        return unknown

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        index, self._index, self._fresh = self._index, None, False
        if index is not None:
            index.close()
