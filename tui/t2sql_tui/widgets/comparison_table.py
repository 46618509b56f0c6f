"""A table of checkpoints or files of several runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import DataTable

from t2sql_tui.runs.tables import Row

NumberedRow = tuple[int, Row]
LEFT = ("File", "On", "Verify")
"""Columns of words, which stand left; numbers stand right."""


class ComparisonTable(DataTable[Text]):
    """A row for each checkpoint or file, with the number and colour that its run has in the chart."""

    def __init__(self, name: str, title: str, columns: Sequence[str]) -> None:
        """Begin without rows.

        Args:
            name: The widget's id.
            title: The title on the border.
            columns: The columns' heads.
        """
        super().__init__(id=name, classes="table", cursor_type="row", cell_padding=1)
        self.border_title = title
        self._labels = columns
        self._rows: list[NumberedRow] = []

    def show(self, rows: list[NumberedRow], *, force: bool = False) -> None:
        """Replace the rows.

        Args:
            rows: The number of each row's run, from 1, and the row's texts.
            force: Build the table again although the rows are the same: the theme has changed.
        """
        if rows == self._rows and self.columns and not force:
            return
        self._rows = rows
        cursor = self.cursor_row
        self.clear(columns=True)
        self.add_column(" ", width=1)
        for i, label in enumerate(self._labels):
            # A width that Textual measures later can leave lines as they were drawn before.
            width = max(cell_len(label), *(cell_len(row[i]) for _, row in rows), 1)
            self.add_column(Text(label, justify="left" if label in LEFT else "right"), width=width)
        for number, row in rows:
            mark = Text(str(number), style=f"bold {self.app.theme_variables[f'series-{number}']}")
            few = "/" in row[self._labels.index("Right")]
            self.add_row(mark, *(self._cell(i, text, few) for i, text in enumerate(row)))
        self.move_cursor(row=cursor)

    def _cell(self, column: int, text: str, few: bool) -> Text:
        """A cell; a row whose right answers are counted, since they are few, is muted."""
        colours = self.app.theme_variables
        plain = colours["muted"] if few else ""
        style = "bold" if "★" in text else colours["error"] if "✗" in text else plain
        text_column = self._labels[column] in LEFT
        return Text(text, style=style, justify="left" if text_column else "right", no_wrap=True)
