"""Up to six runs over each other: their losses, their checkpoints, their files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError
from t2sql_tui import formatting
from t2sql_tui.runs import tables
from t2sql_tui.runs.differing import Source
from t2sql_tui.runs.history import History
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.themes import MOST_SERIES
from t2sql_tui.widgets.chart import Chart, Line
from t2sql_tui.widgets.top_bar import TopBar

POLL_SECONDS = 0.5
VIEWS = {"valid": "Validation loss", "loss": "Training loss", "learning_rate": "Learning rate"}
VIEWS |= {"tokens_per_second": "Tokens per second", "memory_bytes": "Memory"}


class ComparisonTable(DataTable[Text]):
    """Rows of several runs, each with the number and colour that its run has in the chart."""

    def __init__(self, id: str, title: str, columns: Sequence[str]) -> None:
        super().__init__(id=id, classes="table", cursor_type="row", cell_padding=1)
        self.border_title = title
        self._labels = columns
        self._rows: list[tuple[int, tables.Row]] = []

    def show(self, rows: list[tuple[int, tables.Row]], *, force: bool = False) -> None:
        if rows == self._rows and self.columns and not force:
            return
        self._rows = rows
        cursor = self.cursor_row
        self.clear(columns=True)
        self.add_column(" ", width=1)
        for i, label in enumerate(self._labels):
            # Widths that are measured later can leave lines as they were drawn before.
            width = max(cell_len(label), *(cell_len(row[i]) for _, row in rows), 1)
            self.add_column(Text(label, justify="left" if self._left(i) else "right"), width=width)
        for number, row in rows:
            mark = Text(str(number), style=f"bold {self.app.theme_variables[f'series-{number}']}")
            self.add_row(mark, *(self._cell(i, text) for i, text in enumerate(row)))
        self.move_cursor(row=cursor)

    def _cell(self, column: int, text: str) -> Text:
        style = "bold" if "★" in text else self.app.theme_variables["error"] if "✗" in text else ""
        return Text(text, style=style, justify="left" if self._left(column) else "right", no_wrap=True)

    def _left(self, column: int) -> bool:
        """Words stand left, numbers right."""
        return self._labels[column] in ("File", "On", "Verify")


class CompareScreen(BaseScreen):
    """A worker reads the runs; they may still be at work."""

    class Advanced(Message):
        """At least one of the runs has more than was shown."""

    @dataclass
    class Unreadable(Message):
        problem: str

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back", key_display="esc"),
        Binding("m", "next_view", "Metric"),
        Binding("f", "other_table", "Other table"),
        Binding("space", "mark_file", "Mark file"),
        Binding("d", "differ", "Differing"),
    ]

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self.histories = [History(path) for path in paths[:MOST_SERIES]]
        self.heading = f"Compare {len(self.histories)} runs" if len(paths) > 1 else "One run's files"
        self.view = "valid"
        self.marked: list[Source] = []
        self._sources: list[Source] = []
        self._wake = threading.Event()
        self._shown = threading.Event()

    def body(self) -> ComposeResult:
        yield Static(id="problem", markup=False)
        with Horizontal(id="upper"):
            yield Chart(VIEWS[self.view])
        with Horizontal(id="lower"):
            yield ComparisonTable("checkpoints", "Checkpoints", tables.CHECKPOINT_COLUMNS)
            yield ComparisonTable("files", "Files", tables.FILE_COLUMNS)

    def on_mount(self) -> None:
        names = [(f"{i} {formatting.plain(h.path.name, 24)}", f"$series-{i}") for i, h in self._numbered()]
        self.query_one(TopBar).show(self.heading, names)
        self.query_one(Chart).plot.focus()
        self._shown.set()
        self._watch()

    def on_unmount(self) -> None:
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
        sources: dict[str, Callable[[History], list[tables.Row]]]
        sources = {"#checkpoints": tables.checkpoints, "#files": tables.files}
        for id, rows_of in sources.items():
            rows = [(i, row) for i, history in self._numbered() for row in rows_of(history)]
            self.query_one(id, ComparisonTable).show(rows, force=force)
        self._sources = [source for history in self.histories for source in tables.sources(history)]

    def action_mark_file(self) -> None:
        """Two files are compared by their questions; a third takes the place of the first."""
        table = self.query_one("#files", ComparisonTable)
        if not self._sources or table.cursor_row >= len(self._sources):
            return
        source = self._sources[table.cursor_row]
        if source in self.marked:
            self.marked.remove(source)
        else:
            self.marked = [*self.marked[-1:], source]
        table.border_subtitle = " | ".join(one.label for one in self.marked)

    def action_differ(self) -> None:
        if len(self.marked) < 2:
            self.notify(
                "Mark two files with Space in the table of files (f) first.",
                title="Differing questions",
                severity="warning",
            )
            return
        from t2sql_tui.screens.differ import DifferScreen

        self.app.push_screen(DifferScreen(self.marked[0], self.marked[1]))

    def action_next_view(self) -> None:
        names = list(VIEWS)
        self.view = names[(names.index(self.view) + 1) % len(names)]
        chart = self.query_one(Chart)
        chart.border_title = VIEWS[self.view]
        chart.plot.action_reset_scales()
        self._show_chart()

    def action_other_table(self) -> None:
        """In a narrow terminal the two tables share a place; in a wide one the focus goes over."""
        self.toggle_class("-files")
        self.query_one("#files" if self.has_class("-files") else "#checkpoints").focus()

    def restyle(self) -> None:
        self.query_one(Chart).draw()
        self._show_tables(force=True)
