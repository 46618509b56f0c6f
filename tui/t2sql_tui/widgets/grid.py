"""The rows of a result, however many: only the lines in sight are ever built."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from t2sql.sql import printable, value_text
from t2sql.text import pad, shorten
from t2sql.text import width as text_width

WIDEST = 40
"""Cells that a column has at most; longer values are cut."""
SAMPLE = 500
"""Rows at each end of a result that the columns' widths are measured on."""
Value: TypeAlias = Any
"""A database's value: a number, text, bytes, None, or a type of the database's own."""
Row: TypeAlias = Sequence[Value]


class Grid(ScrollView, can_focus=True):
    """A table of values with a cursor on one cell. A column is as wide as its first and last rows need.

    Attributes:
        columns: The columns' names.
        rows: The rows.
        cursor: Row and column of the cursor, from 0.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"grid--header", "grid--cursor", "grid--null"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1, 0)", "Up", show=False),
        Binding("down,j", "move(1, 0)", "Down", show=False),
        Binding("left", "move(0, -1)", "Left", show=False),
        Binding("right", "move(0, 1)", "Right", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "ends(0)", "First row", show=False),
        Binding("end", "ends(1)", "Last row", show=False),
        Binding("y", "copy_cell", "Copy cell", show=False),
        Binding("Y", "copy_row", "Copy row", show=False),
    ]

    def __init__(self, name: str) -> None:
        """Begin without rows.

        Args:
            name: The widget's id.
        """
        super().__init__(id=name)
        self.columns: tuple[str, ...] = ()
        self.rows: Sequence[Row] = ()
        self.cursor = (0, 0)
        self._widths: list[int] = []

    def show(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Replace what is shown.

        Args:
            columns: The columns' names.
            rows: The rows, each as long as `columns`; they are not copied.
        """
        self.columns, self.rows, self.cursor = tuple(columns), rows, (0, 0)
        ends = [*rows[:SAMPLE], *rows[-SAMPLE:]]
        self._widths = [
            min(WIDEST, max([text_width(cell(name)), *(text_width(cell(row[i])) for row in ends)]))
            for i, name in enumerate(self.columns)
        ]
        self.virtual_size = Size(sum(self._widths) + 2 * len(self._widths), len(rows) + 1)
        self.scroll_to(0, 0, animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line `y` of the widget: the head, a row, or a blank below the last one."""
        scroll_x, scroll_y = self.scroll_offset
        width = self.size.width
        base = self.rich_style
        row = y + scroll_y - 1
        if y == 0:
            # The head does not scroll.
            strip = self._strip(self.columns, self.get_component_rich_style("grid--header"), base, None)
        elif row < len(self.rows):
            cursor = self.cursor[1] if row == self.cursor[0] else None
            strip = self._strip(self.rows[row], base, base, cursor)
        else:
            return Strip.blank(width, base)
        return strip.crop_extend(scroll_x, scroll_x + width, base)

    def _strip(self, values: Row, style: Style, base: Style, cursor: int | None) -> Strip:
        segments = []
        for i, (value, cells) in enumerate(zip(values, self._widths, strict=False)):
            text = cell(value)
            number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            text = pad(shorten(text, cells), cells, right=number)
            shown = self.get_component_rich_style("grid--null") if value is None else style
            if i == cursor:
                shown = self.get_component_rich_style("grid--cursor")
            segments += [Segment(f" {text} ", shown)]
        return Strip(segments or [Segment("", base)])

    # -- moving and copying

    def action_move(self, down: int, right: int) -> None:
        """An arrow, j or k: move the cursor by so many rows and columns, as far as there are any."""
        row, column = self.cursor
        self.cursor = (
            max(0, min(row + down, len(self.rows) - 1)),
            max(0, min(column + right, len(self.columns) - 1)),
        )
        row, column = self.cursor
        left = sum(self._widths[:column]) + 2 * column
        width = self._widths[column] + 2 if self._widths else 0
        # Two lines high, since the head covers one.
        self.scroll_to_region(Region(left, row, width, 2), animate=False)
        self.refresh()

    def action_page(self, direction: int) -> None:
        """Page up (-1) or Page down (1)."""
        self.action_move(direction * max(1, self.size.height - 2), 0)

    def action_ends(self, last: int) -> None:
        """Home (0) or End (1): the first or the last row."""
        self.action_move(len(self.rows) if last else -len(self.rows), 0)

    def on_click(self, event: Click) -> None:
        """Move the cursor to the cell that was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or not self.rows:
            return
        x, row = offset.x + self.scroll_offset.x, offset.y + self.scroll_offset.y - 1
        column = 0
        while column < len(self._widths) - 1 and x >= self._widths[column] + 2:
            x -= self._widths[column] + 2
            column += 1
        self.action_move(max(0, row) - self.cursor[0], column - self.cursor[1])

    def action_copy_cell(self) -> None:
        """`y`: copy the whole value under the cursor."""
        if self.rows:
            row, column = self.cursor
            self._copy(value_text(self.rows[row][column]), "the cell")

    def action_copy_row(self) -> None:
        """`Y`: copy the values of the row under the cursor, with tabs between them."""
        if self.rows:
            self._copy("\t".join(map(value_text, self.rows[self.cursor[0]])), "the row")

    def _copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {what}: {len(text):,} characters.", markup=False)


def cell(value: Value) -> str:
    """A value on one line, as `t2sql ask` prints it."""
    return printable(value, WIDEST)
