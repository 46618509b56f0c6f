"""What the screen for questions does in threads: open, ask, check and run. Results come back as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import on, work
from textual.content import Content
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError, WorkError
from t2sql.remembered import Origin
from t2sql.sql import SqlError
from t2sql_tui import clock, formatting, state
from t2sql_tui.asking.messages import Question
from t2sql_tui.asking.model_process import ModelProcess
from t2sql_tui.asking.places import place_of
from t2sql_tui.asking.shown_rows import ShownRows
from t2sql_tui.asking.source import Source
from t2sql_tui.screens.ask_messages import Checked, Ended, Opened, Ran, Remembered, Wrote
from t2sql_tui.screens.base import BaseScreen


class AskWork(BaseScreen):
    """Keeps a source and the models open. Of each kind of job one is at work at a time.

    The kinds are "ask" (opening and asking), "run-0" and "run-1" (a statement of one side) and "remember".

    Attributes:
        source: The source that was opened last.
        busy: What is at work, in a word, by its kind.
    """

    def __init__(self) -> None:
        """Open nothing yet."""
        super().__init__()
        self.source: Source | None = None
        self.busy: dict[str, str] = {}
        self._jobs: dict[str, int] = {}
        self._models = ModelProcess()
        self._opening = threading.Lock()

    def open_source(self, text: str) -> None:
        """Open a source and post `Opened`, then `Ended`.

        Args:
            text: A database or table lines.
        """

        def open_it() -> None:
            self._open(text)

        self._begin("ask", "opening", open_it)

    def ask(self, choices: state.Choices, question: str, sides: Sequence[int] = (0, 1)) -> None:
        """Ask one or two models in turn: post `Opened`, `Wrote` again and again, `Ran`, then `Ended`.

        The choices and each answer are remembered.

        Args:
            choices: The models, the backend and the source.
            question: The question.
            sides: Which of the two models to ask.
        """

        def ask_models() -> None:
            cancelled = _cancelled()
            source = self._open(choices.source)
            for side, model in enumerate((choices.model, choices.second)):
                if model and side in sides and not cancelled():
                    asked = Question(model, choices.backend, source.text, question)
                    try:
                        self._ask_one(side, asked, source, cancelled)
                    except (T2sqlError, OSError) as error:
                        # The other model is asked all the same.
                        if not cancelled():
                            self.post_message(Ran(side, None, formatting.plain(error)))
            # A password is shown as ***, and then the source is not remembered.
            remembered = "" if "***" in source.shown else source.text
            state.save(replace(choices, source=remembered))

        self._begin("ask", "asking", ask_models)

    def _ask_one(self, side: int, question: Question, source: Source, cancelled: Callable[[], bool]) -> None:
        parts: list[str] = []

        def on_text(part: str) -> None:
            parts.append(part)
            self.post_message(Wrote(side, "".join(parts)))

        reply = self._models.ask(question, on_text=on_text, cancelled=cancelled)
        if cancelled():
            return
        self.post_message(Wrote(side, reply.sql, reply))
        rows = None
        if source.database is not None:
            rows = self._execute(side, question.model, question.text, reply.sql, source, cancelled)
        state.remember(
            state.Asked(
                time=clock.now(),
                question=question.text,
                sql=reply.sql,
                model=question.model,
                source=source.shown,
                rows=None if rows is None else len(rows.result.rows),
                status=reply.status,
            )
        )

    def _execute(
        self,
        side: int,
        model: str,
        question: str,
        sql: str,
        source: Source,
        cancelled: Callable[[], bool],
    ) -> ShownRows | None:
        """In a worker: run a statement and post `Ran`; its rows, or None where it cannot be run."""
        try:
            rows = ShownRows(model, question, sql, source.run(sql, cancelled))
        except (T2sqlError, OSError) as error:
            why = (error.found if isinstance(error, SqlError) else None) or error
            if not cancelled():
                self.post_message(Ran(side, None, formatting.plain(why)))
            return None
        if not cancelled():
            self.post_message(Ran(side, rows))
        return rows

    def _open(self, text: str) -> Source:
        """In a worker: open a source in place of the one before, unless it is open already.

        Raises:
            T2sqlError: It cannot be opened, or the job was cancelled meanwhile; the one before stays open.
        """
        cancelled = _cancelled()
        with self._opening:
            if self.source is None or self.source.text != text:
                source = Source(text)
                if cancelled():
                    source.close()
                    raise WorkError("cancelled")
                if self.source is not None:
                    self.source.close()
                self.source = source
            source = self.source
        self.post_message(Opened(source.schema()))
        return source

    def _begin(self, kind: str, word: str, do: Callable[[], None]) -> None:
        """Do something in a worker, in place of what is at work of the same kind."""
        self.busy[kind] = word
        job = self._jobs[kind] = self._jobs.get(kind, 0) + 1
        self.show_busy()
        self.run_worker(lambda: self._work(kind, job, do), thread=True, group=kind, exclusive=True)

    def show_busy(self) -> None:
        """Show what is at work; called when that has changed."""

    def cancel_all(self) -> None:
        """Cancel whatever is at work."""
        for kind in self.busy:
            self.workers.cancel_group(self, kind)
        self.busy.clear()
        self.show_busy()

    @on(Ended)
    def _end_job(self, event: Ended) -> None:
        # A newer job has taken the place of one whose end comes late.
        if event.job == self._jobs.get(event.kind):
            self.busy.pop(event.kind, None)
            self.show_busy()
            self.show_problem(event.problem)

    def _work(self, kind: str, job: int, do: Callable[[], None]) -> None:
        """In a worker: do it and post `Ended`, with what it raised; nothing if it was cancelled."""
        cancelled = _cancelled()
        problem = ""
        try:
            do()
        except (T2sqlError, OSError) as error:
            problem = formatting.plain(error)
        except Exception as error:
            # An error of a database's driver must not end the app.
            problem = formatting.plain(f"{type(error).__name__}: {error}")
        if not cancelled():
            self.post_message(Ended(kind, job, problem))

    @work(thread=True, group="check")
    def check(self, side: int, sql: str, source: Source) -> None:
        """Check a statement and post `Checked`; other jobs may be at work.

        Args:
            side: Whose statement it is, 0 or 1.
            sql: The statement.
            source: The tables.
        """
        place = None
        try:
            statement = source.check(sql)
            notes = "" if statement.sql == sql else f"  runs as {formatting.plain(statement.sql)}"
            verdict = Content.assemble(("✓ valid", "$success"), notes)
        except (T2sqlError, OSError) as error:
            why = (error.found if isinstance(error, T2sqlError) else None) or error
            place = place_of(sql, str(why))
            verdict = Content.assemble(("✗ cannot run: ", "$error"), formatting.plain(why))
        if not _cancelled()():
            self.post_message(Checked(side, sql, verdict, place))

    def run(self, side: int, model: str, question: str, sql: str, source: Source) -> None:
        """Run a statement and post `Ran`, then `Ended`.

        Args:
            side: Whose statement it is, 0 or 1.
            model: The model that wrote it; nothing for one written by hand.
            question: The question that it answers; nothing where there is none.
            sql: The statement.
            source: The database.
        """

        def execute() -> None:
            self._execute(side, model, question, sql, source, _cancelled())

        self._begin(f"run-{side}", "running", execute)

    def remember(self, question: str, sql: str, origin: Origin, source: Source) -> None:
        """Check a statement, remember it and post `Remembered`, then `Ended`.

        Args:
            question: The question that it answers.
            sql: The statement.
            origin: How it came about.
            source: The database.
        """

        def keep() -> None:
            self.post_message(Remembered(source.remember(question, sql, origin)))

        self._begin("remember", "remembering", keep)

    def close_all(self) -> None:
        """End the models' process and close the source."""
        self._models.close()
        if self.source is not None:
            self.source.close()


def _cancelled() -> Callable[[], bool]:
    """Whether this worker was cancelled, for other threads and libraries to ask."""
    worker = get_current_worker()
    return lambda: worker.is_cancelled
