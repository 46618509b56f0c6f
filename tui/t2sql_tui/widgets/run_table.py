"""The table of runs: sorted, marked, and updated cell by cell while runs are at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey

from t2sql.runs import RunSummary
from t2sql_tui import formatting

Rank: TypeAlias = tuple[float, str]
"""What runs are sorted by: a number, or a word in small letters."""


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        key: Its name in the program.
        label: Its head.
        width: Its width in characters.
        text: What it shows of a run.
        rank: What it sorts by; None goes last.
        from_width: The width of the table from which the column is there.
        justify: The side that its text stands on.
    """

    key: str
    label: str
    width: int
    text: Callable[[RunSummary], str]
    rank: Callable[[RunSummary], Rank | None]
    from_width: int = 0
    justify: Literal["left", "right"] = "right"


def _or_none(value: str | None) -> str:
    return formatting.plain(value or formatting.NONE)


def _state(run: RunSummary) -> str:
    return f"{formatting.STATES[run.state][0]} {run.state}"


def _speed(run: RunSummary) -> str:
    return formatting.rate(run.tokens_per_second)


def _best(run: RunSummary) -> str:
    return formatting.score(run.best_score, run.best_n)


def _word(value: str | None) -> Rank:
    return 0.0, str(value or "").lower()


def _number(value: float | None) -> Rank | None:
    number = formatting.number(value)
    return None if number is None else (number, "")


COLUMNS = (
    Column("state", "State", 13, _state, lambda r: _word(r.state), 0, "left"),
    Column("name", "Run", 14, lambda r: formatting.plain(r.name), lambda r: _word(r.name), 0, "left"),
    Column("model", "Model", 16, lambda r: _or_none(r.model), lambda r: _word(r.model), 114, "left"),
    Column("data", "Data", 12, lambda r: _or_none(r.data), lambda r: _word(r.data), 128, "left"),
    Column("stage", "Stage", 8, lambda r: _or_none(r.stage), lambda r: _word(r.stage), 140, "left"),
    Column("step", "Step", 11, lambda r: formatting.steps(r.step, r.steps), lambda r: _number(r.step)),
    Column("train", "Train", 7, lambda r: formatting.loss(r.train_loss), lambda r: _number(r.train_loss)),
    Column("valid", "Valid", 7, lambda r: formatting.loss(r.valid_loss), lambda r: _number(r.valid_loss)),
    Column("speed", "Tok/s", 7, _speed, lambda r: _number(r.tokens_per_second), 98),
    Column("left", "Left", 8, lambda r: formatting.duration(r.left), lambda r: _number(r.left), 152),
    Column("best", "Best", 8, _best, lambda r: _number(r.best_score)),
    Column("updated", "Updated", 9, lambda r: formatting.ago(r.updated), lambda r: _number(r.updated), 86),
)
BY_KEY = {column.key: column for column in COLUMNS}
DOWNWARDS = ("step", "speed", "best", "updated")
"""Columns that are first sorted with the highest value on top; for a loss the lowest is of interest."""
MARK = "mark"


class MarkCell(Text):
    """The cell of a run's mark.

    Attributes:
        path: The run of its row, which the table is sorted by.
    """

    path: Path


class RunTable(DataTable[Text]):
    """A row for each run; it posts what `DataTable` posts. What has not changed is not drawn again.

    Attributes:
        order: The key of the column that the runs are sorted by.
        down: Whether the highest value is on top.
        marks: The marked runs, in the order in which they were marked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "next_order", "Order"),
        Binding("O", "reverse_order", "Reverse the order", show=False),
        Binding("home,g", "scroll_top", "First", show=False),
        Binding("end,G", "scroll_bottom", "Last", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self) -> None:
        """Begin without runs, the ones that were changed last on top."""
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=1)
        self.order = "updated"
        self.down = True
        self.marks: list[Path] = []
        self._shown: list[Column] = []
        self._runs: dict[Path, RunSummary] = {}
        self._cells: dict[Path, tuple[str, ...]] = {}
        self._sequence: list[Path] = []

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        if not 0 <= self.cursor_row < len(self._sequence):
            return None
        return self._runs[self._sequence[self.cursor_row]]

    def show(self, summaries: Iterable[RunSummary]) -> None:
        """Replace the runs.

        Args:
            summaries: All runs to show; their order does not matter.
        """
        self._runs = {run.path: run for run in summaries}
        if not self._shown:
            return
        current = self.current_path
        for path in [path for path in self._cells if path not in self._runs]:
            self.remove_row(str(path))
            del self._cells[path]
        for path, run in self._runs.items():
            self._show_run(path, run)
        self._arrange(current)

    @property
    def current_path(self) -> Path | None:
        """The path of the run under the cursor."""
        return self._sequence[self.cursor_row] if 0 <= self.cursor_row < len(self._sequence) else None

    def toggle_mark(self, path: Path, most: int) -> bool:
        """Mark a run, or unmark it.

        Args:
            path: The run.
            most: How many may be marked.

        Returns:
            False if nothing was changed, because `most` are marked already.
        """
        if path in self.marks:
            self.marks.remove(path)
        elif len(self.marks) >= most:
            return False
        else:
            self.marks.append(path)
        self.show(self._runs.values())
        return True

    def restyle(self) -> None:
        """Build every cell again in the theme's colours."""
        self._build(self.size.width)

    # -- building

    def on_resize(self, event: Resize) -> None:
        """Show the columns that the new width has room for."""
        self._build(event.size.width)

    def _build(self, width: int) -> None:
        if not width:
            return
        current = self.current_path
        self._shown = [column for column in COLUMNS if width >= column.from_width]
        # The mark's column with its padding and the scrollbar; the run's name gets the room that is left.
        used = 3 + 1 + sum(column.width + 2 for column in self._shown)
        spare = max(0, width - used)
        self.clear(columns=True)
        self._cells.clear()
        self._sequence = []
        self.add_column(Text(" "), width=1, key=MARK)
        for column in self._shown:
            grow = spare if column.key == "name" else 0
            self.add_column(self._label(column), width=column.width + grow, key=column.key)
        for path, run in self._runs.items():
            self._show_run(path, run)
        self._arrange(current)

    def _label(self, column: Column) -> Text:
        arrow = (" ▼" if self.down else " ▲") if column.key == self.order else ""
        return Text(column.label + arrow, justify=column.justify, no_wrap=True)

    def _show_run(self, path: Path, run: RunSummary) -> None:
        mark = str(self.marks.index(path) + 1) if path in self.marks else " "
        texts = (mark, *(column.text(run) for column in self._shown))
        before = self._cells.get(path)
        if texts == before:
            return
        self._cells[path] = texts
        keys = (MARK, *(column.key for column in self._shown))
        if before is None:
            cells = (self._cell(key, text, run) for key, text in zip(keys, texts, strict=True))
            self.add_row(*cells, key=str(path))
            return
        for key, text, old in zip(keys, texts, before, strict=True):
            if text != old or key == "state":
                self.update_cell(str(path), key, self._cell(key, text, run))

    def _cell(self, key: str, text: str, run: RunSummary) -> Text:
        colours = self.app.theme_variables
        if key == MARK:
            cell = MarkCell(text, style=f"bold {colours[f'series-{text}']}" if text.strip() else "")
            cell.path = run.path
            return cell
        style = ""
        if key == "state":
            style = colours[formatting.STATES[run.state][1]]
        elif key == "name":
            style = "bold" if run.state == "running" else ""
        elif key == "updated" or text == formatting.NONE:
            style = colours["muted"]
        return Text(text, style=style, justify=BY_KEY[key].justify, no_wrap=True, overflow="ellipsis")

    # -- order

    def _arrange(self, current: Path | None) -> None:
        """Sort the rows, the cursor staying on the run `current`."""
        ranks = {path: BY_KEY[self.order].rank(run) for path, run in self._runs.items()}
        ranked = [(rank, path) for path, rank in ranks.items() if rank is not None]
        ranked.sort(key=lambda pair: self._runs[pair[1]].name)
        ranked.sort(key=lambda pair: pair[0], reverse=self.down)
        # Runs without a value come last, whichever way the others are sorted.
        sequence = [path for _, path in ranked] + [path for path, rank in ranks.items() if rank is None]
        if sequence != self._sequence:
            self._sequence = sequence
            place = {path: i for i, path in enumerate(sequence)}
            self.sort(MARK, key=lambda cell: place[cell.path])
            if current in place:
                self.move_cursor(row=place[current], scroll=False)

    def action_next_order(self) -> None:
        """`o`: sort by the next column."""
        keys = [column.key for column in self._shown]
        index = keys.index(self.order) if self.order in keys else -1
        self._order_by(keys[(index + 1) % len(keys)])

    def action_reverse_order(self) -> None:
        """`O`: the same column the other way round."""
        self._order_by(self.order, down=not self.down)

    @on(DataTable.HeaderSelected)
    def _order_by_header(self, event: DataTable.HeaderSelected) -> None:
        key = event.column_key.value
        if key in BY_KEY:
            self._order_by(key, down=not self.down if key == self.order else None)

    def _order_by(self, key: str, down: bool | None = None) -> None:
        self.order, self.down = key, (key in DOWNWARDS if down is None else down)
        for column in self._shown:
            self.columns[ColumnKey(column.key)].label = self._label(column)
        current = self.current_path
        self._sequence = []
        self._arrange(current)
