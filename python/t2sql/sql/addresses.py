"""How SQLite is asked for a file that is only read."""

from __future__ import annotations

import os
from pathlib import Path

_WRITE_AHEAD = b"\x02\x02"
"""The two versions in the header of a file in write-ahead mode: https://www.sqlite.org/fileformat.html."""


def reading_address(path: Path) -> str:
    """The URI by which SQLite opens a file for reading.

    A file in write-ahead mode needs a file of shared memory beside it. In a folder where none can be made, it
    is opened as one that nobody changes, unless the last changes stand in a log beside it.

    Args:
        path: The file; it need not exist.
    """
    file = path.resolve()
    address = f"{file.as_uri()}?mode=ro"
    try:
        with path.open("rb") as content:
            ahead = content.read(20)[18:] == _WRITE_AHEAD
    except OSError:
        return address
    if not ahead or os.access(file.parent, os.W_OK):
        return address
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm")]
    changing = any(other.exists() and other.stat().st_size for other in beside)
    return address if changing else f"{address}&immutable=1"
