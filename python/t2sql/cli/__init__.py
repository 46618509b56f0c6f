"""The command line: arguments in, library calls, tables and exit codes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command line (this process's own by default) and exit with its code."""
    import sys

    from t2sql.cli.edge import INTERRUPTED

    try:
        code = run(argv)
    except KeyboardInterrupt:
        # Another Ctrl-C, while the first was being told.
        code = INTERRUPTED
    if code == INTERRUPTED:
        _end_interrupted(code)
    sys.exit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0, 1, 2 or 130."""
    from t2sql.cli.edge import run_command_line

    return run_command_line(argv)


def _end_interrupted(code: int) -> NoReturn:
    """End with what Python has to do at its end, but without what C++ libraries do at theirs.

    After a second Ctrl-C a thread may still compute: they would take the memory from under it, and the
    process would end by SIGSEGV.
    """
    import atexit
    import contextlib
    import os
    import signal
    import sys

    with contextlib.suppress(ValueError):
        # Only the main thread may.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
