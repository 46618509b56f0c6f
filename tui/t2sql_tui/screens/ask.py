"""Ask: a question, one or two models' SQL, whether it could run, and its rows."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.timer import Timer
from textual.widgets import Input, Select, Static, Tree

from t2sql_tui import formatting, state
from t2sql_tui.asking.questions import Reply
from t2sql_tui.screens.ask_work import AskWork
from t2sql_tui.widgets.grid import Grid
from t2sql_tui.widgets.sql_pane import SqlPane
from t2sql_tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from t2sql.schema import Schema
    from t2sql.sql import Result

BACKENDS = ("auto", "llama", "mlx")
CHECK_AFTER = 0.15
"""Seconds without a keystroke before the SQL is checked."""
SHOWN_COLUMNS = 200


class AskScreen(AskWork):
    """Its fields, panes and rows; `AskWork` does the work."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", key_display="esc"),
        Binding("ctrl+r", "run", "Run", priority=True),
        Binding("ctrl+s", "export", "Export", priority=True),
        Binding("ctrl+o", "history", "History", priority=True),
        Binding("ctrl+n", "second", "2nd model", priority=True),
        Binding("f2", "copy_sql", "Copy SQL", priority=True),
        Binding("f1", "app.help", "Keys", show=False),
    ]

    def __init__(self, model: str = "", models: list[str] | None = None) -> None:
        super().__init__()
        remembered = state.load()
        self._first = {
            "model": model or str(remembered.get("model", "")),
            "second": str(remembered.get("second", "")),
            "source": str(remembered.get("source", "")),
        }
        kept = remembered.get("backend")
        self._backend = kept if kept in BACKENDS else "auto"
        self._suggested = models or []
        self._schema: Schema | None = None
        self._result: Result | None = None
        self._notes: dict[int, str] = {}
        self._busy = ""
        self._checking: dict[int, Timer] = {}

    def body(self) -> ComposeResult:
        with Horizontal(id="ask-top"):
            files = SuggestFromList(self._suggested)
            yield Input(
                self._first["model"], placeholder="model file", id="model", compact=True, suggester=files
            )
            yield Input(
                self._first["second"], placeholder="second model", id="second", compact=True, suggester=files
            )
            yield Select[str](
                [(name, name) for name in BACKENDS],
                value=self._backend,
                allow_blank=False,
                id="backend",
                compact=True,
            )
            hint = "sqlite:///shop.db, or students: Name, Age"
            yield Input(self._first["source"], placeholder=hint, id="source", compact=True)
        yield Input(placeholder="question", id="question", compact=True)
        yield Static(id="problem", markup=False)
        with Horizontal(id="ask-middle"):
            yield Tree("tables", id="schema")
            with Vertical():
                with Horizontal(id="answers"):
                    yield SqlPane(0)
                    yield SqlPane(1)
                yield Static(id="row-count", markup=False)
                yield Grid(id="rows")

    def on_mount(self) -> None:
        self.query_one("#schema", Tree).show_root = False
        self.query_one("#schema").border_title = "Schema"
        self.set_class(bool(self._first["second"]), "-two")
        self._title_panes()
        self._show_top()
        empty = next((name for name in ("model", "source") if not self._value(name)), "question")
        self.query_one(f"#{empty}", Input).focus()
        if self._value("source"):
            self.open_source(self._value("source"))

    def on_unmount(self) -> None:
        # A worker of this screen would end with it, before the models are closed.
        threading.Thread(target=self.close_all).start()

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def _show_top(self) -> None:
        parts = [(f"● {self._busy} … esc cancels", "$primary")] if self._busy else []
        self.query_one(TopBar).show("Ask", parts)

    def _start(self, what: str) -> None:
        self._busy = what
        self.turn += 1
        self.remove_class("-problem")
        self._show_top()

    def _title_panes(self) -> None:
        for pane, name in zip(self.query(SqlPane), ("model", "second"), strict=True):
            pane.border_title = formatting.plain(Path(self._value(name)).name or "SQL", 40)

    # -- asking

    @on(Input.Submitted, "#source")
    def _source_given(self) -> None:
        if self._value("source"):
            self._start("opening")
            self.open_source(self._value("source"))
        self.query_one("#question").focus()

    @on(Input.Submitted, "#model")
    def _model_given(self) -> None:
        self._title_panes()
        self.query_one("#question").focus()

    @on(Input.Submitted, "#second")
    def _second_given(self) -> None:
        self.set_class(bool(self._value("second")), "-two")
        self._model_given()

    @on(Input.Submitted, "#question")
    def _question_given(self) -> None:
        for name in ("model", "source", "question"):
            if not self._value(name):
                self.query_one(f"#{name}").focus()
                self.notify(f"Give a {name} first.", severity="warning")
                return
        backend = str(self.query_one("#backend", Select).value)
        models = [self._value("model")] + [self._value("second")] * self.has_class("-two")
        self._title_panes()
        for pane in self.query(SqlPane):
            pane.show("")
            pane.border_subtitle = ""
        self._notes.clear()
        self._start("asking")
        self.ask(models, backend, self._value("source"), self._value("question"))

    @on(AskWork.Opened)
    def _show_schema(self, event: AskWork.Opened) -> None:
        if event.schema == self._schema:
            # What is unfolded there stays so from question to question.
            return
        self._schema = event.schema
        tree = self.query_one("#schema", Tree)
        tree.clear()
        tables = event.schema.tables
        for table in tables:
            node = tree.root.add(Text(formatting.plain(table.name, 60)), expand=len(tables) <= 8)
            for column in table.columns[:SHOWN_COLUMNS]:
                kind = formatting.plain(column.type, 20) + (" key" if column.primary_key else "")
                node.add_leaf(Text.assemble(formatting.plain(column.name, 60), " ", (kind, "dim")))

    @on(AskWork.Wrote)
    def _show_answer(self, event: AskWork.Wrote) -> None:
        pane = self.query_one(f"#sql-{event.side}", SqlPane)
        if event.reply is not None:
            pane.border_subtitle = _said(event.reply)
            notes = (*event.reply.doubts, *event.reply.notes)
            self._notes[event.side] = "\n".join(map(formatting.plain, notes))
        pane.show(event.text)

    @on(AskWork.Ended)
    def _show_end(self, event: AskWork.Ended) -> None:
        if event.turn not in (None, self.turn):
            return
        self._busy = ""
        self._show_top()
        self.set_class(bool(event.problem), "-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), event.problem))

    # -- checking and running

    @on(SqlPane.Edited)
    def _edited(self, event: SqlPane.Edited) -> None:
        pane = event.pane
        if pane.number in self._checking:
            self._checking.pop(pane.number).stop()
        if not pane.sql:
            pane.say("")
        elif self.source is not None:
            self._checking[pane.number] = self.set_timer(CHECK_AFTER, lambda: self._check(pane))

    def _check(self, pane: SqlPane) -> None:
        if self.source is not None and pane.sql:
            self.check(pane.number, pane.sql, self.source)

    @on(AskWork.Checked)
    def _show_verdict(self, event: AskWork.Checked) -> None:
        pane = self.query_one(f"#sql-{event.side}", SqlPane)
        if pane.sql == event.sql:
            notes = self._notes.get(event.side, "")
            pane.say(Content.assemble(event.verdict, ("   " + notes if notes else "", "$muted")))

    def _pane(self) -> SqlPane:
        """The side that has the focus, or had it last; the first one otherwise."""
        panes = list(self.query(SqlPane))
        return next((pane for pane in panes if pane.has_focus_within), panes[0])

    def action_run(self) -> None:
        sql = self._pane().sql
        if not sql or self.source is None:
            self.notify("There is no SQL to run yet.", severity="warning")
            return
        self._start("running")
        self.run(sql, self.source)

    @on(AskWork.Ran)
    def _show_rows(self, event: AskWork.Ran) -> None:
        result = self._result = event.result
        more = ", and there are more" if result.truncated else ""
        plural = "s" * (len(result.rows) != 1)
        text = f"{len(result.rows):,} row{plural}{more}  {formatting.duration(result.seconds)}"
        self.query_one("#row-count", Static).update(text)
        grid = self.query_one(Grid)
        grid.show(result.columns, result.rows)
        grid.focus()

    # -- keys

    def action_cancel(self) -> None:
        if self._busy:
            self.workers.cancel_group(self, "work")
            self._show_end(self.Ended())
            self.notify("Cancelled.")
        else:
            self.app.pop_screen()

    def action_copy_sql(self) -> None:
        self.app.copy_to_clipboard(self._pane().sql)
        self.notify("Copied the SQL.")

    def action_second(self) -> None:
        self.toggle_class("-two")
        self.query_one("#second" if self.has_class("-two") else "#question").focus()

    def action_history(self) -> None:
        from t2sql_tui.screens.questions import QuestionsScreen

        def chosen(asked: state.Asked | None) -> None:
            if asked is not None:
                self.query_one("#question", Input).value = asked.question
                self.query_one("#sql-0", SqlPane).show(asked.sql)
                self.query_one("#question").focus()

        self.app.push_screen(QuestionsScreen(), chosen)

    def action_export(self) -> None:
        if self._result is None:
            self.notify("There are no rows to export yet.", severity="warning")
            return
        from t2sql_tui.screens.export import ExportScreen

        self.app.push_screen(ExportScreen(self._result))

    def restyle(self) -> None:
        for pane in self.query(SqlPane):
            pane.area.notify_style_update()


def _said(reply: Reply) -> str:
    """How sure the model is, and how fast it was. The percentage is a token's, in the geometric mean."""
    mark = "?" if reply.status == "uncertain" else "✓"
    sure = "" if reply.logprob is None else f" {math.exp(reply.logprob):.1%}"
    speed = f"{reply.tokens} tokens, {formatting.rate(reply.tokens_per_second)} tok/s"
    return f"{mark} {reply.status}{sure}  {speed}"
