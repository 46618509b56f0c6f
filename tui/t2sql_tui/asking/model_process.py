"""Models in a process of their own, so that nothing they do can hold up the app or end it.

llama.cpp's binding holds Python's lock while it loads a file, which would stop every key; a model that needs
more memory than there is takes its process with it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from t2sql.errors import WorkError
from t2sql_tui.asking.questions import CANCEL, Problem, Question, Reply

GRACE = 2.0
"""Seconds in which a cancelled answer has to end; a file that loads for longer ends with the process."""
_POLL = 0.05


class ModelProcess:
    """Answers questions from any thread, one at a time; the models stay open between them."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def ask(
        self, question: Question, *, on_text: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Reply:
        """Blocks until the model has answered, or soon after `cancelled` says so. Each piece of the text goes
        to `on_text` as it comes. Raises WorkError with what was wrong, also if the process ended."""
        with self._lock:
            connection = self._started()
            try:
                connection.send(question)
                return self._reply(connection, on_text, cancelled)
            except (EOFError, OSError):
                raise WorkError(
                    "the process that holds the model has ended",
                    found=f"exit code {self._end()}",
                    hint="Ask again; if it ends each time, the model may need more memory than there is",
                ) from None

    def _reply(
        self, connection: Connection, on_text: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Reply:
        told: float | None = None
        while True:
            if told is None and cancelled():
                told = time.monotonic()
                connection.send(CANCEL)
            if told is not None and time.monotonic() - told > GRACE:
                self._end()
                raise WorkError("cancelled")
            if connection.poll(_POLL):
                said = connection.recv()
                if isinstance(said, Reply):
                    return said
                if isinstance(said, Problem):
                    raise WorkError(said.text)
                on_text(said)

    def _started(self) -> Connection:
        """The connection to the process: to a new one if the last has ended since."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._connection is None:
            ours, theirs = Pipe()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "t2sql_tui.asking.model_worker", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    # Runtimes print, and the terminal is the app's; so are its keys.
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._connection = ours
        return self._connection

    def close(self) -> None:
        """End it, whatever it is doing."""
        process = self._process
        if process is not None:
            # A question that is being asked ends with the process, and then gives the lock.
            process.kill()
        with self._lock:
            self._end()

    def _end(self) -> int | None:
        """The process' exit code."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return None
        connection.close()
        # One that has ended by itself keeps its code.
        process.kill()
        return process.wait()
