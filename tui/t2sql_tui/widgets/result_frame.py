"""Rows in a frame that names the model and the statement they are of, with a line to search in them."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from t2sql.live import empty_doubt
from t2sql_tui import formatting
from t2sql_tui.asking.shown_rows import ShownRows
from t2sql_tui.widgets.grid import Grid


class ResultFrame(Vertical):
    """One side's rows. They dim once they are of another question or statement than is written above.

    Attributes:
        number: The side, 0 or 1.
        shown: What is shown; None before a statement was run.
        stale: Why the rows are not of what is written above; nothing while they are.
    """

    def __init__(self, number: int) -> None:
        """Begin without rows.

        Args:
            number: The side, 0 or 1.
        """
        super().__init__(id=f"result-{number}", classes="result-frame")
        self.number = number
        self.shown: ShownRows | None = None
        self.stale = ""
        self._problem = ""
        self.border_title = "Rows"

    def compose(self) -> ComposeResult:
        """The line with the count, the rows and the search field, which is hidden."""
        yield Static(classes="row-count", markup=False)
        yield Grid(f"rows-{self.number}")
        yield Input(placeholder="words to find; Enter goes on", classes="find", compact=True)

    @property
    def grid(self) -> Grid:
        """The rows."""
        return self.query_one(Grid)

    def show(self, shown: ShownRows) -> None:
        """Replace the rows."""
        self.shown, self.stale, self._problem = shown, "", ""
        self.border_title = shown.title
        self.grid.show(shown.result.columns, shown.result.rows)
        self._update()

    def show_problem(self, problem: str) -> None:
        """Say why there are no rows of the statement above; those that were shown before stay, dimmed.

        Args:
            problem: Why; nothing takes the line away.
        """
        self._problem = problem
        self._update()

    def set_stale(self, why: str) -> None:
        """Dim the rows and say why, or, with nothing, show them as what is written above."""
        if why != self.stale:
            self.stale = why
            self._update()

    def _update(self) -> None:
        self.set_class(bool(self.stale or self._problem), "-stale")
        pieces: list[str | tuple[str, str]] = []
        if self._problem:
            pieces = [("! ", "$error"), (f"{self._problem}   ", "$foreground")]
        if self.shown is not None:
            result = self.shown.result
            pieces.append(f"{self.shown.count}  {formatting.duration(result.seconds)}")
            if doubt := empty_doubt(result):
                pieces.append((f"   ? uncertain: {doubt}", "$warning"))
            if why := self.stale or ("of the statement before" if self._problem else ""):
                pieces.append((f"   ▲ {why}", "$warning"))
        self.query_one(".row-count", Static).update(Content.assemble(*pieces))

    # -- searching

    @on(Grid.FindWanted)
    def open_find(self) -> None:
        """Show the search field and give it the focus."""
        self.add_class("-finding")
        self.query_one(".find", Input).focus()

    def close_find(self) -> None:
        """Hide the search field and go back to the rows."""
        self.remove_class("-finding")
        self.grid.focus()

    @on(Input.Submitted, ".find")
    def _find(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value and not self.grid.find(event.value):
            self.notify(f"No cell has {formatting.plain(event.value, 40)}.", severity="warning", markup=False)
