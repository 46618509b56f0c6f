"""What `t2sql ask` was given, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t2sql import generate, live
from t2sql.errors import InputError

_MAX_SLOTS = 8
"""Samples that llama.cpp draws at once, at most: on few cores more gain nothing."""


@dataclass(frozen=True)
class TableArguments:
    """The tables of a question without a database.

    Attributes:
        lines: Tables as "NAME: COLUMN, COLUMN".
        ddl: SQL file with CREATE TABLE statements.
        prompt: A raw text for the model, in place of a question.
    """

    lines: tuple[str, ...]
    ddl: Path | None
    prompt: str | None

    def __bool__(self) -> bool:
        """Whether anything was given."""
        return bool(self.lines or self.ddl or self.prompt)


@dataclass(frozen=True)
class RowArguments:
    """What happens to a statement over a database.

    Attributes:
        execute: Whether it is run.
        row_format: How its rows are printed, one of `t2sql.live.FORMATS`.
        file: Where they go instead of stdout.
        force: Whether that file may be replaced.
        timeout: Seconds that the statement may run.
        max_rows: Rows to fetch, at most.
    """

    execute: bool
    row_format: live.RowFormat
    file: Path | None
    force: bool
    timeout: float
    max_rows: int

    def check(self) -> None:
        """Check that the options go together.

        Raises:
            InputError: They do not.
        """
        if self.row_format not in live.FORMATS:
            raise InputError(
                "unknown --format", expected=" or ".join(live.FORMATS), found=repr(self.row_format)
            )
        if self.row_format == "parquet" and self.file is None:
            raise InputError("Parquet is not for a terminal", expected="--out FILE")
        if self.file is not None and self.row_format == "table":
            raise InputError("a table is not for a file", expected="--format csv, json or parquet")
        if self.file is not None and self.execute:
            live.check_file(self.file, force=self.force)
        if not self.execute and (self.row_format != "table" or self.file is not None):
            raise InputError("there are no rows without --execute", expected="--execute")


@dataclass(frozen=True)
class AskArguments:
    """All of a command line.

    Attributes:
        model: The model argument.
        question: The question, in words; None with --interactive or --prompt.
        tables: The tables, without a database.
        database: URL of the database.
        rows: What happens to a statement over it.
        interactive: Whether questions are read one after the other.
        evidence: What the question leaves unsaid.
        backend: The runtime's name.
        opening: How the model is opened.
        options: How it is asked.
    """

    model: str
    question: str | None
    tables: TableArguments
    database: str | None
    rows: RowArguments
    interactive: bool
    evidence: str
    backend: str
    opening: generate.BackendOptions
    options: generate.AskOptions

    def check(self) -> None:
        """Check that the options go together.

        Raises:
            InputError: They do not.
        """
        if self.database is None:
            asks_database = self.rows.execute or self.interactive or self.rows.file is not None
            if asks_database or self.options.fresh or self.options.similar:
                raise InputError(
                    "which database?",
                    expected="--db URL beside --execute, --interactive, --fresh, --similar or --out",
                )
            return
        if self.tables:
            raise InputError("--db has the tables", hint="Leave out --table, --schema and --prompt")
        self.rows.check()
        if (self.question is None) != self.interactive:
            raise InputError("a question or --interactive?", expected="one of them")


def slots_for(votes: int, beam: int) -> int | None:
    """Sequences that llama.cpp holds at once; None leaves it at one.

    Args:
        votes: Samples. The first comes alone, so up to two votes there is nothing to draw at once.
        beam: Candidates of a beam search, each a sequence of its own.
    """
    if beam > 1:
        return beam
    return min(votes - 1, _MAX_SLOTS) if votes > 2 else None
