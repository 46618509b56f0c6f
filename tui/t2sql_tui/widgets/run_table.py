"""The table of runs: sorted, filtered, and updated cell by cell while runs move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey

from t2sql.runs import RunSummary
from t2sql_tui import formatting


@dataclass(frozen=True)
class Column:
    """A column: how it shows a run, what it sorts by, and the table width from which it is there."""

    key: str
    label: str
    width: int
    text: Callable[[RunSummary], str]
    rank: Callable[[RunSummary], object]
    from_width: int = 0
    justify: Literal["left", "right"] = "right"


def _number(name: str) -> Callable[[RunSummary], object]:
    return lambda run: formatting.number(getattr(run, name))


def _word(name: str) -> Callable[[RunSummary], object]:
    return lambda run: str(getattr(run, name) or "").lower()


def _or_none(value: str | None) -> str:
    return formatting.plain(value or formatting.NONE)


def _state(run: RunSummary) -> str:
    return f"{formatting.STATES[run.state][0]} {run.state}"


def _speed(run: RunSummary) -> str:
    return formatting.rate(run.tokens_per_second)


COLUMNS = (
    Column("state", "State", 13, _state, _word("state"), 0, "left"),
    Column("name", "Run", 14, lambda run: formatting.plain(run.name), _word("name"), 0, "left"),
    Column("model", "Model", 16, lambda run: _or_none(run.model), _word("model"), 114, "left"),
    Column("data", "Data", 12, lambda run: _or_none(run.data), _word("data"), 128, "left"),
    Column("stage", "Stage", 8, lambda run: _or_none(run.stage), _word("stage"), 140, "left"),
    Column("step", "Step", 11, lambda run: formatting.steps(run.step, run.steps), _number("step")),
    Column("train", "Train", 7, lambda run: formatting.loss(run.train_loss), _number("train_loss")),
    Column("valid", "Valid", 7, lambda run: formatting.loss(run.valid_loss), _number("valid_loss")),
    Column("speed", "Tok/s", 7, _speed, _number("tokens_per_second"), 98),
    Column("left", "Left", 8, lambda run: formatting.duration(run.left), _number("left"), 152),
    Column("best", "Best", 7, lambda run: formatting.percent(run.best_score), _number("best_score")),
    Column("updated", "Updated", 9, lambda run: formatting.ago(run.updated), _number("updated"), 86),
)
BY_KEY = {column.key: column for column in COLUMNS}
# What one wants to see first: the newest, the fastest, the best score; but the lowest loss.
DOWNWARDS = ("step", "speed", "best", "updated")
MARK = "mark"


class MarkCell(Text):
    """The cell of the mark, which also knows its row."""

    path: Path


class RunTable(DataTable[Text]):
    """Runs by path. `show(summaries)` takes all of them; what is unchanged costs nothing."""

    @dataclass
    class Sorted(Message):
        """The order changed: a column and whether downwards."""

        column: str
        down: bool

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "next_order", "Order"),
        Binding("O", "turn_order", "Reverse the order", show=False),
        Binding("home,g", "scroll_top", "First", show=False),
        Binding("end,G", "scroll_bottom", "Last", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self) -> None:
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
        if not 0 <= self.cursor_row < len(self._sequence):
            return None
        return self._runs[self._sequence[self.cursor_row]]

    def show(self, summaries: Iterable[RunSummary]) -> None:
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
        return self._sequence[self.cursor_row] if 0 <= self.cursor_row < len(self._sequence) else None

    def toggle_mark(self, path: Path, most: int) -> bool:
        """Mark or unmark a run; False when there are `most` already."""
        if path in self.marks:
            self.marks.remove(path)
        elif len(self.marks) >= most:
            return False
        else:
            self.marks.append(path)
        self.show(self._runs.values())
        return True

    def restyle(self) -> None:
        """Build every cell again, in the colours of the theme that is on now."""
        self._build(self.size.width)

    # -- building

    def on_resize(self, event: Resize) -> None:
        self._build(event.size.width)

    def _build(self, width: int) -> None:
        if not width:
            return
        current = self.current_path
        self._shown = [column for column in COLUMNS if width >= column.from_width]
        # The mark's column, the padding of all of them, the scrollbar; the name gets what is left.
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
        rank = BY_KEY[self.order].rank
        known = [run for run in self._runs.values() if rank(run) is not None]
        blank = [run for run in self._runs.values() if rank(run) is None]
        known.sort(key=lambda run: run.name)
        known.sort(key=rank, reverse=self.down)  # type: ignore[arg-type]
        # Runs without a value come last, whichever way the others are sorted.
        sequence = [run.path for run in known + blank]
        if sequence != self._sequence:
            self._sequence = sequence
            place = {path: i for i, path in enumerate(sequence)}
            self.sort(MARK, key=lambda cell: place[cell.path])
            if current in place:
                self.move_cursor(row=place[current], scroll=False)

    def action_next_order(self) -> None:
        keys = [column.key for column in self._shown]
        at = keys.index(self.order) if self.order in keys else -1
        self._order_by(keys[(at + 1) % len(keys)])

    def action_turn_order(self) -> None:
        self._order_by(self.order, down=not self.down)

    @on(DataTable.HeaderSelected)
    def _header_clicked(self, event: DataTable.HeaderSelected) -> None:
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
        self.post_message(self.Sorted(key, self.down))
