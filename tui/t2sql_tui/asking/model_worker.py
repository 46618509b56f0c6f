"""The process that holds Ask's models: `python -m t2sql_tui.asking.model_worker DESCRIPTOR`.

On the connection of that descriptor come a `Question` and `CANCEL`; each question is answered by pieces of
text and at the end by a `Reply`, or by a `Problem`. `ModelProcess` is the other end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from t2sql.errors import T2sqlError
from t2sql.generate import Asker, AskOptions, Backend, open_backend
from t2sql.live import ask_database
from t2sql_tui.asking.questions import CANCEL, Problem, Question, Reply, Source

MAX_TOKENS = 128
_NICER = 5
"""The app's keys, and a run that trains, come first."""


class Models:
    """The source and the models that were asked last, kept open. MLX wants all of it in one thread."""

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self._open: dict[tuple[str, str], Backend] = {}
        self._source: Source | None = None

    def ask(
        self, question: Question, *, on_text: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Reply:
        """Each piece of the text goes to `on_text` as it comes; the answer ends when `cancelled` says so."""
        about = self._source_of(question.source)
        options = AskOptions(max_tokens=MAX_TOKENS)
        opened = self._opened(question.model, question.backend)
        asker = Asker(opened, options, on_text=on_text, cancelled=cancelled)
        if about.database is None:
            answer = asker.ask(question.text, about.schema())
            notes, status = answer.warnings, answer.status
        else:
            live = ask_database(asker, about.database, question.text)
            # What is wrong with the statement itself is said by `Source.check`, for edited SQL as well.
            answer, notes, status = live.answer, live.warnings, live.status
        return Reply(
            sql=answer.sql,
            notes=notes,
            tokens=answer.timings.tokens,
            tokens_per_second=answer.timings.tokens_per_second,
            status=status,
            doubts=answer.doubts,
            logprob=answer.generation.logprob,
        )

    def _source_of(self, text: str) -> Source:
        if self._source is None or self._source.text != text:
            fresh = Source(text)
            if self._source is not None:
                self._source.close()
            self._source = fresh
        return self._source

    def _opened(self, model: str, backend: str) -> Backend:
        key = (model, backend)
        if key not in self._open:
            while len(self._open) >= self._most:
                self._open.pop(next(iter(self._open))).close()
            self._open[key] = open_backend(model, backend)
        # The one asked last is the last to be closed.
        self._open[key] = self._open.pop(key)
        return self._open[key]


def _answer(models: Models, connection: Connection, question: Question) -> Reply | Problem:
    told = False

    def cancelled() -> bool:
        nonlocal told
        # While a question is answered nothing else comes; without an app nobody waits for the answer.
        told = told or (connection.poll() and _received(connection) == CANCEL)
        return told

    try:
        return models.ask(question, on_text=connection.send, cancelled=cancelled)
    except (T2sqlError, OSError) as error:
        return Problem(str(error))
    except Exception as error:
        # A runtime's own error is no reason to lose the other model.
        return Problem(f"{type(error).__name__}: {error}")


def _received(connection: Connection) -> Any:
    """The next message; where the app has ended, this process does as well."""
    try:
        return connection.recv()
    except (EOFError, OSError):
        os._exit(0)


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    os.nice(_NICER)
    models = Models()
    while True:
        message = _received(connection)
        if message != CANCEL:
            connection.send(_answer(models, connection, message))


if __name__ == "__main__":
    main()
