"""Progress on stderr: a bar on a terminal, a line now and then in a pipe, nothing for what is quick."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from t2sql import cli
from t2sql.text import one_line

_QUICK = 0.5
"""Seconds within which nothing is shown: a bar that flashes says nothing."""
_LINE_EVERY = 10.0
"""Seconds between two lines in a pipe: a log of an hour's work stays readable."""


class TerminalProgress:
    """The `t2sql.progress.Progress` of the command line."""

    def __init__(self, title: str = "") -> None:
        """Begin; nothing is shown yet.

        Args:
            title: What is going on; it precedes what each call says.
        """
        self._title = title
        self._began = time.monotonic()
        self._last_line = self._began
        self._has_lines = False
        self._is_terminal = sys.stderr.isatty()
        self._bar: cli.ProgressBar | None = None

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Report progress, as `t2sql.progress.Progress` has it."""
        now = time.monotonic()
        if now - self._began < _QUICK:
            return
        text = one_line(" ".join(part for part in (self._title, what) if part))
        if self._is_terminal:
            if self._bar is None:
                self._bar = cli.ProgressBar(text, total)
            self._bar.update(done, total, text)
        elif now - self._last_line >= _LINE_EVERY or (self._has_lines and total and done >= total):
            self._last_line, self._has_lines = now, True
            amount = f"{done}/{total} ({100 * done // total}%)" if total else str(done)
            print(f"{text}: {amount}", file=sys.stderr, flush=True)

    def restart(self, title: str) -> None:
        """Begin something else: with a new bar, and with a new time in which nothing is shown.

        Args:
            title: What is going on now.
        """
        self.close()
        self._title = title
        self._began = self._last_line = time.monotonic()
        self._has_lines = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the bar while something else is printed."""
        if self._bar is None:
            yield
            return
        self._bar.hide()
        yield
        self._bar.show()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.hide()
            self._bar = None
