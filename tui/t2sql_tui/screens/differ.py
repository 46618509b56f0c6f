"""Two files side by side: the questions that one answers and the other does not, and their rows."""

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
from t2sql_tui.runs.differing import MAX_ROWS, Difference, Differing, Rows, Source, differing, rows_of
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.widgets.grid import Grid
from t2sql_tui.widgets.top_bar import TopBar

SIDES = ("a", "b")


class DifferScreen(BaseScreen):
    """The table of questions above, the statements of the one under the cursor, and on Enter the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back", key_display="esc"),
        Binding("enter", "run", "Run all three", priority=False),
    ]

    def __init__(self, first: Source, second: Source) -> None:
        super().__init__()
        self.sources = (first, second)
        self.found: Differing | None = None

    def body(self) -> ComposeResult:
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
                    yield Static(id=f"said-{name}", markup=False)
                    yield Grid(f"rows-{name}")

    def on_mount(self) -> None:
        names = [
            (f"{side} {formatting.plain(source.label, 40)}", "")
            for side, source in zip(SIDES, self.sources, strict=True)
        ]
        self.query_one(TopBar).show("Differing questions", names)
        self.query_one(DataTable).focus()
        self._read()

    @work(thread=True, group="read", exclusive=True)
    def _read(self) -> None:
        try:
            found = differing(*self.sources)
        except (T2sqlError, OSError) as error:
            self.app.call_from_thread(self._show_problem, formatting.plain(error))
        else:
            self.app.call_from_thread(self._show, found)

    def _show_problem(self, problem: str) -> None:
        self.add_class("-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), problem))

    def _show(self, found: Differing) -> None:
        self.found = found
        neither = found.common - found.both - len(found.differences)
        pairs = (
            ("asked both", found.common),
            ("both right", found.both),
            ("only a", found.won(0)),
            ("only b", found.won(1)),
            ("neither", neither),
            ("p", "< 0.001" if found.p < 0.001 else f"{found.p:.3f}"),
        )
        pieces: list[str | tuple[str, str]] = []
        for name, value in pairs:
            pieces += [(f"{name} ", "$muted"), (str(value), "bold"), "   "]
        self.query_one("#figures", Static).update(Content.assemble(*pieces))
        table = self.query_one(DataTable)
        table.clear(columns=True)
        texts = [formatting.plain(one.question, 200) for one in found.differences]
        for name, width in (("Right", 5), ("Fault", 15), ("Question", max(map(cell_len, texts), default=8))):
            table.add_column(name, width=max(width, cell_len(name)))
        for one, text in zip(found.differences, texts, strict=True):
            right = Text(f"✓ {SIDES[one.right]}", style=self._colour(one.right))
            table.add_row(right, Text(formatting.plain(one.why, 15)), Text(text))
        self._show_statement()

    def _colour(self, side: int) -> str:
        return f"bold {self.app.theme_variables[f'series-{side + 1}']}"

    @property
    def current(self) -> Difference | None:
        if self.found is None or not self.found.differences:
            return None
        return self.found.differences[self.query_one(DataTable).cursor_row]

    @on(DataTable.RowHighlighted)
    def _show_statement(self) -> None:
        one = self.current
        self.remove_class("-rows")
        if one is None:
            said = "They answer the same questions rightly." if self.found is not None else ""
            self.query_one("#statement", Static).update(said)
            return
        pieces: list[str | tuple[str, str]] = [(formatting.plain(one.question), "bold")]
        for name, sql, right in (("gold", one.gold, True), *self._answers(one)):
            pieces += ["\n", ("✓ " if right else "✗ ", "$success" if right else "$error")]
            pieces += [(f"{name:5}", "$muted"), formatting.plain(sql, 2000) or "(no answer)"]
        self.query_one("#statement", Static).update(Content.assemble(*pieces))

    def _answers(self, one: Difference) -> list[tuple[str, str, bool]]:
        return [(SIDES[side], one.sql[side], one.right == side) for side in (0, 1)]

    @on(DataTable.RowSelected)
    def action_run(self) -> None:
        if self.current is not None:
            self._run(self.current)

    @work(thread=True, group="run", exclusive=True)
    def _run(self, one: Difference) -> None:
        worker = get_current_worker()
        try:
            found = rows_of(self.sources[0].run, one, lambda: worker.is_cancelled)
        except (T2sqlError, OSError) as error:
            found = [Rows(problem=formatting.plain(error))] * 3
        if not worker.is_cancelled:
            self.app.call_from_thread(self._show_rows, one, found)

    def _show_rows(self, one: Difference, found: list[Rows]) -> None:
        if one is not self.current:
            return
        self.add_class("-rows")
        for name, rows in zip(("gold", *SIDES), found, strict=True):
            more, plural = "+" * (len(rows.rows) == MAX_ROWS), "s" * (len(rows.rows) != 1)
            count = f"{len(rows.rows)}{more} row{plural}"
            said = Content.assemble((name, "bold"), "  ", (count, "$muted"))
            if rows.problem:
                said = Content.assemble(
                    (name, "bold"), "  ", ("! ", "$error"), formatting.plain(rows.problem)
                )
            self.query_one(f"#said-{name}", Static).update(said)
            self.query_one(f"#rows-{name}", Grid).show(rows.columns, rows.rows)

    def restyle(self) -> None:
        if self.found is not None:
            self._show(self.found)
