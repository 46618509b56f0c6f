"""How `t2sql ask --db` answers a question, and how it prints the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from types import NoneType

from t2sql import generate, live, remembered, sql
from t2sql.cli.ask_arguments import AskArguments, RowArguments
from t2sql.cli.output import Output, table

_HOW = {
    "right": "you marked this answer as right",
    "corrected": "you corrected the model's answer",
    "given": "you gave this answer",
}
"""What a remembered answer is, by its origin."""

_MOST_COLUMNS = 3
"""Columns that are named on a terminal, of those whose texts are not all in the index."""


def answer_from_database(out: Output, arguments: AskArguments) -> None:
    """Answer the question.

    Args:
        out: Where the answers are printed.
        arguments: The command line; `database` is given.

    Raises:
        InputError: The arguments are wrong, or the model or the database cannot be opened.
        WorkError: The model failed, or the database went away.
    """
    with opened(arguments) as (database, asker):
        known = remembered.RememberedStore(database.url)
        question = arguments.question or ""
        answer = print_answer(out, asker, database, question, arguments.rows, arguments.evidence, known)
        for line in answer.answer.timings.lines():
            out.note(line)


@contextmanager
def opened(arguments: AskArguments) -> Iterator[tuple[live.LiveDatabase, generate.Asker]]:
    """Open the database and the model of a command line, and close them at the end.

    Args:
        arguments: The command line; `database` is given.

    Raises:
        InputError: The database or the model cannot be opened.
    """
    with live.open_database(arguments.database or "") as database:
        # An error of the database comes before the seconds that a model takes to load.
        database.schema()
        with closing(generate.open_backend(arguments.model, arguments.backend, arguments.opening)) as backend:
            yield database, generate.Asker(backend, arguments.options)


def print_answer(
    out: Output,
    asker: generate.Asker,
    database: live.LiveDatabase,
    question: str,
    rows: RowArguments,
    evidence: str = "",
    store: remembered.RememberedStore | None = None,
) -> live.LiveAnswer:
    """Ask, and print the statement, its rows, and what there is to know about them.

    Args:
        out: Where to print.
        asker: The model.
        database: The database.
        question: The question, in words.
        rows: Whether the statement is run, and where its rows go.
        evidence: What the question leaves unsaid.
        store: Answers that the user confirmed or corrected; None looks for none.

    Returns:
        The answer.

    Raises:
        InputError: The question is empty or too long, or the file for the rows exists.
        WorkError: The model failed, or the database went away.
    """
    answer = live.ask_database(
        asker,
        database,
        question,
        execute=rows.execute,
        limits=live.Limits(rows.timeout, rows.max_rows),
        evidence=evidence,
        remembered=store,
    )
    if rows.file is not None and answer.result is not None:
        live.write_file(answer.result, rows.file, rows.row_format, force=rows.force)
    out.result(answer.to_json(), lambda: _text(out, answer, rows))
    for warning in (*answer.warnings, *database.warnings()):
        out.warn(warning)
    if left_out := database.texts_left_out:
        out.note(_texts_left_out(left_out))
    if answer.first is not None:
        out.note(f"repaired: the first statement failed ({answer.first.error}): {answer.first.sql}")
    if answer.remembered is not None:
        out.note(f"remembered: {_HOW[answer.remembered.origin]} on {answer.remembered.time[:10]}")
    print_doubts(out, answer)
    return answer


def _texts_left_out(columns: Sequence[str]) -> str:
    more = f"; {len(columns) - _MOST_COLUMNS} more" if len(columns) > _MOST_COLUMNS else ""
    return f"texts that are not in the index: {'; '.join(columns[:_MOST_COLUMNS])}{more}"


def print_doubts(out: Output, answer: generate.Answer | live.LiveAnswer) -> None:
    """Print why an answer is uncertain, or that nobody knows how sure it is."""
    if answer.doubts:
        out.note(f"uncertain: {'; '.join(answer.doubts)}")
    elif answer.status == "unrated":
        out.note("unrated: without a threshold (--min-logprob) nothing says how sure the model is")


def _text(out: Output, answer: live.LiveAnswer, rows: RowArguments) -> str:
    """What goes to stdout."""
    if answer.result is None:
        return answer.sql
    if rows.file is not None:
        out.note(f"{len(answer.result.rows)} rows in {rows.file}")
        return answer.sql
    if rows.row_format == "table":
        return f"{answer.sql}\n\n{as_table(answer.result)}"
    # A program reads stdout, so the rows are alone there.
    out.note(answer.sql)
    out.data(live.format_rows(answer.result, rows.row_format))
    return ""


def as_table(result: sql.Result) -> str:
    """Rows as an aligned table; nothing in a value can control the terminal."""
    if not result.rows:
        return "(no rows)"
    cells = [[sql.printable(value) for value in row] for row in result.rows]
    names = [sql.printable(name) for name in result.columns]
    return table(names, cells, left=0, texts=_text_columns(result))


def _text_columns(result: sql.Result) -> set[int]:
    """Indexes of the columns that have a value that is no number; the other ones are aligned to the right."""
    return {
        index
        for row in result.rows
        for index, value in enumerate(row)
        if not isinstance(value, (int, float, Decimal, NoneType)) or isinstance(value, bool)
    }
