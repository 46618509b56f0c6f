"""A progress bar on stderr; a module of its own, since Rich takes long to import and few commands need it."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar:
    """A bar that disappears when it is stopped."""

    def __init__(self, text: str, total: int) -> None:
        """Draw it.

        Args:
            text: What is going on.
            total: Units in all; 0 where that is unknown.
        """
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(text, total=total or None)
        self._progress.start()

    def update(self, done: int, total: int, text: str) -> None:
        """Draw it anew with other figures or another text."""
        self._progress.update(self._task, completed=done, total=total or None, description=text)

    def show(self) -> None:
        """Draw it again after `hide`."""
        self._progress.start()

    def hide(self) -> None:
        """Remove it from the screen."""
        self._progress.stop()
