"""Progress on stderr: a bar on a terminal, now and then a line in a pipe, nothing for what is quick."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_QUICK = 0.5
_LINE_EVERY = 10.0


class Progress:
    """Call it with (done, total, label), as the library does."""

    def __init__(self, title: str = "") -> None:
        self.title = title
        self._began = time.monotonic()
        self._said = self._began
        self._spoken = False
        self._terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int, what: str = "") -> None:
        now = time.monotonic()
        if now - self._began < _QUICK:
            return
        text = " ".join(part for part in (self.title, what) if part)
        if self._terminal:
            self._draw(done, total, text)
        elif now - self._said >= _LINE_EVERY or (self._spoken and total and done >= total):
            self._said, self._spoken = now, True
            amount = f"{done}/{total} ({100 * done // total}%)" if total else str(done)
            print(f"{text}: {amount}", file=sys.stderr, flush=True)

    def restart(self, title: str) -> None:
        """Something else begins: a new bar, and the clock that keeps quick things quiet."""
        self.close()
        self.title = title
        self._began = self._said = time.monotonic()
        self._spoken = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Print between: the bar steps aside."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        yield
        self._bar.start()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, done: int, total: int, text: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(compact=True),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._bar.add_task(text, total=total or None)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total or None, description=text)
