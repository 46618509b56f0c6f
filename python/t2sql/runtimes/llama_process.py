"""llama.cpp, by this door alone: a model in a process of its own, where its abort is an error."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import IO, Any, TypeAlias

from t2sql import gguf
from t2sql.errors import MissingPartError, WorkError
from t2sql.runtimes.llama_parameters import ServerParameters
from t2sql.workers import start_worker

Json: TypeAlias = dict[str, Any]
"""A document of llama.cpp's server."""

_SPIN_COUNT = "1000"
"""Rounds that a thread of llama.cpp spins at a barrier before it sleeps.

Threads meet there hundreds of times a token and spin for milliseconds by default: when another process has
the core of one of them, the others waste theirs and everything takes ten times as long. This short a spin
costs nothing on an idle machine.
"""
_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""Environment variables by which a user sets it; then they decide."""
_LAST_LINES = 40
_REASONS = ("error loading model: ", "GGML_ASSERT", "GGML_ABORT", "what():", "error: ")


class LlamaServer:
    """A model that is loaded in a process of its own; several threads may use it.

    Attributes:
        address: Where llama.cpp's server listens on this machine, such as `http://127.0.0.1:40000`.
        key: The key that its requests need.
        devices: The names and kinds of the devices that llama.cpp sees, such as `("Metal", "GPU")`.
        process_id: The process's number.
    """

    def __init__(self, parameters: ServerParameters) -> None:
        """Load a model.

        Args:
            parameters: The model, and how it is loaded.

        Raises:
            InputError: The file has what makes llama.cpp end its process.
            RuntimeError: llama.cpp cannot load the model; the message is its reason.
            MissingPartError: llama.cpp is not installed, or does not load.
        """
        self._parameters = parameters
        ours, theirs = Pipe()
        with theirs:
            self._process = start_worker(
                "t2sql.runtimes.llama_worker",
                [theirs.fileno()],
                stderr=subprocess.PIPE,
                env=_environment(),
            )
        self.process_id = self._process.pid
        self._last_words = _LastWords(self._process)
        self._close = weakref.finalize(self, _end, ours, self._process)
        self._exchange = _Exchange(ours)
        try:
            # While the process starts, which takes longer.
            gguf.check_runnable(parameters.path)
            self._exchange.send({"parameters": parameters.to_text()})
            known = self._exchange.receive()
        except (EOFError, OSError):
            raise RuntimeError(self._reason()) from None
        except BaseException:
            self.close()
            raise
        if "missing" in known:
            self.close()
            hint = known["missing"]["hint"]
            raise MissingPartError(
                known["missing"]["what"],
                found=known["missing"]["found"],
                hint=None if hint is None else f"Run: {hint}",
            )
        if "failed" in known:
            self.close()
            raise RuntimeError(self._last_words.reason() or known["failed"])
        self.address, self.key = str(known["address"]), str(known["key"])
        self.devices = [(str(name), str(kind)) for name, kind in known["devices"]]
        threading.Thread(target=self._exchange.deliver, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the process has ended, by itself or because it was closed."""
        return self._process.poll() is not None

    def handle_completions(self, body: Json, receive: Callable[[Json], bool]) -> None:
        """Answer a request. Blocks the calling thread.

        Args:
            body: The request, as llama.cpp's `/completions` takes it.
            receive: Gets each chunk of the answer in the calling thread; once it returns True, the answer
                ends at its next token.

        Raises:
            WorkError: The process ended.
        """
        number, messages = self._exchange.begin()
        done = stopped = False
        try:
            self._exchange.send({"id": number, "body": body})
            while not done:
                message = messages.get()
                if message is None:
                    raise EOFError
                if "chunk" in message and not stopped and receive(message["chunk"]):
                    stopped = True
                    self._exchange.send({"id": number, "cancel": True})
                done = "done" in message
        except (EOFError, OSError):
            raise self.failure() from None
        finally:
            self._exchange.finish(number, cancel=not done and not stopped)

    def failure(self) -> WorkError:
        """The error of a process that ended, or that does not answer."""
        path = self._parameters.path
        hint = f"What is wrong with the file may be in: t2sql inspect {path}"
        return WorkError("llama.cpp has ended", where=path, found=self._reason(), hint=hint)

    def _reason(self) -> str:
        self.close()
        code = self._process.returncode
        ending = f"exit code {code}"
        if code is not None and code < 0:
            ending = f"ended by {signal.Signals(-code).name}"
        return self._last_words.reason() or ending

    def close(self) -> None:
        """End the process and free the model's memory."""
        self._close()


class _Exchange:
    """Messages of several requests over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, SimpleQueue[Json | None]] = {}
        self._ended = False

    def send(self, message: Json) -> None:
        with self._lock:
            self._connection.send_bytes(json.dumps(message).encode())

    def receive(self) -> Json:
        message: Json = json.loads(self._connection.recv_bytes())
        return message

    def begin(self) -> tuple[int, SimpleQueue[Json | None]]:
        """A number for a request, and where its messages come; None at the end of the process."""
        messages: SimpleQueue[Json | None] = SimpleQueue()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = messages
            if self._ended:
                messages.put(None)
        return number, messages

    def finish(self, number: int, *, cancel: bool) -> None:
        """Take no more messages of a request; with `cancel`, the process need not go on with it."""
        with self._lock:
            self._waiting.pop(number, None)
        if cancel:
            try:
                self.send({"id": number, "cancel": True})
            except OSError:
                # The process has ended, and its work with it.
                return

    def deliver(self) -> None:
        """Pass messages on to who waits for them, until the process ends."""
        try:
            while True:
                message = self.receive()
                with self._lock:
                    messages = self._waiting.get(message["id"])
                if messages is not None:
                    messages.put(message)
        except (EOFError, OSError, ValueError, TypeError):
            with self._lock:
                self._ended = True
                for messages in self._waiting.values():
                    messages.put(None)


class _LastWords:
    """What a process printed last on stderr, read as it comes so that the process never waits."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        stream = process.stderr
        assert stream is not None
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(4096):
                self._lines.append(line.decode(errors="replace").strip())

    def reason(self) -> str | None:
        """The line that says why the process ended or did not load; None where there is none."""
        self._thread.join(timeout=5.0)
        lines = list(self._lines)
        for mark in _REASONS:
            for line in lines:
                if mark in line:
                    # An assertion names its source file with a path of the machine that built it.
                    return line.partition(mark)[2].strip() if mark.endswith(": ") else line.rpartition("/")[2]
        return None


def _environment() -> dict[str, str]:
    """This process's environment, and what OpenMP and ggml read from it when they are loaded."""
    # A stack trace would be printed by a debugger, which takes seconds.
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    # What this process can import the other can as well.
    environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    if not any(name in environment for name in _SPIN_SETTINGS):
        environment["GOMP_SPINCOUNT"] = _SPIN_COUNT
    return environment


def _end(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    # It has nothing to save.
    process.kill()
    process.wait()
    connection.close()
