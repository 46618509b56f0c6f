"""The entry points: a command line in this process, and in a process of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from t2sql.cli.edge import INTERRUPTED, run_command_line


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and exit with its code.

    Args:
        argv: The arguments without the program's name; by default this process's own.
    """
    try:
        code = run(argv)
    except KeyboardInterrupt:
        # A second Ctrl-C, while the first was being reported.
        code = INTERRUPTED
    if code == INTERRUPTED:
        _end_interrupted(code)
    sys.exit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line in this process.

    Args:
        argv: The arguments without the program's name; by default this process's own.

    Returns:
        The exit code: 0 done; 1 the work failed or a check did not hold; 2 the arguments or the input are
        wrong; 130 interrupted.
    """
    return run_command_line(argv)


def _end_interrupted(code: int) -> NoReturn:
    """Run Python's exit handlers and end without those of C++ libraries.

    After a second Ctrl-C a thread may still compute. C++'s exit handlers would free the memory that it uses,
    and the process would end by SIGSEGV.
    """
    with contextlib.suppress(ValueError):
        # Only the main thread may set a handler.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
