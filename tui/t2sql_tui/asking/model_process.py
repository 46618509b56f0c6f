"""Models in a process of their own, so that nothing they do can block the app or end it.

llama.cpp's binding holds Python's lock while it loads a file, which would block every key; a model that needs
more memory than there is takes its process with it.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from t2sql.errors import WorkError
from t2sql.workers import start_worker
from t2sql_tui.asking.messages import Cancel, FromModels, Part, Problem, Question, Reply

GRACE = 2.0
"""Seconds that a cancelled answer has to end; after them the process is ended, such as while a file loads."""
_POLL = 0.05


class ModelProcess:
    """Answers questions from any thread, one at a time. The process starts with the first question."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def ask(
        self, question: Question, *, on_text: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Reply:
        """Ask a model and wait for its answer. The model stays open for the next question.

        Args:
            question: The question.
            on_text: Gets each piece of the text as it comes.
            cancelled: Once it returns True, the answer ends early; what there is of it is returned.

        Raises:
            WorkError: The model or the source cannot be opened, the model failed, the process ended, or it
                had to be ended because it did not stop within `GRACE` seconds.
        """
        with self._lock:
            connection = self._connect()
            try:
                connection.send(question)
                return self._wait(connection, on_text, cancelled)
            except (EOFError, OSError):
                raise WorkError(
                    "the process that holds the model has ended",
                    found=f"exit code {self._end()}",
                    hint="Ask again; if it ends each time, the model may need more memory than there is",
                ) from None

    def _wait(
        self, connection: Connection, on_text: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Reply:
        cancelled_at: float | None = None
        while True:
            if cancelled_at is None and cancelled():
                cancelled_at = time.monotonic()
                connection.send(Cancel())
            if cancelled_at is not None and time.monotonic() - cancelled_at > GRACE:
                self._end()
                raise WorkError("cancelled")
            if connection.poll(_POLL):
                message: FromModels = connection.recv()
                match message:
                    case Part(text):
                        on_text(text)
                    case Problem(text):
                        raise WorkError(text)
                    case Reply():
                        return message

    def _connect(self) -> Connection:
        """The connection to the process, which is started if there is none or if it has ended."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._connection is None:
            ours, theirs = Pipe()
            with theirs:
                self._process = start_worker("t2sql_tui.asking.model_worker", [theirs.fileno()])
            self._connection = ours
        return self._connection

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process = self._process
        if process is not None:
            # A question that is being answered holds the lock; it ends with the process.
            process.kill()
        with self._lock:
            self._end()

    def _end(self) -> int | None:
        """End the process; its exit code, or None where there was no process."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return None
        connection.close()
        # Killing a process that has ended does not change its exit code.
        process.kill()
        return process.wait()
