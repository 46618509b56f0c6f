"""Processes of t2sql's own that hold what may block, grow or end its process: models and statements."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence


def start_worker(
    module: str,
    descriptors: Sequence[int],
    *,
    options: Sequence[str] = (),
    stderr: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `python -m MODULE DESCRIPTOR …`.

    It is in a session of its own: a terminal's Ctrl-C is left to this process, which ends the other itself.
    What it prints on stdout goes nowhere, since the terminal is this process's.

    Args:
        module: The module that runs.
        descriptors: Open descriptors of this process that the other gets, in the order of its arguments.
        options: Python's own options.
        stderr: Where its stderr goes, as `subprocess.Popen` takes it.
        env: Its environment; by default this process's.

    Raises:
        OSError: The system does not start another process.
    """
    return subprocess.Popen(
        [sys.executable, *options, "-m", module, *map(str, descriptors)],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
        env=env,
    )
