"""A process that runs statements, seen from t2sql: started, asked, and killed when it does not answer."""

from __future__ import annotations

import math
import os
import pickle
import select
import socket
import time
from collections import OrderedDict, deque
from contextlib import suppress

from t2sql.errors import WorkError
from t2sql.sql.channel import Channel
from t2sql.sql.messages import Close, Closed, Open, Ready, Reply, Request
from t2sql.sql.target import Target
from t2sql.sql.worker import NUMBER
from t2sql.workers import start_worker

_OPEN = 16
"""Databases that are open in a process at most: each costs a file handle."""
_CLOSING_SECONDS = 0.5
_START_SECONDS = 60.0
"""A process starts in a tenth of a second. On a machine that swaps it takes long, and is still waited for."""


class StatementProcess:
    """A process in which statements run, one after the other.

    Attributes:
        idle_since: When its last statement ended, as `time.monotonic` counts.
        session: The server's name of the session that a statement runs in; "" where there is no server.
    """

    def __init__(self) -> None:
        """Start the process, and do not wait for it.

        Raises:
            WorkError: The system does not start another process.
        """
        self.session = ""
        self.idle_since = time.monotonic()
        self._keys: OrderedDict[int, str | None] = OrderedDict()
        self._poll = select.poll()
        self._received: deque[Reply] = deque()
        self._to_close: tuple[Close, ...] = ()
        self._is_ready = False
        ours, theirs = socket.socketpair()
        read, self._control = os.pipe()
        try:
            with theirs:
                # -P: a file in the current directory is not taken for a module.
                self._process = start_worker("t2sql.sql.worker", [theirs.fileno(), read], options=["-P"])
        except OSError as error:
            os.close(self._control)
            ours.close()
            raise WorkError(
                "the process that runs statements cannot be started", found=error.strerror
            ) from None
        finally:
            os.close(read)
        self._channel = Channel(ours.detach())
        self._poll.register(self._channel.fileno(), select.POLLIN)

    @property
    def is_killed(self) -> bool:
        """Whether `kill` was called."""
        return self._control < 0

    @property
    def is_idle(self) -> bool:
        """Whether it lives, and has nothing to say that nobody asked."""
        if self.is_killed or self._process.poll() is not None:
            return False
        return not self._is_ready or not self.has_reply(0)

    def wait_until_ready(self) -> None:
        """Wait until the process has started.

        Raises:
            WorkError: It ended, or does not start.
        """
        if self._is_ready:
            return
        with suppress(EOFError, OSError):
            if self.has_reply(_START_SECONDS) and isinstance(self.receive(), Ready):
                self._is_ready = True
                return
        raise WorkError("the process that runs statements does not start", found=f"exit code {self.kill()}")

    def send(self, request: Request) -> None:
        """Send statements, and what was to be closed with them.

        Raises:
            OSError: The process has ended.
        """
        request = (*self._to_close, *request)
        self._to_close = ()
        self._channel.send(pickle.dumps(request, pickle.HIGHEST_PROTOCOL))

    def has_reply(self, seconds: float) -> bool:
        """Wait for a reply, or for the process's end, for so many seconds."""
        return bool(self._received) or bool(self._poll.poll(max(0, math.ceil(seconds * 1000))))

    def receive(self) -> Reply:
        """The next reply.

        Raises:
            EOFError: The process has ended.
            OSError: The process has ended.
        """
        if not self._received:
            self._received.extend(pickle.loads(self._channel.receive()))
        return self._received.popleft()

    def interrupt(self, number: int) -> None:
        """Ask the database to end a statement, if it still runs."""
        with suppress(OSError):
            os.write(self._control, NUMBER.pack(number))

    def open(self, key: int, target: Target) -> None:
        """Open a database for statements that will come; the process may not have started yet."""
        if not self.has(key):
            closed = self.note(key)
            with suppress(OSError):
                self.send((*closed, Open(key, target)))

    def has(self, key: int) -> bool:
        """Whether a database is open in the process, by its number."""
        return key in self._keys

    def note(self, key: int) -> tuple[Close, ...]:
        """Note that a database is used by what is sent next.

        Returns:
            What has to be sent before it: the database that was used longest ago gives way.
        """
        self._keys.setdefault(key)
        self._keys.move_to_end(key)
        if len(self._keys) <= _OPEN:
            return ()
        return (Close(self._keys.popitem(last=False)[0]),)

    def begins_at_once(self, key: int) -> bool:
        """Whether a statement begins when it is sent: its database is open, and there is no server."""
        return self._keys.get(key) == ""

    def note_begun(self, key: int, session: str) -> None:
        """Note the server's name of the session that a statement begins in; "" where there is no server."""
        self.session = session
        if key in self._keys:
            self._keys[key] = session

    def forget(self, key: int, *, later: bool = False) -> None:
        """Close a database in the process; `later` with what is sent next."""
        if key in self._keys:
            del self._keys[key]
            if later:
                self._to_close = (*self._to_close, Close(key))
                return
            with suppress(OSError):
                self.send((Close(key),))

    def close_now(self, key: int) -> bool:
        """Close a database, and wait a moment for it.

        Returns:
            Whether it is closed; False where the process does something else, such as opening it.
        """
        self._keys.pop(key, None)
        with suppress(EOFError, OSError):
            self.send((Close(key, reply=True),))
            return self._is_ready and self.has_reply(_CLOSING_SECONDS) and isinstance(self.receive(), Closed)
        return False

    def send_kill(self) -> None:
        """Tell the system to end the process, whatever it is doing, and do not wait for it."""
        self._process.kill()

    def kill(self) -> int:
        """End the process, whatever it is doing, and wait until it has.

        Returns:
            Its exit code; negative if a signal ended it.
        """
        # One that has ended by itself keeps its own exit code.
        self._process.kill()
        code = self._process.wait()
        if self._control >= 0:
            self._channel.close()
            os.close(self._control)
            self._control = -1
        return code
