"""How `ask` and its interactive loop answer from a live database, and how the rows are printed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.cli.output import Output, table
from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql.generate import Answer
    from t2sql.live import Ask, LiveAnswer, LiveDatabase
    from t2sql.sql import Result


@dataclass(frozen=True)
class Rows:
    """What is to be done with a statement: run or not, how many rows and seconds, printed how and where."""

    execute: bool
    format: str
    file: Path | None
    force: bool
    timeout: float
    max_rows: int

    def check(self) -> None:
        from t2sql.live import FORMATS

        if self.format not in FORMATS:
            raise InputError("unknown --format", expected=" or ".join(FORMATS), found=repr(self.format))
        if self.format == "parquet" and self.file is None:
            raise InputError("Parquet is not for a terminal", expected="--out FILE")
        if self.file is not None and self.format == "table":
            raise InputError("a table is not for a file", expected="--format csv, json or parquet")
        if not self.execute and (self.format != "table" or self.file is not None):
            raise InputError("there are no rows without --execute", expected="--execute")


def answered(
    out: Output,
    ask: Ask,
    database: LiveDatabase,
    question: str,
    rows: Rows,
    context: int,
) -> LiveAnswer:
    """Ask, print the SQL and the rows, and what there is to know about them."""
    from t2sql.live import ask_database, write_file

    answer = ask_database(
        ask,
        database,
        question,
        context=context,
        execute=rows.execute,
        timeout=rows.timeout,
        max_rows=rows.max_rows,
    )
    if rows.file is not None and answer.result is not None:
        write_file(answer.result, rows.file, rows.format, force=rows.force)
    out.result(answer.to_dict(), lambda: _text(out, answer, rows))
    for warning in (*answer.warnings, *database.warnings()):
        out.warn(warning)
    if answer.first is not None:
        out.note(f"repaired: the first statement failed ({answer.first.error}): {answer.first.sql}")
    say_doubts(out, answer)
    return answer


def say_doubts(out: Output, answer: Answer | LiveAnswer) -> None:
    if answer.doubts:
        out.note(f"uncertain: {'; '.join(answer.doubts)}")


def _text(out: Output, answer: LiveAnswer, rows: Rows) -> str:
    if answer.result is None:
        return answer.sql
    if rows.file is not None:
        out.note(f"{len(answer.result.rows)} rows in {rows.file}")
        return answer.sql
    if rows.format == "table":
        return f"{answer.sql}\n\n{as_table(answer.result)}"
    # Rows alone are on stdout, for the program that reads them.
    from t2sql.live import written

    out.note(answer.sql)
    return written(answer.result, rows.format)


def as_table(result: Result) -> str:
    """The rows as an aligned table; nothing in a value can steer the terminal."""
    from t2sql.live import printable

    if not result.rows:
        return "(no rows)"
    cells = [[printable(value) for value in row] for row in result.rows]
    return table([printable(name) for name in result.columns], cells, left=_leading_text(result))


def _leading_text(result: Result) -> int:
    """How many columns from the left hold no numbers, and are aligned to the left."""
    count = 0
    for value in result.rows[0]:
        if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":
            break
        count += 1
    return count


def read_lines() -> Any:
    """Questions, line by line: edited and remembered on a terminal, as they stand from a pipe."""
    if not sys.stdin.isatty():
        return (line.rstrip("\n") for line in sys.stdin)
    return _typed()


def _typed() -> Any:
    import readline

    from t2sql.cache import cache_dir

    history: Path | None = cache_dir() / "questions"
    assert history is not None
    try:
        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch(mode=0o600)
        readline.read_history_file(history)
    except OSError:
        history = None
    readline.set_history_length(1000)
    try:
        while True:
            try:
                yield input("? ")
            except EOFError:
                print(file=sys.stderr)
                return
    finally:
        if history is not None:
            readline.write_history_file(history)
