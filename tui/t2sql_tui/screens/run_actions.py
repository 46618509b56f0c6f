"""What can be done to runs from their table: start, resume, stop and delete, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.worker import get_current_worker

from t2sql import runs
from t2sql.errors import T2sqlError
from t2sql.runs import RunSummary
from t2sql_tui import formatting, screens
from t2sql_tui.runs import describe, starting
from t2sql_tui.screens.base import BaseScreen


class RunActions(BaseScreen):
    """A screen with a run under its cursor, and the keys that change runs.

    Attributes:
        root: The directory of runs.
        changed: Set when a run was changed.
    """

    root: Path
    changed: threading.Event
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "start", "New"),
        Binding("r", "resume", "Resume", show=False),
        Binding("x", "stop", "Stop", show=False),
        Binding("d", "delete", "Delete", show=False),
    ]

    @property
    def current_run(self) -> RunSummary | None:
        """The run under the cursor; None where there is none."""
        raise NotImplementedError

    def action_start(self) -> None:
        """`n`: open the form of a new run, and start what it describes."""

        def start(order: screens.Order | None) -> None:
            if order is not None:
                self._start(order.path, order.options)

        self.app.push_screen(screens.StartScreen(self.root), start)

    def action_resume(self) -> None:
        """`r`: go on with the run under the cursor; one that is at work or done is refused."""
        run = self.current_run
        if run is None:
            return
        if run.state in ("running", "done", "unreadable"):
            self.notify(f"This run is {run.state}.", title="Resume", severity="warning")
        else:
            self._start(run.path, ())

    def action_stop(self) -> None:
        """`x`: stop the run under the cursor as Ctrl-C would, once a dialog is confirmed."""
        self._confirm("stop", runs.stop)

    def action_delete(self) -> None:
        """`d`: delete the run under the cursor with all its files, once a dialog is confirmed."""
        self._confirm("delete", runs.remove_run)

    def _confirm(self, what: describe.Change, act: Callable[[Path], object]) -> None:
        run = self.current_run
        if run is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._act(what, lambda: act(run.path))

        question = describe.question(what, run)
        self.app.push_screen(screens.ConfirmScreen(question, what.capitalize()), answered)

    @work(thread=True, group="begin")
    def _start(self, path: Path, options: tuple[str, ...]) -> None:
        worker = get_current_worker()
        self._report_failure("start", lambda: starting.start(path, options, lambda: worker.is_cancelled))

    @work(thread=True, group="change")
    def _act(self, what: str, act: Callable[[], object]) -> None:
        self._report_failure(what, act)

    def _report_failure(self, what: str, act: Callable[[], object]) -> None:
        """Act in this worker's thread; what goes wrong becomes a notification."""
        try:
            act()
        except (T2sqlError, OSError) as error:
            self.app.call_from_thread(
                self.notify,
                formatting.plain(error),
                title=f"Could not {what}",
                severity="error",
                markup=False,
                timeout=10,
            )
        self.changed.set()
