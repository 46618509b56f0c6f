"""The screen of two files: the questions that only one of them answers rightly, and the statements' rows."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError
from t2sql_tui import formatting
from t2sql_tui.runs.differing import MAX_ROWS, Difference, Differing, Predictions, Rows, differing, rows_of
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.widgets.grid import Grid
from t2sql_tui.widgets.top_bar import TopBar

SIDES = ("a", "b")
"""What the two files are called in the table."""


class DifferScreen(BaseScreen):
    """A table of questions, the statements of the one under the cursor, and after Enter their rows.

    Attributes:
        predictions: The two files' answers.
        differing: The questions, once they were read.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back", key_display="esc"),
        Binding("enter", "run", "Run all three", priority=False),
    ]

    def __init__(self, first: Predictions, second: Predictions) -> None:
        """Read nothing yet.

        Args:
            first: The answers of side a.
            second: The answers of side b.
        """
        super().__init__()
        self.predictions = (first, second)
        self.differing: Differing | None = None

    def body(self) -> ComposeResult:
        """The figures, the table, the statements, and three grids for their rows."""
        yield Static(id="problem", markup=False)
        yield Static(id="figures", markup=False)
        table: DataTable[Text] = DataTable(id="questions", classes="table", cursor_type="row", cell_padding=1)
        table.border_title = "Questions with one right answer"
        table.border_subtitle = "enter runs all three statements"
        yield table
        with VerticalScroll(id="statements"):
            yield Static(id="statement", markup=False)
        with Horizontal(id="results"):
            for name in ("gold", *SIDES):
                with Vertical(classes="result"):
                    yield Static(id=f"head-{name}", markup=False)
                    yield Grid(f"rows-{name}")

    def on_mount(self) -> None:
        """Give the table the focus, and read both files."""
        names = [
            (f"{side} {formatting.plain(file.label, 40)}", "")
            for side, file in zip(SIDES, self.predictions, strict=True)
        ]
        self.query_one(TopBar).show("Differing questions", names)
        self.query_one(DataTable).focus()
        self._read()

    @work(thread=True, group="read", exclusive=True)
    def _read(self) -> None:
        try:
            result = differing(*self.predictions)
        except (T2sqlError, OSError) as error:
            self.app.call_from_thread(self._show_problem, formatting.plain(error))
        else:
            self.app.call_from_thread(self._show, result)

    def _show_problem(self, problem: str) -> None:
        self.add_class("-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), problem))

    def _show(self, result: Differing) -> None:
        self.differing = result
        figures = (
            ("asked both", result.common),
            ("both right", result.both),
            ("only a", result.won(0)),
            ("only b", result.won(1)),
            ("neither", result.common - result.both - len(result.differences)),
            ("p", "< 0.001" if result.p < 0.001 else f"{result.p:.3f}"),
        )
        pieces: list[str | tuple[str, str]] = []
        for name, value in figures:
            pieces += [(f"{name} ", "$muted"), (str(value), "bold"), "   "]
        self.query_one("#figures", Static).update(Content.assemble(*pieces))
        table = self.query_one(DataTable)
        table.clear(columns=True)
        texts = [formatting.plain(one.question, 200) for one in result.differences]
        for name, width in (("Right", 5), ("Fault", 15), ("Question", max(map(cell_len, texts), default=8))):
            table.add_column(name, width=max(width, cell_len(name)))
        for one, text in zip(result.differences, texts, strict=True):
            right = Text(f"✓ {SIDES[one.right]}", style=self._colour(one.right))
            table.add_row(right, Text(formatting.plain(one.outcome, 15)), Text(text))
        self._show_statements()

    def _colour(self, side: int) -> str:
        return f"bold {self.app.theme_variables[f'series-{side + 1}']}"

    @property
    def current(self) -> Difference | None:
        """The question under the cursor."""
        if self.differing is None or not self.differing.differences:
            return None
        return self.differing.differences[self.query_one(DataTable).cursor_row]

    @on(DataTable.RowHighlighted)
    def _show_statements(self) -> None:
        one = self.current
        self.remove_class("-rows")
        if one is None:
            text = "They answer the same questions rightly." if self.differing is not None else ""
            self.query_one("#statement", Static).update(text)
            return
        pieces: list[str | tuple[str, str]] = [(formatting.plain(one.question), "bold")]
        for name, sql, right in (("gold", one.gold, True), *self._answers(one)):
            pieces += ["\n", ("✓ " if right else "✗ ", "$success" if right else "$error")]
            pieces += [(f"{name:5}", "$muted"), formatting.plain(sql, 2000) or "(no answer)"]
        self.query_one("#statement", Static).update(Content.assemble(*pieces))

    def _answers(self, one: Difference) -> list[tuple[str, str, bool]]:
        """Side, statement and whether it is right, of both answers."""
        return [(SIDES[side], one.sql[side], one.right == side) for side in (0, 1)]

    @on(DataTable.RowSelected)
    def action_run(self) -> None:
        """Enter: run the three statements of the question under the cursor."""
        if self.current is not None:
            self._run(self.current)

    @work(thread=True, group="run", exclusive=True)
    def _run(self, one: Difference) -> None:
        worker = get_current_worker()
        try:
            results = rows_of(self.predictions[0].run, one, lambda: worker.is_cancelled)
        except (T2sqlError, OSError) as error:
            results = [Rows(problem=formatting.plain(error))] * 3
        if not worker.is_cancelled:
            self.app.call_from_thread(self._show_rows, one, results)

    def _show_rows(self, one: Difference, results: list[Rows]) -> None:
        if one is not self.current:
            return
        self.add_class("-rows")
        for name, result in zip(("gold", *SIDES), results, strict=True):
            more, plural = "+" * (len(result.rows) == MAX_ROWS), "s" * (len(result.rows) != 1)
            head = Content.assemble((name, "bold"), "  ", (f"{len(result.rows)}{more} row{plural}", "$muted"))
            if result.problem:
                problem = formatting.plain(result.problem)
                head = Content.assemble((name, "bold"), "  ", ("! ", "$error"), problem)
            self.query_one(f"#head-{name}", Static).update(head)
            self.query_one(f"#rows-{name}", Grid).show(result.columns, result.rows)

    def restyle(self) -> None:
        """Build the table again in the theme's colours."""
        if self.differing is not None:
            self._show(self.differing)
