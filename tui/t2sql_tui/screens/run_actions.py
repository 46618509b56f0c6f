"""What can be done to runs from their table: start, go on with, stop, delete. Each in a thread beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.worker import get_current_worker

from t2sql_tui import formatting
from t2sql_tui.runs import describe
from t2sql_tui.screens.base import BaseScreen

if TYPE_CHECKING:
    from t2sql.runs import RunSummary


class RunActions(BaseScreen):
    """For a screen that has a run under its cursor; `changed` is set when a run was changed."""

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
        raise NotImplementedError

    def action_start(self) -> None:
        from t2sql_tui.screens.start import Order, StartScreen

        def given(order: Order | None) -> None:
            if order is not None:
                self._begin(order.path, order.options)

        self.app.push_screen(StartScreen(self.root), given)

    def action_resume(self) -> None:
        run = self.current_run
        if run is None:
            return
        if run.state in ("running", "done", "unreadable"):
            self.notify(f"This run is {run.state}.", title="Resume", severity="warning")
        else:
            self._begin(run.path, ())

    def action_stop(self) -> None:
        from t2sql import runs

        self._after_question("stop", runs.stop)

    def action_delete(self) -> None:
        from t2sql import runs

        self._after_question("delete", runs.remove_run)

    def _after_question(self, what: str, act: Callable[[Path], object]) -> None:
        run = self.current_run
        if run is None:
            return
        from t2sql_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self._act(what, lambda: act(run.path))

        self.app.push_screen(ConfirmScreen(describe.question(what, run), what.capitalize()), answered)

    @work(thread=True, group="begin")
    def _begin(self, path: Path, options: tuple[str, ...]) -> None:
        from t2sql_tui.runs import starting

        worker = get_current_worker()
        self._told("start", lambda: starting.start(path, options, lambda: worker.is_cancelled))

    @work(thread=True, group="change")
    def _act(self, what: str, act: Callable[[], object]) -> None:
        self._told(what, act)

    def _told(self, what: str, act: Callable[[], object]) -> None:
        """Do it, and say why when it cannot be done; in a worker's thread."""
        from t2sql.errors import T2sqlError

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
