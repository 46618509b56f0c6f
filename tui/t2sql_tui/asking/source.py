"""What a question is about: a database, or table lines alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from t2sql import live
from t2sql.databases import database_file_kind
from t2sql.errors import InputError
from t2sql.remembered import Origin, RememberedStore
from t2sql.schema import Schema, read_table_lines
from t2sql.sql import Result

MOST_ROWS = 100_000
"""Rows of a result that are read at most."""
TIMEOUT = 30.0
"""Seconds that a statement may run."""


class Source:
    """Tables that can be asked about, and run on where they are a database's.

    Attributes:
        text: The source as it was typed.
        shown: The same without a password.
        database: The open database; None for table lines.
    """

    def __init__(self, text: str) -> None:
        """Open the database, or read the table lines.

        Args:
            text: A database's URL, the path of its file, or table lines such as `students: Name, Age`,
                with `;` between them.

        Raises:
            InputError: It is none of these, or the database cannot be opened.
        """
        self.text = text
        self.database: live.LiveDatabase | None = None
        url = url_of(text)
        if url is None:
            self.shown = text
            self._schema = read_table_lines([line for line in text.split(";") if line.strip()])
        else:
            self.database = live.open_database(url)
            self.shown = self.database.shown

    def schema(self) -> Schema:
        """The tables, a database's as they are now."""
        return self._schema if self.database is None else self.database.schema()

    def check(self, sql: str) -> live.Statement:
        """The statement as it would run.

        Raises:
            SqlError: It cannot run; `found` is why.
        """
        if self.database is None:
            return live.prepare(sql, self._schema, "sqlite")
        return self.database.prepare(sql)

    def run(self, sql: str, cancelled: Callable[[], bool]) -> Result:
        """The rows of a statement: at most `MOST_ROWS`, within `TIMEOUT` seconds.

        Args:
            sql: The statement; only one that reads is run.
            cancelled: Once it returns True, the statement is stopped.

        Raises:
            InputError: There is no database.
            SqlError: The statement cannot run, took too long or was cancelled.
        """
        if self.database is None:
            raise InputError(
                "table lines have no rows", expected="a database", hint="Give sqlite:///FILE as the source"
            )
        statement = self.database.prepare(sql)
        limits = live.Limits(timeout=TIMEOUT, max_rows=MOST_ROWS)
        return self.database.execute(statement, limits, cancelled=cancelled)

    def remember(self, question: str, sql: str, origin: Origin) -> Path:
        """Remember a statement as the answer to a question, after the checks that it would run with.

        Args:
            question: The question, in words.
            sql: The statement.
            origin: How it came about.

        Returns:
            The file that it is in.

        Raises:
            InputError: There is no database, or the file cannot be written.
            SqlError: The statement cannot run.
        """
        if self.database is None:
            raise InputError(
                "answers over table lines are not remembered", hint="Give sqlite:///FILE as the source"
            )
        store = RememberedStore(self.database.url)
        live.remember(self.database, store, question, sql, origin)
        return store.path

    def close(self) -> None:
        """Close the database."""
        if self.database is not None:
            self.database.close()


def url_of(text: str) -> str | None:
    """The URL of a database that was given by its URL or its file's path; None for table lines."""
    if "://" in text.partition(" ")[0]:
        return text.strip()
    path = Path(text.strip()).expanduser()
    kind = database_file_kind(path)
    return None if kind is None else f"{kind}:///{path.resolve()}"
