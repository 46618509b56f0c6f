"""Questions line by line, from a terminal or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from t2sql.cache import cache_dir

_HISTORY_LINES = 1000


def question_lines() -> Iterator[str]:
    """Questions until the end of stdin: edited and remembered on a terminal, as they stand from a pipe."""
    if sys.stdin.isatty():
        return _typed_lines()
    return (line.rstrip("\n") for line in sys.stdin)


def _typed_lines() -> Iterator[str]:
    # Not every Python has it, and it changes how `input` works for the whole process.
    import readline

    history = _history_file()
    if history is not None:
        readline.read_history_file(history)
    readline.set_history_length(_HISTORY_LINES)
    try:
        while True:
            try:
                yield input("? ")
            except EOFError:
                print(file=sys.stderr)
                return
    finally:
        if history is not None:
            readline.write_history_file(history)


def _history_file() -> Path | None:
    """The file of earlier questions, for its owner only; None where it cannot be made."""
    history = cache_dir() / "questions"
    try:
        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch(mode=0o600)
    except OSError:
        return None
    return history
