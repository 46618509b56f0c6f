"""The screen for questions: one or two models' SQL, whether it could run, and its rows."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from t2sql.live import empty_doubt
from t2sql.remembered import Origin
from t2sql.sql import Result
from t2sql_tui import formatting, screens, state
from t2sql_tui.asking.messages import Reply
from t2sql_tui.screens.ask_work import AskWork
from t2sql_tui.widgets.ask_form import AskForm
from t2sql_tui.widgets.grid import Grid
from t2sql_tui.widgets.question_input import QuestionInput
from t2sql_tui.widgets.schema_tree import SchemaTree
from t2sql_tui.widgets.sql_pane import SqlPane
from t2sql_tui.widgets.top_bar import TopBar

CHECK_AFTER = 0.15
"""Seconds without a keystroke before the SQL is checked."""


class AskScreen(AskWork):
    """The form, the schema, the SQL and the rows; `AskWork` does the work.

    Attributes:
        busy: What is at work, in a word; empty while nothing is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", key_display="esc"),
        Binding("ctrl+r", "run", "Run", priority=True),
        Binding("ctrl+s", "export", "Export", priority=True),
        Binding("ctrl+o", "history", "History", priority=True),
        Binding("ctrl+n", "second", "2nd", priority=True),
        Binding("f2", "copy_sql", "Copy", priority=True),
        Binding("f3", "remember", "Right", priority=True),
        Binding("f1", "app.help", "Keys", show=False),
    ]

    def __init__(self, model: str = "", models: list[str] | None = None) -> None:
        """Begin with the last choices.

        Args:
            model: The model to ask; by default the last one.
            models: Model files to suggest while one types.
        """
        super().__init__()
        remembered = state.load()
        self._choices = replace(remembered, model=model or remembered.model)
        self._suggested = models or []
        self._result: Result | None = None
        self._notes: dict[int, str] = {}
        self._asked = ""
        self._answers: dict[int, str] = {}
        self.busy = ""
        self._checks: dict[int, Timer] = {}

    def body(self) -> ComposeResult:
        """The form and the question above the schema, the SQL and the rows."""
        yield AskForm(self._choices, self._suggested)
        yield QuestionInput(placeholder="question", id="question", compact=True)
        yield Static(id="problem", markup=False)
        with Horizontal(id="ask-middle"):
            yield SchemaTree()
            with Vertical():
                with Horizontal(id="answers"):
                    yield SqlPane(0)
                    yield SqlPane(1)
                yield Static(id="row-count", markup=False)
                yield Grid("rows")

    def on_mount(self) -> None:
        """Give the first empty field the focus, and open the last source."""
        choices = self._choices
        self.set_class(bool(choices.second), "-two")
        self._title_panes()
        self._show_top()
        empty = "model" if not choices.model else "source" if not choices.source else "question"
        self.query_one(f"#{empty}", Input).focus()
        if choices.source:
            self.open_source(choices.source)

    def on_unmount(self) -> None:
        """Close the models and the source, in a thread that outlives the screen's workers."""
        threading.Thread(target=self.close_all).start()

    def _show_top(self) -> None:
        parts = [(f"● {self.busy} … esc cancels", "$primary")] if self.busy else []
        self.query_one(TopBar).show("Ask", parts)

    def _begin(self, what: str) -> None:
        self.busy = what
        self.job += 1
        self.remove_class("-problem")
        self._show_top()

    def _title_panes(self) -> None:
        choices = self.query_one(AskForm).choices
        for pane, model in zip(self.query(SqlPane), (choices.model, choices.second), strict=True):
            pane.border_title = formatting.plain(Path(model).name or "SQL", 40)

    # -- asking

    @on(Input.Submitted, "#source")
    def _submit_source(self) -> None:
        source = self.query_one(AskForm).choices.source
        if source:
            self._begin("opening")
            self.open_source(source)
        self.query_one("#question").focus()

    @on(Input.Submitted, "#model")
    def _submit_model(self) -> None:
        self._title_panes()
        self.query_one("#question").focus()

    @on(Input.Submitted, "#second")
    def _submit_second(self) -> None:
        self.set_class(bool(self.query_one(AskForm).choices.second), "-two")
        self._submit_model()

    @on(Input.Submitted, "#question")
    def _submit_question(self) -> None:
        choices = self.query_one(AskForm).choices
        question = self.query_one("#question", Input).value.strip()
        for name, value in (("model", choices.model), ("source", choices.source), ("question", question)):
            if not value:
                self.query_one(f"#{name}").focus()
                self.notify(f"Give a {name} first.", severity="warning")
                return
        self._title_panes()
        for pane in self.query(SqlPane):
            pane.show("")
            pane.border_subtitle = ""
        self._notes.clear()
        self._answers.clear()
        self._asked = question
        self._begin("asking")
        self.ask(choices if self.has_class("-two") else replace(choices, second=""), question)

    @on(AskWork.Opened)
    def _show_schema(self, event: AskWork.Opened) -> None:
        self.query_one(SchemaTree).show(event.schema)

    @on(AskWork.Wrote)
    def _show_answer(self, event: AskWork.Wrote) -> None:
        pane = self.query_one(f"#sql-{event.side}", SqlPane)
        if event.reply is not None:
            self._answers[event.side] = event.reply.sql
            pane.border_subtitle = _summary(event.reply)
            notes = (*event.reply.doubts, *event.reply.notes)
            self._notes[event.side] = "\n".join(map(formatting.plain, notes))
        pane.show(event.text)

    @on(AskWork.Ended)
    def _show_end(self, event: AskWork.Ended) -> None:
        # A newer job has taken the place of one whose end comes late.
        if event.job not in (None, self.job):
            return
        self.busy = ""
        self._show_top()
        self.set_class(bool(event.problem), "-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), event.problem))

    # -- checking and running

    @on(SqlPane.Edited)
    def _check_later(self, event: SqlPane.Edited) -> None:
        pane = event.pane
        if pane.number in self._checks:
            self._checks.pop(pane.number).stop()
        if not pane.sql:
            pane.show_verdict("")
        elif self.source is not None:
            self._checks[pane.number] = self.set_timer(CHECK_AFTER, lambda: self._check(pane))

    def _check(self, pane: SqlPane) -> None:
        if self.source is not None and pane.sql:
            self.check(pane.number, pane.sql, self.source)

    @on(AskWork.Checked)
    def _show_verdict(self, event: AskWork.Checked) -> None:
        pane = self.query_one(f"#sql-{event.side}", SqlPane)
        if pane.sql == event.sql:
            notes = self._notes.get(event.side, "")
            pane.show_verdict(Content.assemble(event.verdict, ("   " + notes if notes else "", "$muted")))

    def _pane(self) -> SqlPane:
        """The pane that has the focus; otherwise the first one."""
        panes = list(self.query(SqlPane))
        return next((pane for pane in panes if pane.has_focus_within), panes[0])

    @on(AskWork.Ran)
    def _show_rows(self, event: AskWork.Ran) -> None:
        result = self._result = event.result
        more = ", and there are more" if result.truncated else ""
        plural = "s" * (len(result.rows) != 1)
        text = f"{len(result.rows):,} row{plural}{more}  {formatting.duration(result.seconds)}"
        doubt = empty_doubt(result)
        uncertain = f"   ? uncertain: {doubt}" if doubt else ""
        self.query_one("#row-count", Static).update(Content.assemble(text, (uncertain, "$warning")))
        grid = self.query_one(Grid)
        grid.show(result.columns, result.rows)
        grid.focus()

    # -- keys

    def action_run(self) -> None:
        """Ctrl+R: run the SQL of the pane that has the focus."""
        sql = self._pane().sql
        if not sql or self.source is None:
            self.notify("There is no SQL to run yet.", severity="warning")
            return
        self._begin("running")
        self.run(sql, self.source)

    def action_cancel(self) -> None:
        """Escape: cancel what is at work; where nothing is, go back to the runs."""
        if self.busy:
            self.workers.cancel_group(self, "work")
            self._show_end(self.Ended())
            self.notify("Cancelled.")
        else:
            self.app.pop_screen()

    def action_copy_sql(self) -> None:
        """F2: copy the SQL of the pane that has the focus."""
        self.app.copy_to_clipboard(self._pane().sql)
        self.notify("Copied the SQL.")

    def action_remember(self) -> None:
        """F3: remember the SQL of the pane that has the focus, corrected or not, for the question."""
        pane = self._pane()
        if not pane.sql or not self._asked or self.source is None:
            self.notify("There is no answer to remember yet.", severity="warning")
            return
        origin: Origin = "right" if pane.sql == self._answers.get(pane.number) else "corrected"
        self._begin("remembering")
        self.remember(self._asked, pane.sql, origin, self.source)

    @on(AskWork.Remembered)
    def _say_remembered(self, event: AskWork.Remembered) -> None:
        self.notify(f"The question gets this answer from now on: {formatting.plain(event.path)}")

    def action_second(self) -> None:
        """Ctrl+N: show the second model, or hide it."""
        self.toggle_class("-two")
        self.query_one("#second" if self.has_class("-two") else "#question").focus()

    def action_history(self) -> None:
        """Ctrl+O: take up a question that was asked before."""

        def take(asked: state.Asked | None) -> None:
            if asked is not None:
                self.query_one("#question", Input).value = asked.question
                self.query_one("#sql-0", SqlPane).show(asked.sql)
                self.query_one("#question").focus()

        self.app.push_screen(screens.QuestionsScreen(), take)

    def action_export(self) -> None:
        """Ctrl+S: write the rows to a file."""
        if self._result is None:
            self.notify("There are no rows to export yet.", severity="warning")
            return
        self.app.push_screen(screens.ExportScreen(self._result))

    def restyle(self) -> None:
        """Colour the SQL again."""
        for pane in self.query(SqlPane):
            pane.area.notify_style_update()


def _summary(reply: Reply) -> str:
    """How sure the model is, and how fast it was.

    The percentage is the geometric mean of the tokens' probabilities.
    """
    if reply.status == "remembered":
        return "✓ remembered"
    mark = {"uncertain": "?", "unrated": "·"}.get(reply.status, "✓")
    probability = "" if reply.logprob is None else f" {math.exp(reply.logprob):.1%}"
    speed = f"{reply.tokens} tokens, {formatting.rate(reply.tokens_per_second)} tok/s"
    return f"{mark} {reply.status}{probability}  {speed}"
