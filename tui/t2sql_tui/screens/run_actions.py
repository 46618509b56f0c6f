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
from t2sql.runs import RunLayout, RunSummary
from t2sql_tui import formatting, screens
from t2sql_tui.runs import describe, starting
from t2sql_tui.screens.base import BaseScreen


class RunControl(BaseScreen):
    """A screen with a run, and the keys that stop it, go on with it, ask it and open its report.

    Attributes:
        changed: Set when a run was changed.
    """

    changed: threading.Event
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask", "Ask"),
        Binding("p", "report", "Report"),
        Binding("x", "stop", "Stop"),
        Binding("r", "resume", "Resume"),
    ]

    @property
    def current_run(self) -> RunSummary | None:
        """The run under the cursor, or the one that is shown; None where there is none."""
        raise NotImplementedError

    def action_ask(self) -> None:
        """`a`: ask the run's model; its other files are suggested."""
        run = self.current_run
        files = [] if run is None else [str(path) for path in run.model_files()]
        self.app.push_screen(screens.AskScreen(files[0] if files else "", files))

    def action_report(self) -> None:
        """`p`: read the run's report."""
        run = self.current_run
        if run is None:
            return
        path = RunLayout(run.path).report_markdown
        if path.exists():
            self.app.push_screen(screens.ReportScreen(path))
        else:
            self.notify("This run has no report yet.", title="Report", severity="warning")

    def action_resume(self) -> None:
        """`r`: go on with the run under the cursor; one that is at work or done is refused."""
        run = self.current_run
        if run is None:
            return
        if run.state in ("running", "done", "unreadable"):
            self.notify(f"This run is {run.state}.", title="Resume", severity="warning")
        else:
            self.start_run(run.path, ())

    def action_stop(self) -> None:
        """`x`: stop the run under the cursor as Ctrl-C would, once a dialog is confirmed."""
        self.confirm("stop", runs.stop)

    def confirm(self, what: describe.Change, act: Callable[[Path], object]) -> None:
        """Ask before the run is changed.

        Args:
            what: What would be done.
            act: Does it to the run's directory.
        """
        run = self.current_run
        if run is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._act(what, lambda: act(run.path))

        question = describe.question(what, run)
        self.app.push_screen(
            screens.ConfirmScreen(question, what.capitalize(), can_be_undone=what == "stop"), answered
        )

    @work(thread=True, group="begin")
    def start_run(self, path: Path, options: tuple[str, ...]) -> None:
        """Start a run, or go on with it; the last words of one that does not start stay on the screen.

        Args:
            path: The run's directory.
            options: Options of `t2sql run`.
        """
        worker = get_current_worker()
        self._report_failure("start", lambda: starting.start(path, options, lambda: worker.is_cancelled))

    @work(thread=True, group="change")
    def _act(self, what: str, act: Callable[[], object]) -> None:
        self._report_failure(what, act)

    def _report_failure(self, what: str, act: Callable[[], object]) -> None:
        """Act in this worker's thread; what goes wrong stays on the screen until something else succeeds."""
        problem = ""
        try:
            act()
        except (T2sqlError, OSError) as error:
            problem = f"could not {what}: {formatting.plain(error)}"
        if self.is_attached:
            self.app.call_from_thread(self.show_problem, problem)
        self.changed.set()


class RunActions(RunControl):
    """A table of runs, where runs are also started and deleted.

    Attributes:
        root: The directory of runs.
    """

    root: Path
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "start", "New"),
        Binding("D,delete", "delete", "Delete", show=False),
    ]

    def action_start(self) -> None:
        """`n`: open the form of a new run, and start what it describes."""

        def start(order: screens.Order | None) -> None:
            if order is not None:
                self.start_run(order.path, order.options)

        self.app.push_screen(screens.StartScreen(self.root), start)

    def action_delete(self) -> None:
        """`D`: delete the run under the cursor with all its files, once a dialog is confirmed."""
        self.confirm("delete", runs.remove_run)
