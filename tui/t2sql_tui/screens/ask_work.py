"""What the screen for questions does in threads: open, ask, check and run. Results come back as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from textual import work
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError, WorkError
from t2sql.remembered import Origin
from t2sql.schema import Schema
from t2sql.sql import Result
from t2sql_tui import formatting, state
from t2sql_tui.asking.messages import Question, Reply
from t2sql_tui.asking.model_process import ModelProcess
from t2sql_tui.asking.source import Source
from t2sql_tui.screens.base import BaseScreen


class AskWork(BaseScreen):
    """Keeps a source and the models open. Of opening, asking and running one is at work at a time.

    Attributes:
        source: The source that was opened last.
        job: The number of the job that was begun last.
    """

    @dataclass
    class Opened(Message):
        """A source is open.

        Attributes:
            schema: Its tables.
        """

        schema: Schema

    @dataclass
    class Wrote(Message):
        """A model has written something.

        Attributes:
            side: Which model, 0 or 1.
            text: Its text so far.
            reply: The whole answer, once there is one.
        """

        side: int
        text: str
        reply: Reply | None = None

    @dataclass
    class Checked(Message):
        """A statement was checked.

        Attributes:
            side: Whose statement, 0 or 1.
            sql: The statement.
            verdict: Whether it could run.
        """

        side: int
        sql: str
        verdict: Content

    @dataclass
    class Ran(Message):
        """A statement was run.

        Attributes:
            result: Its rows.
        """

        result: Result

    @dataclass
    class Remembered(Message):
        """An answer was remembered.

        Attributes:
            path: The file that it is in.
        """

        path: Path

    @dataclass
    class Ended(Message):
        """A job has ended.

        Attributes:
            problem: What went wrong; empty if nothing did.
            job: Its number; None ends whatever is at work.
        """

        problem: str = ""
        job: int | None = None

    def __init__(self) -> None:
        """Open nothing yet."""
        super().__init__()
        self.source: Source | None = None
        self.job = 0
        self._models = ModelProcess()
        self._opening = threading.Lock()

    @work(thread=True, group="work", exclusive=True)
    def open_source(self, text: str) -> None:
        """Open a source and post `Opened`, then `Ended`.

        Args:
            text: A database or table lines.
        """

        def open_it() -> None:
            self._open(text)

        self._run_job(open_it)

    @work(thread=True, group="work", exclusive=True)
    def ask(self, choices: state.Choices, question: str) -> None:
        """Ask one or two models in turn: post `Opened`, `Wrote` again and again, then `Ended`.

        The choices and each answer are remembered.

        Args:
            choices: The models, the backend and the source.
            question: The question.
        """
        cancelled = _cancelled()

        def ask_models() -> None:
            source = self._open(choices.source)
            for side, model in enumerate((choices.model, choices.second)):
                if model and not cancelled():
                    asked = Question(model, choices.backend, source.text, question)
                    self._ask_one(side, asked, source, cancelled)
            # A password is shown as ***, and then the source is not remembered.
            remembered = "" if "***" in source.shown else source.text
            state.save(replace(choices, source=remembered))

        self._run_job(ask_models)

    def _ask_one(self, side: int, question: Question, source: Source, cancelled: Callable[[], bool]) -> None:
        parts: list[str] = []

        def on_text(part: str) -> None:
            parts.append(part)
            self.post_message(self.Wrote(side, "".join(parts)))

        reply = self._models.ask(question, on_text=on_text, cancelled=cancelled)
        if not cancelled():
            self.post_message(self.Wrote(side, reply.sql, reply))
            state.remember(question.text, reply.sql, question.model, source.shown)

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
        self.post_message(self.Opened(source.schema()))
        return source

    def _run_job(self, do: Callable[[], None]) -> None:
        """In a worker: do it and post `Ended`, with what it raised; nothing if it was cancelled."""
        cancelled, job = _cancelled(), self.job
        problem = ""
        try:
            do()
        except (T2sqlError, OSError) as error:
            problem = formatting.plain(error)
        except Exception as error:
            # An error of a database's driver must not end the app.
            problem = formatting.plain(f"{type(error).__name__}: {error}")
        if not cancelled():
            self.post_message(self.Ended(problem, job))

    @work(thread=True, group="check")
    def check(self, side: int, sql: str, source: Source) -> None:
        """Check a statement and post `Checked`; other jobs may be at work.

        Args:
            side: Whose statement it is, 0 or 1.
            sql: The statement.
            source: The tables.
        """
        try:
            statement = source.check(sql)
            notes = "" if statement.sql == sql else f"  runs as {formatting.plain(statement.sql)}"
            verdict = Content.assemble(("✓ valid", "$success"), notes)
        except (T2sqlError, OSError) as error:
            why = (error.found if isinstance(error, T2sqlError) else None) or error
            verdict = Content.assemble(("✗ cannot run: ", "$error"), formatting.plain(why))
        if not _cancelled()():
            self.post_message(self.Checked(side, sql, verdict))

    @work(thread=True, group="work", exclusive=True)
    def run(self, sql: str, source: Source) -> None:
        """Run a statement and post `Ran`, then `Ended`.

        Args:
            sql: The statement.
            source: The database.
        """
        cancelled = _cancelled()

        def execute() -> None:
            result = source.run(sql, cancelled)
            if not cancelled():
                self.post_message(self.Ran(result))

        self._run_job(execute)

    @work(thread=True, group="work", exclusive=True)
    def remember(self, question: str, sql: str, origin: Origin, source: Source) -> None:
        """Check a statement, remember it and post `Remembered`, then `Ended`.

        Args:
            question: The question that it answers.
            sql: The statement.
            origin: How it came about.
            source: The database.
        """

        def keep() -> None:
            self.post_message(self.Remembered(source.remember(question, sql, origin)))

        self._run_job(keep)

    def close_all(self) -> None:
        """End the models' process and close the source."""
        self._models.close()
        if self.source is not None:
            self.source.close()


def _cancelled() -> Callable[[], bool]:
    """Whether this worker was cancelled, for other threads and libraries to ask."""
    worker = get_current_worker()
    return lambda: worker.is_cancelled
