"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called now and then while work goes on; a caller may raise to end the work."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Report progress.

        Args:
            done: Units that are done.
            total: Units in all; `done` never exceeds it.
            what: What is being worked on, such as a file's or a tensor's name.
        """
