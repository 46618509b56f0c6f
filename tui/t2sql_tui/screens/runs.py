"""The runs of a directory, live: a table to sort, filter, mark and open from."""

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
from t2sql_tui import formatting
from t2sql_tui.runs import describe
from t2sql_tui.runs.scan import Scanner
from t2sql_tui.screens.run_actions import RunActions
from t2sql_tui.themes import MOST_SERIES
from t2sql_tui.widgets.run_table import RunTable
from t2sql_tui.widgets.top_bar import TopBar

POLL_SECONDS = 1.0
BATCH = 25


class RunsScreen(RunActions):
    """The first screen. A worker reads the directory; the table shows what it posts."""

    @dataclass
    class Scanned(Message):
        """What is there now, by path; `whole` when the scan has come to its end."""

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
        super().__init__()
        self.root = root
        self.heading = f"Runs in {formatting.plain(root, 60)}"
        self._scanner = Scanner(root)
        self._summaries: dict[Path, RunSummary] = {}
        self.changed = threading.Event()
        self._whole = False

    def body(self) -> ComposeResult:
        yield RunTable()
        yield Static(id="empty", markup=False)
        yield Static(id="details", markup=False)
        yield Input(
            placeholder="words that the run, its state, model or data contain", id="filter", compact=True
        )

    def on_mount(self) -> None:
        self.query_one(RunTable).focus()
        # After the first paint, so that reading hundreds of runs cannot delay it.
        self.call_after_refresh(self._watch)

    def on_unmount(self) -> None:
        self.changed.set()

    def on_screen_resume(self) -> None:
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
        """The table as it is now; also called each second, for the ages."""
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
        # Not before the whole root was read: until then nobody knows that it is empty.
        self.set_class(not any_run and self._whole, "-empty")
        if not any_run:
            text = describe.no_match() if self._summaries else describe.no_runs(self.root)
            self.query_one("#empty", Static).update(text)

    @on(DataTable.RowHighlighted)
    def _show_details(self) -> None:
        self.query_one("#details", Static).update(describe.details(self.query_one(RunTable).current))

    @on(Input.Changed, "#filter")
    def _filter_typed(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(RunTable).focus()

    # -- keys

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        run = self.query_one(RunTable).current
        if run is not None:
            from t2sql_tui.screens.run import RunScreen

            self.app.push_screen(RunScreen(run.path))

    def action_filter(self) -> None:
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    def action_unfilter(self) -> None:
        table, box = self.query_one(RunTable), self.query_one("#filter", Input)
        if not box.value and not box.has_focus:
            table.marks.clear()
        box.value = ""
        self.remove_class("-filtering")
        table.focus()
        self._show()

    def action_mark(self) -> None:
        table = self.query_one(RunTable)
        run = table.current
        if run is None or run.problem:
            return
        if not table.toggle_mark(run.path, MOST_SERIES):
            self.notify(f"At most {MOST_SERIES} runs can be compared.", severity="warning")
        table.action_cursor_down()
        self._show()

    def action_compare(self) -> None:
        table = self.query_one(RunTable)
        chosen = list(table.marks) or ([table.current.path] if table.current is not None else [])
        if not chosen:
            return
        from t2sql_tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(chosen))

    def action_ask(self) -> None:
        """Ask the run under the cursor; its other files are suggested."""
        from t2sql_tui.screens.ask import AskScreen

        run = self.query_one(RunTable).current
        own = [] if run is None else [str(path) for path in run.model_files()]
        self.app.push_screen(AskScreen(own[0] if own else "", own))

    @property
    def current_run(self) -> RunSummary | None:
        return self.query_one(RunTable).current

    def restyle(self) -> None:
        self.query_one(RunTable).restyle()


def _matches(run: RunSummary, words: Iterable[str]) -> bool:
    text = " ".join(str(part or "") for part in (run.name, run.state, run.model, run.data, run.stage)).lower()
    return all(word in text for word in words)
