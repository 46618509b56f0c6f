"""What Ask does in threads: open, ask, check, run. What they find comes back as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import work
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError, WorkError
from t2sql_tui import formatting, state
from t2sql_tui.asking import questions as asking
from t2sql_tui.asking.model_process import ModelProcess
from t2sql_tui.screens.base import BaseScreen

if TYPE_CHECKING:
    from t2sql.schema import Schema
    from t2sql.sql import Result


class AskWork(BaseScreen):
    """One source and two models stay open. `turn` counts what was begun: the end of anything but the newest
    is passed over."""

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

    def __init__(self) -> None:
        super().__init__()
        self.source: asking.Source | None = None
        self.turn = 0
        self._models = ModelProcess()
        self._opening = threading.Lock()

    @work(thread=True, group="work", exclusive=True)
    def open_source(self, text: str) -> None:
        self._guarded(lambda: self._opened(text))

    @work(thread=True, group="work", exclusive=True)
    def ask(self, models: list[str], backend: str, text: str, question: str) -> None:
        cancelled = _cancelled()

        def answer() -> None:
            source = self._opened(text)
            for side, model in enumerate(models):
                if not model or cancelled():
                    continue
                parts: list[str] = []

                def on_text(part: str, side: int = side, parts: list[str] = parts) -> None:
                    parts.append(part)
                    self.post_message(self.Wrote(side, "".join(parts)))

                asked = asking.Question(model, backend, source.text, question)
                reply = self._models.ask(asked, on_text=on_text, cancelled=cancelled)
                if not cancelled():
                    self.post_message(self.Wrote(side, reply.sql, reply))
                    state.remember(question, reply.sql, model, source.shown)
            second = models[1] if len(models) > 1 else ""
            # A password is shown as ***, and what is shown is all that is kept.
            kept = "" if "***" in source.shown else source.text
            state.save(model=models[0], second=second, backend=backend, source=kept)

        self._guarded(answer)

    def _opened(self, text: str) -> asking.Source:
        """In a worker: the source of this text; the one before is closed. One that was cancelled while it
        opened changes nothing."""
        cancelled = _cancelled()
        with self._opening:
            if self.source is None or self.source.text != text:
                fresh = asking.Source(text)
                if cancelled():
                    fresh.close()
                    raise WorkError("cancelled")
                if self.source is not None:
                    self.source.close()
                self.source = fresh
            source = self.source
        self.post_message(self.Opened(source.shown, source.schema()))
        return source

    def _guarded(self, do: Callable[[], None]) -> None:
        """In a worker: what it raises becomes a message, unless nobody waits for it any more."""
        cancelled, turn = _cancelled(), self.turn
        problem = ""
        try:
            do()
        except (T2sqlError, OSError) as error:
            problem = formatting.plain(error)
        except Exception as error:
            # A runtime's own error must not take the app with it.
            problem = formatting.plain(f"{type(error).__name__}: {error}")
        if not cancelled():
            self.post_message(self.Ended(problem, turn))

    @work(thread=True, group="check")
    def check(self, side: int, sql: str, source: asking.Source) -> None:
        try:
            statement = source.check(sql)
            notes = "" if statement.sql == sql else f"  runs as {formatting.plain(statement.sql)}"
            verdict = Content.assemble(("✓ valid", "$success"), notes)
        except (T2sqlError, OSError) as error:
            why = formatting.plain(getattr(error, "found", None) or error)
            verdict = Content.assemble(("✗ cannot run: ", "$error"), why)
        if not _cancelled()():
            self.post_message(self.Checked(side, sql, verdict))

    @work(thread=True, group="work", exclusive=True)
    def run(self, sql: str, source: asking.Source) -> None:
        cancelled = _cancelled()

        def execute() -> None:
            result = source.run(sql, cancelled)
            if not cancelled():
                self.post_message(self.Ran(result))

        self._guarded(execute)

    def close_all(self) -> None:
        self._models.close()
        if self.source is not None:
            self.source.close()


def _cancelled() -> Callable[[], bool]:
    worker: Any = get_current_worker()
    return lambda: bool(worker.is_cancelled)
