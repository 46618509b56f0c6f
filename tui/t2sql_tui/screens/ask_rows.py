"""The lower half of the screen for questions: rows that belong to a statement and a model."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from t2sql.remembered import Origin
from t2sql_tui import formatting, screens
from t2sql_tui.asking.shown_rows import sameness
from t2sql_tui.screens.ask_messages import Ran, Remembered
from t2sql_tui.screens.ask_work import AskWork
from t2sql_tui.widgets.ask_form import AskForm
from t2sql_tui.widgets.question_input import QuestionInput
from t2sql_tui.widgets.result_frame import ResultFrame
from t2sql_tui.widgets.sql_pane import SqlPane

MOST_COMPARED = 20_000
"""Rows of a side up to which two results are compared, since that is done between two keys."""


class AskRows(AskWork):
    """Shows what was run, dims it when it no longer is what is written above, and exports it.

    Attributes:
        asked: The question that was asked last.
        answers: The models' answers to it, by side.
    """

    def __init__(self) -> None:
        """Begin without an answer."""
        super().__init__()
        self.asked = ""
        self.answers: dict[int, str] = {}
        self._waits_in: Widget | None = None

    def wait_for_rows(self) -> None:
        """Remember where the focus is: the rows get it, unless it has moved by the time they come."""
        self._waits_in = self.focused

    def results(self) -> ComposeResult:
        """The frames of both sides, below a line that says whether they are the same."""
        yield Static(id="sameness", markup=False)
        with Horizontal(id="results"):
            yield ResultFrame(0)
            yield ResultFrame(1)

    @property
    def question(self) -> str:
        """The question as it is written now."""
        return self.query_one(QuestionInput).value.strip()

    def frame(self, side: int) -> ResultFrame:
        """The rows of a side, 0 or 1."""
        return self.query_one(f"#result-{side}", ResultFrame)

    def pane(self, side: int) -> SqlPane:
        """The SQL of a side, 0 or 1."""
        return self.query_one(f"#sql-{side}", SqlPane)

    @property
    def side(self) -> int:
        """The side that has the focus, with its SQL or its rows; otherwise the first."""
        parts = [*self.query(SqlPane), *self.query(ResultFrame)]
        return next((part.number for part in parts if part.has_focus_within), 0)

    @on(Ran)
    def _show_rows(self, event: Ran) -> None:
        frame = self.frame(event.side)
        if event.rows is None:
            frame.show_problem(event.problem)
            return
        frame.show(event.rows)
        self.mark_stale()
        self._compare()
        # Nobody who has begun to type something else is taken away from it.
        if self.focused is self._waits_in and not frame.stale:
            frame.grid.focus()

    def mark_stale(self) -> None:
        """Dim the rows that are not of the question and the statement above them, and say so."""
        for frame in self.query(ResultFrame):
            shown = frame.shown
            if shown is None:
                continue
            if shown.question and shown.question != self.question:
                frame.set_stale("of another question than is written now")
            elif shown.sql != self.pane(frame.number).sql:
                frame.set_stale("of another statement than is written above")
            else:
                frame.set_stale("")

    def _compare(self) -> None:
        first, second = (self.frame(side).shown for side in (0, 1))
        text = Content("")
        if first is not None and second is not None and first.question == second.question:
            few = max(len(first.result.rows), len(second.result.rows)) <= MOST_COMPARED
            words = sameness(first.result, second.result) if few else "not compared: too many rows"
            mark = {"same": ("= ", "$success"), "different:": ("≠ ", "$warning")}.get(words.split()[0], "")
            text = Content.assemble(mark, words)
        self.query_one("#sameness", Static).update(text)
        self.set_class(bool(text.plain), "-compared")

    def action_run(self) -> None:
        """Ctrl+R: run the SQL of the side that has the focus."""
        side = self.side
        sql = self.pane(side).sql
        if not sql or self.source is None:
            self.notify("There is no SQL to run yet.", severity="warning")
            return
        choices = self.query_one(AskForm).choices
        written = self.answers.get(side) == sql
        model = (choices.model, choices.second)[side] if written else ""
        self.wait_for_rows()
        self.run(side, model, self.question, sql, self.source)

    def action_copy_sql(self) -> None:
        """F2: copy the SQL of the side that has the focus."""
        self.app.copy_to_clipboard(self.pane(self.side).sql)
        self.notify("Copied the SQL.")

    def action_remember(self) -> None:
        """F3: remember the SQL of the side that has the focus, corrected or not, for the question."""
        side = self.side
        sql = self.pane(side).sql
        if not sql or not self.asked or self.source is None:
            self.notify("There is no answer to remember yet.", severity="warning")
            return
        origin: Origin = "right" if sql == self.answers.get(side) else "corrected"
        self.remember(self.asked, sql, origin, self.source)

    @on(Remembered)
    def _say_remembered(self, event: Remembered) -> None:
        self.notify(f"The question gets this answer from now on: {formatting.plain(event.path)}")

    def action_export(self) -> None:
        """Ctrl+S: write the rows of the side that has the focus to a file, in the order that is seen."""
        frame = self.frame(self.side)
        shown = frame.shown or self.frame(0).shown
        if shown is None:
            self.notify("There are no rows to export yet.", severity="warning")
            return
        result = (
            replace(shown.result, rows=[tuple(row) for row in frame.grid.rows])
            if shown is frame.shown
            else shown.result
        )
        self.app.push_screen(screens.ExportScreen(replace(shown, result=result), _file_name(shown.question)))

    def leave_part(self) -> bool:
        """Give the focus back to the question from wherever it is.

        Returns:
            False if the question has it already.
        """
        focus = self.focused
        if isinstance(focus, Input) and focus.has_class("find"):
            self.frame(self.side).close_find()
            return True
        if isinstance(focus, QuestionInput) or focus is None:
            return False
        self.query_one(QuestionInput).focus()
        return True


def _file_name(question: str) -> str:
    """A file that does not exist, with the question's first words in its name."""
    words = re.findall(r"[^\W_]+", question.lower())[:8]
    stem = "-".join(words)[:60] or "rows"
    names = (f"{stem}{'' if number == 1 else f'-{number}'}.csv" for number in range(1, 1000))
    return next((name for name in names if not Path(name).exists()), f"{stem}.csv")
