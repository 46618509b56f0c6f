"""Runs in processes of their own: started detached, stopped with the signal that Ctrl-C sends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from t2sql.errors import WorkError
from t2sql.runs.layout import RunLayout
from t2sql.runs.lock import is_held, read_owner


def start(arguments: Sequence[str], *, log: Path, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """Start `t2sql run` in a session of its own, so that it outlives this process.

    Args:
        arguments: What comes after `t2sql run`.
        log: The file that its output is appended to.
        cwd: Its working directory; by default this process's.
    """
    with open(log, "ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "t2sql", "run", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            start_new_session=True,
        )


def stop(path: Path, *, timeout: float = 30.0) -> bool:
    """Interrupt the process that writes a run, as Ctrl-C does, and wait until it has let go.

    Args:
        path: The run directory.
        timeout: How long to wait, in seconds.

    Returns:
        Whether there was such a process.

    Raises:
        WorkError: The process is on another host, or did not stop in time.
    """
    lock = RunLayout(Path(path)).lock
    owner = read_owner(lock)
    if owner is None or not is_held(lock):
        return False
    if not owner.here:
        raise WorkError("the run is being written on another host", where=path, found=owner)
    os.kill(owner.pid, signal.SIGINT)
    deadline = time.monotonic() + timeout
    while is_held(lock):
        if time.monotonic() > deadline:
            raise WorkError("the run did not stop", where=path, found=f"{owner} after {timeout:.0f} s")
        time.sleep(0.05)
    return True
