"""Messages between two processes. `multiprocessing.connection` does the same, and takes longer to import."""

from __future__ import annotations

import os
import struct

_LENGTH = struct.Struct("!Q")


class Channel:
    """One end of a pair of connected sockets. A message is its length, then its bytes."""

    def __init__(self, descriptor: int) -> None:
        """Take over a socket's descriptor."""
        self._descriptor = descriptor

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def send(self, message: bytes) -> None:
        """Send a message, and wait until the system has taken all of it.

        Raises:
            OSError: The other end is closed.
        """
        # Two writes would wake the other process twice.
        rest = memoryview(_LENGTH.pack(len(message)) + message)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def receive(self) -> bytearray:
        """Wait for a message.

        Raises:
            EOFError: The other end is closed.
            OSError: The process at the other end was killed with bytes unread.
        """
        length = _LENGTH.unpack(self._read(_LENGTH.size))[0]
        return self._read(length)

    def close(self) -> None:
        """Close this end."""
        os.close(self._descriptor)

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            count = os.readv(self._descriptor, [rest])
            if not count:
                raise EOFError
            rest = rest[count:]
        return data
