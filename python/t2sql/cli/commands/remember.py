"""`t2sql remember`: answers that a user confirmed or corrected, and those kept already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from t2sql import live, remembered
from t2sql.cli.options import shared
from t2sql.cli.output import Output, table
from t2sql.errors import InputError

EXAMPLE = """
t2sql remember --db sqlite:///shop.db --question "Who buys most?" --sql "SELECT name FROM customers LIMIT 1"
t2sql remember --db sqlite:///shop.db --list
t2sql remember --db sqlite:///shop.db --forget "Who buys most?"
"""


@shared()
def command(
    out: Output,
    db: Annotated[str, typer.Option("--db", help="The database, as ask takes it.")],
    question: Annotated[
        str | None, typer.Option("--question", help="A question, in words.", show_default=False)
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option("--sql", help="Its statement; it has to run on the database.", show_default=False),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Print what is remembered.")] = False,
    forget: Annotated[
        str | None,
        typer.Option("--forget", help="Forget this question.", metavar="QUESTION", show_default=False),
    ] = None,
) -> None:
    """Keep the right answer to a question about your database, list what is kept, or forget it.

    The same question gets it from ask, serve and the app from then on, as long as the tables that it reads
    stay as they are, and t2sql run trains on it. Kept are question and statement, no row, in a file that only
    you can read; its path is printed. In ask --interactive, \\right and \\correct SQL do the same.
    """
    wanted = [question is not None or sql is not None, listed, forget is not None]
    if sum(wanted) != 1 or (question is None) != (sql is None):
        raise InputError("what is to be done?", expected="--question and --sql, or --list, or --forget")
    store = remembered.RememberedStore(db)
    if question is not None and sql is not None:
        with live.open_database(db) as database:
            answer = live.remember(database, store, question, sql, "given")
        out.result({"path": store.path, "answer": answer}, f"remembered, in {store.path}")
    elif forget is not None:
        count = store.forget(forget)
        if not count:
            raise InputError("nothing is remembered for this question", where=store.path, found=repr(forget))
        out.result({"path": store.path, "forgotten": count}, f"forgotten, in {store.path}")
    else:
        answers = store.answers()
        out.result({"path": store.path, "answers": answers}, lambda: _listed(answers))
        out.note(f"{len(answers)} in {store.path}")


def _listed(answers: Sequence[remembered.RememberedAnswer]) -> str:
    rows = [(one.time[:10], one.origin, one.question, one.sql) for one in answers]
    return table(("date", "origin", "question", "statement"), rows, left=4) if rows else ""
