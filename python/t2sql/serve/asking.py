"""A question to the server's database."""

from __future__ import annotations

from t2sql.generate import Asker, AskOptions, Cancelled
from t2sql.live import Limits, LiveAnswer, LiveDatabase, ask_database
from t2sql.remembered import RememberedStore
from t2sql.serve.work import Workers


def ask_live(
    workers: Workers,
    database: LiveDatabase,
    question: str,
    options: AskOptions,
    limits: Limits | None,
    cancelled: Cancelled,
) -> LiveAnswer:
    """Ask, in a worker's thread; what the user confirmed or corrected before is the answer again.

    Args:
        workers: The model.
        database: The database.
        question: The question, in words.
        options: How it is asked.
        limits: How much the statement may use; None does not run it.
        cancelled: Whether the request was given up.

    Raises:
        InputError: The question is empty or too long.
        WorkError: The model failed, or the database went away.
    """
    asker = Asker(workers.backend, options, cancelled=cancelled, on_generation=workers.metrics.count)
    known = RememberedStore(database.url)
    if limits is None:
        return ask_database(asker, database, question, remembered=known)
    return ask_database(asker, database, question, execute=True, limits=limits, remembered=known)
