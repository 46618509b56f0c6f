"""The process that holds the models: `python -m t2sql_tui.asking.model_worker DESCRIPTOR`.

On the connection of that descriptor it receives `ToModels` and sends `FromModels`. The app's end is
`ModelProcess`.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection

from t2sql.errors import T2sqlError
from t2sql.generate import Asker, AskOptions, Backend, Cancelled, OnText, open_backend
from t2sql.live import ask_database
from t2sql.remembered import RememberedStore
from t2sql_tui.asking.messages import Cancel, Part, Problem, Question, Reply, ToModels
from t2sql_tui.asking.source import Source

MAX_TOKENS = 128
"""Tokens of an answer at most."""
_NICER = 5
"""By how much the process's priority is lowered: the app's keys, and a run that trains, come first."""


class Models:
    """The source and the models that were asked last, kept open. MLX needs all calls in one thread."""

    def __init__(self, most: int = 2) -> None:
        """Open nothing yet.

        Args:
            most: Models that are kept open; beyond that, the one that was asked longest ago is closed.
        """
        self._most = most
        self._open: dict[tuple[str, str], Backend] = {}
        self._source: Source | None = None

    def ask(self, question: Question, *, on_text: OnText, cancelled: Cancelled) -> Reply:
        """Ask a model, opening it first if need be.

        Args:
            question: The question.
            on_text: Gets each piece of the text as it comes.
            cancelled: Once it returns True, the answer ends at its next token.

        Raises:
            T2sqlError: The source or the model cannot be opened, or the model failed.
        """
        source = self._open_source(question.source)
        backend = self._open_model(question.model, question.backend)
        asker = Asker(backend, AskOptions(max_tokens=MAX_TOKENS), on_text=on_text, cancelled=cancelled)
        if source.database is None:
            answer = asker.ask(question.text, source.schema())
            notes, status, doubts = answer.warnings, answer.status, answer.doubts
        else:
            # What is wrong with the statement is shown by `Source.check`, for edited SQL as well.
            known = RememberedStore(source.database.url)
            live = ask_database(asker, source.database, question.text, remembered=known)
            answer, notes, status = live.answer, live.warnings, live.status
            doubts = live.doubts if live.error is None else answer.doubts
        return Reply(
            sql=answer.sql,
            notes=tuple(notes),
            tokens=answer.timings.tokens,
            tokens_per_second=answer.timings.tokens_per_second,
            status=status,
            doubts=doubts,
            logprob=answer.generation.logprob,
        )

    def _open_source(self, text: str) -> Source:
        if self._source is None or self._source.text != text:
            source = Source(text)
            if self._source is not None:
                self._source.close()
            self._source = source
        return self._source

    def _open_model(self, model: str, backend: str) -> Backend:
        key = (model, backend)
        if key not in self._open:
            while len(self._open) >= self._most:
                self._open.pop(next(iter(self._open))).close()
            self._open[key] = open_backend(model, backend)
        # The last one in the dictionary is the last to be closed.
        self._open[key] = self._open.pop(key)
        return self._open[key]


def _answer(models: Models, connection: Connection, question: Question) -> Reply | Problem:
    was_cancelled = False

    def cancelled() -> bool:
        nonlocal was_cancelled
        # While a question is answered the app sends nothing but `Cancel`.
        was_cancelled = was_cancelled or (connection.poll() and isinstance(_receive(connection), Cancel))
        return was_cancelled

    try:
        return models.ask(question, on_text=lambda text: connection.send(Part(text)), cancelled=cancelled)
    except (T2sqlError, OSError) as error:
        return Problem(str(error))
    except Exception as error:
        # The error of one model's runtime must not close the other model.
        return Problem(f"{type(error).__name__}: {error}")


def _receive(connection: Connection) -> ToModels:
    """The next message. Where the app has ended, this process ends."""
    try:
        message: ToModels = connection.recv()
    except (EOFError, OSError):
        os._exit(0)
    return message


def main() -> None:
    """Answer questions until the app closes the connection."""
    connection = Connection(int(sys.argv[1]))
    os.nice(_NICER)
    models = Models()
    while True:
        message = _receive(connection)
        # A `Cancel` that comes after its answer was complete is of no use.
        if isinstance(message, Question):
            connection.send(_answer(models, connection, message))


if __name__ == "__main__":
    main()
