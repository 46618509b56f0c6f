"""Ask's questions, what they are about, a database or table lines, and what a model replies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql.live import LiveDatabase, Statement
    from t2sql.schema import Schema
    from t2sql.sql import Result

MOST_ROWS = 100_000
TIMEOUT = 30.0
CANCEL = "cancel"
"""What a model's process is told when nobody waits for its answer any more."""
_FILES = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".duckdb": "duckdb"}


@dataclass(frozen=True)
class Question:
    """What a model is asked, and about which database or table lines."""

    model: str
    backend: str
    source: str
    text: str


@dataclass(frozen=True)
class Reply:
    """The model's SQL, in SQLite's dialect, and what there is to know about it."""

    sql: str
    notes: tuple[str, ...]
    tokens: int
    tokens_per_second: float
    status: str = "answered"
    doubts: tuple[str, ...] = ()
    logprob: float | None = None


@dataclass(frozen=True)
class Problem:
    """Why there is no reply."""

    text: str


class Source:
    """A database (`database` is open), or table lines alone: those can be asked about, but not run."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.database: LiveDatabase | None = None
        url = url_of(text)
        if url is None:
            from t2sql.schema import read_table_lines

            self.shown = text
            self._schema = read_table_lines([line for line in text.split(";") if line.strip()])
        else:
            from t2sql.live import open_database

            self.database = open_database(url)
            self.shown = self.database.shown

    def schema(self) -> Schema:
        return self._schema if self.database is None else self.database.schema()

    def check(self, sql: str) -> Statement:
        """The statement as it would run; SqlError says why it cannot."""
        from t2sql.live import prepare

        if self.database is None:
            return prepare(sql, self._schema, "sqlite")
        return self.database.prepare(sql)

    def run(self, sql: str, cancelled: Callable[[], bool]) -> Result:
        """The rows of a statement, at most `MOST_ROWS` of them, within `TIMEOUT` seconds."""
        if self.database is None:
            raise InputError(
                "table lines have no rows", expected="a database", hint="Give sqlite:///FILE as the source"
            )
        statement = self.database.prepare(sql)
        return self.database.execute(statement, timeout=TIMEOUT, max_rows=MOST_ROWS, cancelled=cancelled)

    def close(self) -> None:
        if self.database is not None:
            self.database.close()


def url_of(text: str) -> str | None:
    """The URL of a database, also where its file's path was given; None for table lines."""
    if "://" in text.partition(" ")[0]:
        return text.strip()
    kind = _FILES.get(Path(text.strip()).suffix.lower())
    return None if kind is None else f"{kind}:///{Path(text.strip()).expanduser().resolve()}"
