"""Ask: a question, one or two models' SQL, whether it could run, and its rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Select, Static, Tree
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError, WorkError
from t2sql_tui import asking, format, state
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.widgets.grid import Grid
from t2sql_tui.widgets.sql_pane import SqlPane
from t2sql_tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from t2sql.data import Schema
    from t2sql.sql import Result

BACKENDS = ("auto", "llama", "mlx")
CHECK_AFTER = 0.25
SHOWN_COLUMNS = 200


class AskScreen(BaseScreen):
    """Workers open, ask, check and run; what they post is shown. One source and two models stay open."""

    @dataclass
    class Opened(Message):
        shown: str
        schema: Schema

    @dataclass
    class Wrote(Message):
        """The text of a side so far; `reply` is there at its end."""

        side: int
        text: str
        reply: asking.Reply | None = None

    @dataclass
    class Checked(Message):
        side: int
        sql: str
        verdict: Content

    @dataclass
    class Ran(Message):
        result: Result

    @dataclass
    class Ended(Message):
        """Nothing is at work any more; `problem` says why it went wrong. `turn` is whose end it is: that of
        work which something else has taken over from is passed over."""

        problem: str = ""
        turn: int | None = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel, back", key_display="esc"),
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
        self._models = asking.Models()
        self._source: asking.Source | None = None
        self._result: Result | None = None
        self._notes: dict[int, str] = {}
        self._busy = ""
        self._turn = 0
        self._opening = threading.Lock()

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
            self._open(self._value("source"))

    def on_unmount(self) -> None:
        self._close()

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def _show_top(self) -> None:
        parts = [(f"● {self._busy} … esc cancels", "$primary")] if self._busy else []
        self.query_one(TopBar).show("Ask", parts)

    def _start(self, what: str) -> None:
        self._busy = what
        self._turn += 1
        self.remove_class("-problem")
        self._show_top()

    def _title_panes(self) -> None:
        for pane, name in zip(self.query(SqlPane), ("model", "second"), strict=True):
            pane.border_title = format.plain(Path(self._value(name)).name or "SQL", 40)

    # -- asking

    @on(Input.Submitted, "#source")
    def _source_given(self) -> None:
        if self._value("source"):
            self._start("opening")
            self._open(self._value("source"))
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
        self._ask(models, backend, self._value("source"), self._value("question"))

    @work(thread=True, group="work", exclusive=True)
    def _open(self, text: str) -> None:
        self._guarded(lambda: self._opened(text))

    @work(thread=True, group="work", exclusive=True)
    def _ask(self, models: list[str], backend: str, text: str, question: str) -> None:
        cancelled = _cancelled()

        def ask() -> None:
            source = self._opened(text)
            for side, model in enumerate(models):
                if not model or cancelled():
                    continue
                parts: list[str] = []

                def on_text(part: str, side: int = side, parts: list[str] = parts) -> None:
                    parts.append(part)
                    self.post_message(self.Wrote(side, "".join(parts)))

                reply = self._models.ask(
                    model, backend, source, question, on_text=on_text, cancelled=cancelled
                )
                if not cancelled():
                    self.post_message(self.Wrote(side, reply.sql, reply))
                    state.remember(question, reply.sql, model, source.shown)
            second = models[1] if len(models) > 1 else ""
            # A password is shown as ***, and what is shown is all that is kept.
            kept = "" if "***" in source.shown else source.text
            state.save(model=models[0], second=second, backend=backend, source=kept)

        self._guarded(ask)

    def _opened(self, text: str) -> asking.Source:
        """In a worker: the source of this text; the one before is closed. One that was cancelled while it
        opened changes nothing."""
        cancelled = _cancelled()
        with self._opening:
            if self._source is None or self._source.text != text:
                fresh = asking.Source(text)
                if cancelled():
                    fresh.close()
                    raise WorkError("cancelled")
                if self._source is not None:
                    self._source.close()
                self._source = fresh
            source = self._source
        self.post_message(self.Opened(source.shown, source.schema()))
        return source

    def _guarded(self, do: Callable[[], None]) -> None:
        """In a worker: what it raises becomes a message, unless nobody waits for it any more."""
        cancelled, turn = _cancelled(), self._turn
        problem = ""
        try:
            do()
        except (T2sqlError, OSError) as error:
            problem = format.plain(error)
        except Exception as error:
            # A runtime's own error must not take the app with it.
            problem = format.plain(f"{type(error).__name__}: {error}")
        if not cancelled():
            self.post_message(self.Ended(problem, turn))

    @on(Opened)
    def _show_schema(self, event: Opened) -> None:
        tree = self.query_one("#schema", Tree)
        tree.clear()
        tables = event.schema.tables
        for table in tables:
            node = tree.root.add(Text(format.plain(table.name, 60)), expand=len(tables) <= 8)
            for column in table.columns[:SHOWN_COLUMNS]:
                kind = format.plain(column.type, 20) + (" key" if column.primary_key else "")
                node.add_leaf(Text.assemble(format.plain(column.name, 60), " ", (kind, "dim")))

    @on(Wrote)
    def _show_answer(self, event: Wrote) -> None:
        pane = self.query_one(f"#sql-{event.side}", SqlPane)
        if event.reply is not None:
            speed = f"{event.reply.tokens} tokens, {format.rate(event.reply.tokens_per_second)} tok/s"
            pane.border_subtitle = speed
            self._notes[event.side] = "\n".join(map(format.plain, event.reply.notes))
        pane.show(event.text)

    @on(Ended)
    def _show_end(self, event: Ended) -> None:
        if event.turn not in (None, self._turn):
            return
        self._busy = ""
        self._show_top()
        self.set_class(bool(event.problem), "-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), event.problem))

    # -- checking and running

    @on(SqlPane.Edited)
    def _edited(self, event: SqlPane.Edited) -> None:
        if not event.pane.sql:
            event.pane.say("")
        elif self._source is not None:
            self._check(event.pane.number, event.pane.sql, self._source)

    def _check(self, side: int, sql: str, source: asking.Source) -> None:
        def check() -> None:
            cancelled = _cancelled()
            time.sleep(CHECK_AFTER)
            if cancelled():
                return
            try:
                statement = source.check(sql)
                notes = "" if statement.sql == sql else f"  runs as {format.plain(statement.sql)}"
                verdict = Content.assemble(("✓ valid", "$success"), notes)
            except (T2sqlError, OSError) as error:
                why = format.plain(getattr(error, "found", None) or error)
                verdict = Content.assemble(("✗ cannot run: ", "$error"), why)
            if not cancelled():
                self.post_message(self.Checked(side, sql, verdict))

        self.run_worker(check, thread=True, group=f"check-{side}", exclusive=True)

    @on(Checked)
    def _show_verdict(self, event: Checked) -> None:
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
        if not sql or self._source is None:
            self.notify("There is no SQL to run yet.", severity="warning")
            return
        self._start("running")
        self._run(sql, self._source)

    @work(thread=True, group="work", exclusive=True)
    def _run(self, sql: str, source: asking.Source) -> None:
        cancelled = _cancelled()

        def run() -> None:
            result = source.run(sql, cancelled)
            if not cancelled():
                self.post_message(self.Ran(result))

        self._guarded(run)

    @on(Ran)
    def _show_rows(self, event: Ran) -> None:
        result = self._result = event.result
        more = ", and there are more" if result.truncated else ""
        plural = "s" * (len(result.rows) != 1)
        text = f"{len(result.rows):,} row{plural}{more}  {format.duration(result.seconds)}"
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

    @work(thread=True, group="close", exit_on_error=False)
    def _close(self) -> None:
        self._models.close()
        if self._source is not None:
            self._source.close()


def _cancelled() -> Callable[[], bool]:
    worker: Any = get_current_worker()
    return lambda: bool(worker.is_cancelled)
