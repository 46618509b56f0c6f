"""Questions to models over a database or table lines, without a screen: what Ask's workers call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql.data import Schema
    from t2sql.generate import Answer, Backend, Failed, Generation, LastingThread
    from t2sql.live import LiveDatabase, Statement
    from t2sql.sql import Result

MOST_ROWS = 100_000
TIMEOUT = 30.0
MAX_TOKENS = 128
_FILES = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".duckdb": "duckdb"}


@dataclass(frozen=True)
class Reply:
    """The model's SQL, in SQLite's dialect, and what there is to know about it."""

    sql: str
    notes: tuple[str, ...]
    tokens: int
    tokens_per_second: float
    status: str = "answered"
    doubts: tuple[str, ...] = ()
    logprob: float | None = None


class Source:
    """A database (`database` is open), or table lines alone: those can be asked about, but not run."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.database: LiveDatabase | None = None
        url = url_of(text)
        if url is None:
            from t2sql.data import Schema

            self.shown = text
            self._schema = Schema.from_table_lines([line for line in text.split(";") if line.strip()])
        else:
            from t2sql.live import open_database

            self.database = open_database(url)
            self.shown = self.database.shown

    def schema(self) -> Schema:
        return self._schema if self.database is None else self.database.schema()

    def check(self, sql: str) -> Statement:
        """The statement as it would run; SqlError says why it cannot."""
        from t2sql.live import prepare

        if self.database is None:
            return prepare(sql, self._schema, "sqlite")
        return self.database.prepare(sql)

    def run(self, sql: str, cancelled: Callable[[], bool]) -> Result:
        """The rows of a statement, at most `MOST_ROWS` of them, within `TIMEOUT` seconds."""
        if self.database is None:
            raise InputError(
                "table lines have no rows", expected="a database", hint="Give sqlite:///FILE as the source"
            )
        statement = self.database.prepare(sql)
        return self.database.execute(statement, timeout=TIMEOUT, max_rows=MOST_ROWS, cancelled=cancelled)

    def close(self) -> None:
        if self.database is not None:
            self.database.close()


class Models:
    """The models that were asked last, kept open; one question at a time each."""

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self._open: dict[tuple[str, str], Backend] = {}
        self._lock = threading.Lock()
        self._thread = _thread()

    def ask(
        self,
        model: str,
        backend: str,
        source: Source,
        question: str,
        *,
        on_text: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Reply:
        """Blocks until the model has answered.

        Each piece of the text goes to `on_text` as it comes, from another thread with MLX; the answer stops
        when `cancelled` says so.
        """
        from t2sql import generate
        from t2sql.live import ask_database, context_of

        with self._lock:
            opened = self._opened(model, backend)
            streamed: Any = opened
            if hasattr(opened, "stream"):
                streamed = _Streamed(opened, on_text, cancelled)
            if not opened.concurrent:
                streamed = _InThread(streamed, self._thread)

            def asked(schema: Schema, text: str, failed: Failed | None = None) -> Answer:
                return generate.ask(streamed, text, schema=schema, max_tokens=MAX_TOKENS, failed=failed)

            if source.database is None:
                answer = asked(source.schema(), question)
                notes, status = answer.warnings, answer.status
            else:
                context = context_of(opened) - MAX_TOKENS
                live = ask_database(asked, source.database, question, context=context)
                # What is wrong with the statement itself is said by `Source.check`, for edited SQL as well.
                answer, notes, status = live.answer, live.warnings, live.status
        return Reply(
            sql=answer.sql,
            notes=notes,
            tokens=answer.timings.tokens,
            tokens_per_second=answer.timings.tokens_per_second,
            status=status,
            doubts=answer.doubts,
            logprob=answer.generation.logprob,
        )

    def _opened(self, model: str, backend: str) -> Backend:
        from t2sql import generate

        key = (model, backend)
        if key not in self._open:
            while len(self._open) >= self._most:
                self._thread.submit(self._open.pop(next(iter(self._open))).close).result()
            self._open[key] = self._thread.submit(generate.open_backend, model, backend).result()
        # The one asked last is the last to be closed.
        self._open[key] = self._open.pop(key)
        return self._open[key]

    def close(self) -> None:
        """Waits for the question that is being answered."""
        with self._lock:
            for backend in self._open.values():
                self._thread.submit(backend.close).result()
            self._open.clear()


class _Streamed:
    """A backend that answers one prompt through its `stream`."""

    def __init__(self, backend: Any, on_text: Callable[[str], None], cancelled: Callable[[], bool]) -> None:
        self._backend = backend
        self._options = {"on_text": on_text, "cancelled": cancelled}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def generate(self, prompts: list[str], *, grammars: list[Any], **options: Any) -> list[Generation]:
        grammar = grammars[0] if grammars else None
        return [self._backend.stream(prompts[0], grammar=grammar, **options, **self._options)]


class _InThread:
    """A backend whose answers are computed in the thread that loaded it."""

    def __init__(self, backend: Any, thread: LastingThread) -> None:
        self._backend, self._thread = backend, thread

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def generate(self, prompts: list[str], **options: Any) -> list[Generation]:
        answers: list[Generation] = self._thread.submit(self._backend.generate, prompts, **options).result()
        return answers


@cache
def _thread() -> LastingThread:
    """One for the app's life: Textual's own threads end, and MLX does not outlive them."""
    from t2sql.generate import LastingThread

    return LastingThread()


def url_of(text: str) -> str | None:
    """The URL of a database, also where its file's path was given; None for table lines."""
    if "://" in text.partition(" ")[0]:
        return text.strip()
    kind = _FILES.get(Path(text.strip()).suffix.lower())
    return None if kind is None else f"{kind}:///{Path(text.strip()).expanduser().resolve()}"
