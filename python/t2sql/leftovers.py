"""Unfinished outputs: named after the process that makes them, locked while it lives, swept when it is dead.

The name of an unfinished output is `.NAME.STATE-hHOST-PID-N`, where HOST is a hash of the host's name. t2sql
0.1.0 left out the host; such names are swept only where a folder holds nothing but what t2sql writes.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OLD_AGE_SECONDS = 24 * 3600
"""A leftover whose name says no process, or one whose number is in use again, is left alone for so long."""

_serial = itertools.count()
_NAME = re.compile(
    r"\.(?P<name>.+)\.(?P<state>tmp|old|removing|replaced)-h(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\d+"
)
_NAME_0_1_0 = re.compile(
    r"\.(?P<name>.+)\.(?P<state>tmp|old|removing|replaced)-(?P<pid>\d+)(-[0-9A-Za-z_.-]*)?"
)
_CACHE_0_1_0 = re.compile(r"\.(scoring|loading)-[a-z0-9_]{8}")


def beside(path: Path, state: str = "tmp") -> Path:
    """A hidden name in the same folder, which no other process or thread uses.

    Args:
        path: The output.
        state: "tmp" while it is made; "old" or "replaced" while another takes its place; "removing".
    """
    return path.with_name(f".{path.name}.{state}-h{_host()}-{os.getpid()}-{next(_serial)}")


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold an unfinished output's lock, also under another name, until the block ends or the process dies."""
    file = os.open(path, os.O_RDONLY)
    try:
        # A file system without locks still has the name with the process.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def leftovers(folder: Path, *, name: str | None = None, own: bool = False) -> list[Path]:
    """What dead processes left in a folder.

    Args:
        folder: The folder; its own folders are not looked into.
        name: Only leftovers of the output of this name.
        own: The folder belongs to t2sql, so that names as 0.1.0 wrote them are t2sql's as well.
    """
    dead = []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
    for entry in entries:
        if not entry.name.startswith(".") or entry.is_symlink():
            continue
        match = _NAME.fullmatch(entry.name) or (_NAME_0_1_0.fullmatch(entry.name) if own else None)
        if match is None:
            if own and name is None and _CACHE_0_1_0.fullmatch(entry.name) and _is_old(entry):
                dead.append(Path(entry.path))
            continue
        if name is None or match["name"] == name:
            host = match.groupdict().get("host")
            if host in (None, _host()) and (not _is_alive(int(match["pid"])) or _is_old(entry)):
                dead.append(Path(entry.path))
    return [path for path in dead if not _is_locked(path)]


def sweep(folder: Path, *, name: str | None = None, own: bool = False) -> list[Path]:
    """Remove what dead processes left in a folder, and put back what one of them had only put aside.

    Args:
        folder: The folder.
        name: Only leftovers of the output of this name.
        own: As for `leftovers`.

    Returns:
        What could not be removed.
    """
    stuck = []
    for path in leftovers(folder, name=name, own=own):
        match = _NAME.fullmatch(path.name) or _NAME_0_1_0.fullmatch(path.name)
        try:
            if match is not None and match["state"] in ("old", "replaced"):
                out = path.with_name(match["name"])
                if not os.path.lexists(out):
                    os.rename(path, out)
                    continue
                # Which of two runs is wanted is the user's to say: `runs rm` removes both.
                if match["state"] == "replaced":
                    continue
            remove(path)
        except FileNotFoundError:
            continue
        except OSError:
            stuck.append(path)
    return stuck


def remove(path: Path) -> None:
    """Remove a file, a link (not what it points at) or a directory.

    Raises:
        OSError: Something in it could not be removed; `filename` says what.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _is_old(entry: os.DirEntry[str]) -> bool:
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD_AGE_SECONDS
    except OSError:
        return False


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
