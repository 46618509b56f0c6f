"""The screen for questions: one or two models' SQL, whether it could run, and its rows."""

from __future__ import annotations

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

from t2sql_tui import formatting, screens, state
from t2sql_tui.asking.summary import summary
from t2sql_tui.screens.ask_messages import Checked, Opened, Wrote
from t2sql_tui.screens.ask_rows import AskRows
from t2sql_tui.widgets.ask_form import AskForm
from t2sql_tui.widgets.question_input import QuestionInput
from t2sql_tui.widgets.schema_tree import SchemaTree
from t2sql_tui.widgets.sql_pane import SqlPane
from t2sql_tui.widgets.top_bar import TopBar

CHECK_AFTER = 0.15
"""Seconds without a keystroke before the SQL is checked."""
SAVE_AFTER = 1.0
"""Seconds after a keystroke until what was typed is on the disk."""


class AskScreen(AskRows):
    """The form, the schema, the SQL and the rows; `AskWork` does the work, `AskRows` shows the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", key_display="esc"),
        Binding("ctrl+r", "run", "Run", priority=True, tooltip="Run the SQL"),
        Binding("ctrl+s", "export", "Export", priority=True, tooltip="Export the rows"),
        Binding("ctrl+o", "history", "History", priority=True, tooltip="Questions asked before"),
        Binding(
            "f3", "remember", "Right", priority=True, tooltip="This is right, or I corrected it: remember it"
        ),
        Binding("f4", "database", "Database", priority=True, tooltip="Another database"),
        Binding("ctrl+n", "second", "2nd", priority=True, tooltip="A second model, or one alone"),
        Binding("f5", "edit_sql", "SQL", priority=True, tooltip="Edit the SQL"),
        Binding("f2", "copy_sql", "Copy", priority=True, tooltip="Copy the SQL"),
        Binding("f1", "app.help", "Keys", show=False),
    ]

    FOOT = ("ctrl+r", "f3", "ctrl+s", "ctrl+o", "f4", "ctrl+n", "slash", "o", "f5", "f2")

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
        self._draft = state.draft()
        self._notes: dict[int, str] = {}
        self._run_once_open = False
        self._checks: dict[int, Timer] = {}
        self._saving: Timer | None = None

    def body(self) -> ComposeResult:
        """The form and the question above the schema, the SQL and the rows."""
        yield AskForm(self._choices, self._suggested)
        yield QuestionInput(self._draft.question, placeholder="question", id="question", compact=True)
        yield Static(id="problem", markup=False)
        with Horizontal(id="ask-middle"):
            yield SchemaTree()
            with Vertical():
                with Horizontal(id="answers"):
                    yield SqlPane(0, self._draft.sql)
                    yield SqlPane(1, self._draft.second_sql)
                yield from self.results()

    def on_mount(self) -> None:
        """Give the first empty field the focus, and open the last source."""
        choices = self._choices
        self.set_class(bool(choices.second), "-two")
        self._title_panes()
        self.show_busy()
        empty = "model" if not choices.model else "source" if not choices.source else "question"
        field = self.query_one(f"#{empty}", Input)
        field.focus()
        if self._draft.question and empty == "question":
            # What was typed before is gone on with, not replaced by the next letter.
            field.select_on_focus = False
            self.call_after_refresh(setattr, field, "select_on_focus", True)
        if choices.source:
            self.open_source(choices.source)

    def on_unmount(self) -> None:
        """Save what was typed, and close models and source in a thread that outlives the screen's workers."""
        state.save_draft(self._draft)
        threading.Thread(target=self.close_all).start()

    def show_busy(self) -> None:
        """Say in the top line what is at work."""
        words = ", ".join(dict.fromkeys(self.busy.values()))
        parts = [(f"● {words} … esc cancels", "$primary")] if words else []
        self.query_one(TopBar).show("Ask", parts)

    def _title_panes(self) -> None:
        choices = self.query_one(AskForm).choices
        for pane, model in zip(self.query(SqlPane), (choices.model, choices.second), strict=True):
            pane.border_title = formatting.plain(Path(model).name or "SQL", 40)

    # -- asking

    @on(Input.Submitted, "#source")
    def _submit_source(self) -> None:
        source = self.query_one(AskForm).choices.source
        if source:
            self.open_source(source)
        self.set_focus(self.query_one(QuestionInput))

    @on(Input.Submitted, "#model")
    def _submit_model(self) -> None:
        self._title_panes()
        self.set_focus(self.query_one(QuestionInput))

    @on(Input.Submitted, "#second")
    def _submit_second(self) -> None:
        choices = self.query_one(AskForm).choices
        self.set_class(bool(choices.second), "-two")
        self._submit_model()
        if choices.second and self.asked and self.asked == self.question:
            # The first model has answered: only the second is asked.
            self._ask(self.asked, (1,))

    @on(Input.Submitted, "#question")
    def _submit_question(self) -> None:
        choices, question = self.query_one(AskForm).choices, self.question
        for name, value in (("model", choices.model), ("source", choices.source), ("question", question)):
            if not value:
                self.query_one(f"#{name}").focus()
                self.notify(f"Give a {name} first.", severity="warning")
                return
        self._ask(question, (0, 1))

    def _ask(self, question: str, sides: tuple[int, ...]) -> None:
        choices = self.query_one(AskForm).choices
        self._title_panes()
        for side in sides:
            pane = self.pane(side)
            pane.show("")
            pane.border_subtitle = ""
            self.frame(side).show_problem("")
            self._notes.pop(side, None)
            self.answers.pop(side, None)
        self.asked = question
        self.wait_for_rows()
        self.show_problem("")
        self.ask(choices if self.has_class("-two") else replace(choices, second=""), question, sides)

    @on(Opened)
    def _show_schema(self, event: Opened) -> None:
        self.query_one(SchemaTree).show(event.schema)
        for pane in self.query(SqlPane):
            self._check(pane)
        if self._run_once_open:
            self._run_once_open = False
            self.action_run()

    @on(Wrote)
    def _show_answer(self, event: Wrote) -> None:
        pane = self.pane(event.side)
        if event.reply is not None:
            self.answers[event.side] = event.reply.sql
            pane.border_subtitle = summary(event.reply)
            notes = (*event.reply.doubts, *event.reply.notes)
            self._notes[event.side] = "\n".join(map(formatting.plain, notes))
        pane.show(event.text)

    # -- what is typed

    @on(Input.Changed, "#question")
    def _edit_question(self) -> None:
        self.mark_stale()
        self._save_later()

    @on(SqlPane.Edited)
    def _edit_sql(self, event: SqlPane.Edited) -> None:
        pane = event.pane
        self.mark_stale()
        self._save_later()
        if pane.number in self._checks:
            self._checks.pop(pane.number).stop()
        if not pane.sql:
            pane.show_verdict("")
        elif self.source is not None:
            self._checks[pane.number] = self.set_timer(CHECK_AFTER, lambda: self._check(pane))

    def _save_later(self) -> None:
        self._draft = state.Draft(self.query_one(QuestionInput).value, self.pane(0).sql, self.pane(1).sql)
        if self._saving is None:
            self._saving = self.set_timer(SAVE_AFTER, self._save)

    def _save(self) -> None:
        self._saving = None
        state.save_draft(self._draft)

    def _check(self, pane: SqlPane) -> None:
        if self.source is not None and pane.sql:
            self.check(pane.number, pane.sql, self.source)

    @on(Checked)
    def _show_verdict(self, event: Checked) -> None:
        pane = self.pane(event.side)
        if pane.sql == event.sql:
            notes = self._notes.get(event.side, "")
            words = Content.assemble(event.verdict, ("   " + notes if notes else "", "$muted"))
            pane.show_verdict(words, event.place)

    # -- keys

    def action_leave(self) -> None:
        """Escape: cancel what is at work; else go from a part to the question, and from there to the runs."""
        if self.busy:
            self.cancel_all()
            self.notify("Cancelled.")
        elif not self.leave_part():
            self.app.pop_screen()

    def action_edit_sql(self) -> None:
        """F5: give the SQL of the side that has the focus the focus."""
        self.set_focus(self.pane(self.side).area)

    def action_second(self) -> None:
        """Ctrl+N: show the second model, or hide it."""
        self.toggle_class("-two")
        self.query_one("#second" if self.has_class("-two") else "#question").focus()

    def action_database(self) -> None:
        """F4: choose a database or table lines that were asked about before, or give another."""

        def take(source: str | None) -> None:
            if source:
                self.query_one("#source", Input).value = source
                self._submit_source()

        now = self.query_one(AskForm).choices.source
        self.app.push_screen(screens.SourcesScreen(now), take)

    def action_history(self) -> None:
        """Ctrl+O: take up a question that was asked before, and run its statement again."""

        def take(asked: state.Asked | None) -> None:
            if asked is None:
                return
            self.query_one(QuestionInput).value = asked.question
            self.pane(0).show(asked.sql)
            self.asked, self.answers[0] = asked.question, asked.sql
            self.set_focus(self.query_one(QuestionInput))
            form = self.query_one(AskForm)
            if asked.source not in ("", form.choices.source) and "***" not in asked.source:
                self.query_one("#source", Input).value = asked.source
                self._run_once_open = True
                self._submit_source()
            elif self.source is not None:
                self.action_run()

        self.app.push_screen(screens.QuestionsScreen(), take)

    def restyle(self) -> None:
        """Colour the SQL again."""
        for pane in self.query(SqlPane):
            pane.area.notify_style_update()
