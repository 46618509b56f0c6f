"""The command line: arguments in, library calls, tables and exit codes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command line (this process's own by default) and exit with its code."""
    import sys

    sys.exit(run(argv))


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0, 1, 2 or 130."""
    from t2sql.cli.edge import run_command_line

    return run_command_line(argv)
