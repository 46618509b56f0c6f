"""llama.cpp, by this door alone: a model in a process of its own, where its abort is an error."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, TypeAlias

from t2sql import gguf
from t2sql.errors import MissingPartError, WorkError
from t2sql.runtimes.last_words import LastWords, environment
from t2sql.runtimes.llama_parameters import ServerParameters
from t2sql.workers import start_worker

Json: TypeAlias = dict[str, Any]
"""A document of llama.cpp's server."""


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
                env=environment(),
            )
        self.process_id = self._process.pid
        self._last_words = LastWords(self._process)
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
            with suppress(subprocess.TimeoutExpired):
                # It ends by itself, and only then everything that llama.cpp said is on stderr.
                self._process.wait(timeout=5.0)
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
        return self._last_words.ending()

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


def _end(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    # It has nothing to save.
    process.kill()
    process.wait()
    connection.close()
