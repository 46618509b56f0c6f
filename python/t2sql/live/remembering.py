"""A user's own answer about a live database: checked as a model's is, and remembered."""

from __future__ import annotations

from t2sql.live.database import LiveDatabase
from t2sql.live.running import Limits
from t2sql.remembered import Origin, RememberedAnswer, RememberedStore

_ONE_ROW = Limits(max_rows=1)


def remember(
    database: LiveDatabase, store: RememberedStore, question: str, sql: str, origin: Origin
) -> RememberedAnswer:
    """Check that a statement may run and does, and remember it for a question. Its rows are not kept.

    Args:
        database: The database.
        store: Its remembered answers.
        question: The question, in words.
        sql: The statement, in the database's dialect or in SQLite's.
        origin: How the answer came about.

    Returns:
        What is remembered now.

    Raises:
        SqlError: The statement is refused, or does not run.
        InputError: The question is empty, or the file cannot be read or written.
        WorkError: The database went away, or the disk is full.
    """
    schema = database.schema()
    statement = database.prepare(sql, schema)
    database.execute(statement, _ONE_ROW)
    # Other databases' statements are written with every name's schema, which no model learns to write.
    return store.add(question, statement.sql if database.dialect == "sqlite" else sql, schema, origin)
