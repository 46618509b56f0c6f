"""The screen that compares up to six runs: their losses in one chart, checkpoints and files in tables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError
from t2sql_tui import formatting, screens
from t2sql_tui.runs import tables
from t2sql_tui.runs.differing import Predictions
from t2sql_tui.runs.history import History
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.themes import MOST_SERIES
from t2sql_tui.widgets.chart import Chart, Line
from t2sql_tui.widgets.comparison_table import ComparisonTable
from t2sql_tui.widgets.top_bar import TopBar

POLL_SECONDS = 0.5
VIEWS = {
    "valid": "Validation loss",
    "loss": "Training loss",
    "learning_rate": "Learning rate",
    "tokens_per_second": "Tokens per second",
    "memory_bytes": "Memory",
}
"""What the chart can show: the validation losses, or a metric of training."""


class CompareScreen(BaseScreen):
    """A worker reads the runs, which may be at work, and posts `Advanced`, never more than one at a time.

    Attributes:
        histories: What was read of each run.
        view: Which of `VIEWS` the chart shows.
        marked: The files whose answers `d` compares: at most two.
    """

    class Advanced(Message):
        """At least one of the runs has more than was shown."""

    @dataclass
    class Unreadable(Message):
        """A run cannot be opened.

        Attributes:
            problem: Why.
        """

        problem: str

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back", key_display="esc"),
        Binding("m", "next_view", "Metric"),
        Binding("f", "other_table", "Other table"),
        Binding("space", "mark_file", "Mark file"),
        Binding("d", "differ", "Differing"),
    ]

    def __init__(self, paths: Sequence[Path]) -> None:
        """Read nothing yet.

        Args:
            paths: The run directories; what goes beyond `MOST_SERIES` is left out.
        """
        super().__init__()
        self.histories = [History(path) for path in paths[:MOST_SERIES]]
        self.heading = f"Compare {len(self.histories)} runs" if len(paths) > 1 else "One run's files"
        self.view = "valid"
        self.marked: list[Predictions] = []
        self._predictions: list[Predictions] = []
        self._wake = threading.Event()
        self._shown = threading.Event()

    def body(self) -> ComposeResult:
        """The chart above the two tables."""
        yield Static(id="problem", markup=False)
        with Horizontal(id="upper"):
            yield Chart(VIEWS[self.view])
        with Horizontal(id="lower"):
            yield ComparisonTable("checkpoints", "Checkpoints", tables.CHECKPOINT_COLUMNS)
            yield ComparisonTable("files", "Files", tables.FILE_COLUMNS)

    def on_mount(self) -> None:
        """Give the chart the focus, and start to read."""
        names = [(f"{i} {formatting.plain(h.path.name, 24)}", f"$series-{i}") for i, h in self._numbered()]
        self.query_one(TopBar).show(self.heading, names)
        self.query_one(Chart).plot.focus()
        self._shown.set()
        self._watch()

    def on_unmount(self) -> None:
        """Wake the worker, which then ends."""
        self._wake.set()

    def _numbered(self) -> list[tuple[int, History]]:
        return list(enumerate(self.histories, 1))

    @work(thread=True, group="read", exclusive=True)
    def _watch(self) -> None:
        worker = get_current_worker()
        while not worker.is_cancelled and self.is_attached:
            changed = False
            for history in self.histories:
                try:
                    changed = history.read() or changed
                except (T2sqlError, OSError) as error:
                    self.post_message(self.Unreadable(formatting.plain(error)))
            if changed and self._shown.wait(5.0):
                self._shown.clear()
                self.post_message(self.Advanced())
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    @on(Unreadable)
    def _show_problem(self, event: Unreadable) -> None:
        self.add_class("-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), event.problem))

    @on(Advanced)
    def _show(self) -> None:
        self._show_chart()
        self._show_tables()
        self._shown.set()

    def _show_chart(self) -> None:
        lines = []
        for i, history in self._numbered():
            series = history.valid if self.view == "valid" else history.train[self.view]
            mark = history.chosen if self.view == "valid" else None
            label = f"{i} {formatting.plain(history.path.name, 16)}"
            smoothed = self.view != "valid"
            tag = str(i) if len(self.histories) > 1 else ""
            lines.append(Line(label, series, f"series-{i}", smoothed=smoothed, mark=mark, tag=tag))
        self.query_one(Chart).show(lines, "loss" if self.view == "valid" else self.view)

    def _show_tables(self, force: bool = False) -> None:
        contents: dict[str, Callable[[History], list[tables.Row]]]
        contents = {"#checkpoints": tables.checkpoints, "#files": tables.files}
        for selector, rows_of in contents.items():
            rows = [(i, row) for i, history in self._numbered() for row in rows_of(history)]
            self.query_one(selector, ComparisonTable).show(rows, force=force)
        self._predictions = [file for history in self.histories for file in tables.predictions(history)]

    def action_mark_file(self) -> None:
        """Space: mark the file under the cursor for `d`, or unmark it; a third replaces the first."""
        table = self.query_one("#files", ComparisonTable)
        if not self._predictions or table.cursor_row >= len(self._predictions):
            return
        file = self._predictions[table.cursor_row]
        if file in self.marked:
            self.marked.remove(file)
        else:
            self.marked = [*self.marked[-1:], file]
        table.border_subtitle = " | ".join(one.label for one in self.marked)

    def action_differ(self) -> None:
        """`d`: open the questions that only one of the two marked files answers rightly."""
        if len(self.marked) < 2:
            self.notify(
                "Mark two files with Space in the table of files (f) first.",
                title="Differing questions",
                severity="warning",
            )
            return
        self.app.push_screen(screens.DifferScreen(self.marked[0], self.marked[1]))

    def action_next_view(self) -> None:
        """`m`: show the next metric."""
        names = list(VIEWS)
        self.view = names[(names.index(self.view) + 1) % len(names)]
        chart = self.query_one(Chart)
        chart.border_title = VIEWS[self.view]
        chart.plot.action_reset_scales()
        self._show_chart()

    def action_other_table(self) -> None:
        """`f`: show the other table where only one has room; else give it the focus."""
        self.toggle_class("-files")
        self.query_one("#files" if self.has_class("-files") else "#checkpoints").focus()

    def restyle(self) -> None:
        """Draw the chart and build the tables again in the theme's colours."""
        self.query_one(Chart).draw()
        self._show_tables(force=True)
