"""The first screen: the runs of a directory, in a table to sort, filter, mark and open from."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable, Input, Static
from textual.worker import get_current_worker

from t2sql.runs import RunSummary
from t2sql_tui import formatting, screens
from t2sql_tui.runs import describe
from t2sql_tui.runs.scan import Scanner
from t2sql_tui.screens.run_actions import RunActions
from t2sql_tui.themes import MOST_SERIES
from t2sql_tui.widgets.run_table import RunTable
from t2sql_tui.widgets.top_bar import TopBar

POLL_SECONDS = 1.0
BATCH = 25
"""How many runs are read before the table shows them, while the rest is still being read."""


class RunsScreen(RunActions):
    """A worker reads the directory again and again and posts `Scanned`; the table shows it."""

    @dataclass
    class Scanned(Message):
        """The runs that are known now.

        Attributes:
            summaries: The runs by path.
            whole: Whether the scan is complete.
        """

        summaries: dict[Path, RunSummary]
        whole: bool

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", priority=False),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare"),
        Binding("a", "ask", "Ask"),
        Binding("escape", "unfilter", "Clear the filter and marks", show=False),
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(self, root: Path) -> None:
        """Read nothing yet.

        Args:
            root: The directory of runs; it need not exist yet.
        """
        super().__init__()
        self.root = root
        self.heading = f"Runs in {formatting.plain(root, 60)}"
        self._scanner = Scanner(root)
        self._summaries: dict[Path, RunSummary] = {}
        self.changed = threading.Event()
        self._whole = False

    def body(self) -> ComposeResult:
        """The table, what to do when it is empty, a run's details, and the filter's input."""
        yield RunTable()
        yield Static(id="empty", markup=False)
        yield Static(id="details", markup=False)
        yield Input(
            placeholder="words that the run, its state, model or data contain", id="filter", compact=True
        )

    def on_mount(self) -> None:
        """Give the table the focus, and start to read once the screen is painted."""
        self.query_one(RunTable).focus()
        self.call_after_refresh(self._watch)

    def on_unmount(self) -> None:
        """Wake the worker, which then ends."""
        self.changed.set()

    def on_screen_resume(self) -> None:
        """Read at once what changed while another screen was open."""
        self.changed.set()

    # -- reading

    @work(thread=True, group="scan", exclusive=True, exit_on_error=True)
    def _watch(self) -> None:
        worker = get_current_worker()
        while not worker.is_cancelled and self.is_attached:
            if self.is_active or not self._whole:
                self._scan()
            self.changed.wait(POLL_SECONDS)
            self.changed.clear()

    def _scan(self) -> None:
        before = len(self._scanner.summaries)
        fresh = 0
        for fresh, _ in enumerate(self._scanner.scan(), 1):
            if fresh % BATCH == 0:
                self.post_message(self.Scanned(dict(self._scanner.summaries), False))
        if fresh or len(self._scanner.summaries) != before or not self._whole:
            self.post_message(self.Scanned(dict(self._scanner.summaries), True))

    @on(Scanned)
    def _show_scanned(self, event: Scanned) -> None:
        first = not self._whole and event.whole
        self._summaries = event.summaries
        self._whole = self._whole or event.whole
        self._show()
        if first:
            self.set_interval(POLL_SECONDS, self._show)

    # -- showing

    def _show(self) -> None:
        """Show what is known now; called each second as well, for the ages."""
        table = self.query_one(RunTable)
        words = self.query_one("#filter", Input).value.lower().split()
        matching = [run for run in self._summaries.values() if _matches(run, words)]
        table.marks = [path for path in table.marks if path in self._summaries]
        table.show(matching)
        self._show_empty(bool(matching))
        running = sum(run.state == "running" for run in self._summaries.values())
        counts = f"{len(self._summaries)} run" + "s" * (len(self._summaries) != 1)
        if words:
            counts = f"{len(matching)} of {counts}"
        parts = [(counts, "$muted")]
        if running:
            parts.append((f"● {running} running", "$primary"))
        if table.marks:
            parts.append((f"{len(table.marks)} marked", "$secondary"))
        self.query_one(TopBar).show(self.heading, parts)
        self._show_details()

    def _show_empty(self, any_run: bool) -> None:
        # Until the whole directory was read, it may still turn out to hold a run.
        self.set_class(not any_run and self._whole, "-empty")
        if not any_run:
            text = describe.no_match() if self._summaries else describe.no_runs(self.root)
            self.query_one("#empty", Static).update(text)

    @on(DataTable.RowHighlighted)
    def _show_details(self) -> None:
        self.query_one("#details", Static).update(describe.details(self.query_one(RunTable).current))

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self.query_one(RunTable).focus()

    # -- keys

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        """Enter: open the run under the cursor."""
        run = self.query_one(RunTable).current
        if run is not None:
            self.app.push_screen(screens.RunScreen(run.path))

    def action_filter(self) -> None:
        """`/`: type words that a run must contain."""
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    def action_unfilter(self) -> None:
        """Escape: clear the filter; where there is none, the marks."""
        table, box = self.query_one(RunTable), self.query_one("#filter", Input)
        if not box.value and not box.has_focus:
            table.marks.clear()
        box.value = ""
        self.remove_class("-filtering")
        table.focus()
        self._show()

    def action_mark(self) -> None:
        """Space: mark the run under the cursor for `c`, or unmark it, and go to the next."""
        table = self.query_one(RunTable)
        run = table.current
        if run is None or run.problem:
            return
        if not table.toggle_mark(run.path, MOST_SERIES):
            self.notify(f"At most {MOST_SERIES} runs can be compared.", severity="warning")
        table.action_cursor_down()
        self._show()

    def action_compare(self) -> None:
        """`c`: compare the marked runs, or show the files of the one under the cursor."""
        table = self.query_one(RunTable)
        chosen = list(table.marks) or ([table.current.path] if table.current is not None else [])
        if not chosen:
            return
        self.app.push_screen(screens.CompareScreen(chosen))

    def action_ask(self) -> None:
        """`a`: ask the model of the run under the cursor; its other files are suggested."""
        run = self.query_one(RunTable).current
        files = [] if run is None else [str(path) for path in run.model_files()]
        self.app.push_screen(screens.AskScreen(files[0] if files else "", files))

    @property
    def current_run(self) -> RunSummary | None:
        """The run under the table's cursor."""
        return self.query_one(RunTable).current

    def restyle(self) -> None:
        """Build the table's cells again in the theme's colours."""
        self.query_one(RunTable).restyle()


def _matches(run: RunSummary, words: Iterable[str]) -> bool:
    text = " ".join(str(part or "") for part in (run.name, run.state, run.model, run.data, run.stage)).lower()
    return all(word in text for word in words)
