"""Answers computed in threads beside the event loop; one that nobody waits for any more is ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from t2sql.errors import WorkError
from t2sql.generate import Backend, Generation, LastingThread, open_backend
from t2sql.serve.metrics import Metrics

if TYPE_CHECKING:
    from t2sql.grammar import Grammar

T = TypeVar("T")
Cancelled = Callable[[], bool]


class TimedOut(WorkError):
    """The time of a request is over."""


class Workers:
    """A loaded model and the threads that use it: one a slot with llama.cpp, one in all with MLX."""

    def __init__(self, model: str, backend: str, slots: int, metrics: Metrics, **options: Any) -> None:
        self.metrics = metrics
        # MLX wants to be used in the thread that loaded it, so that thread is there first.
        first = LastingThread()
        self.backend: Backend = first.submit(open_backend, model, backend, slots=slots, **options).result()
        self.concurrent = self.backend.concurrent
        self._pool: Executor = ThreadPoolExecutor(slots, "slot") if self.concurrent else first
        self._stopping = threading.Event()

    def one(self, cancelled: Cancelled, on_text: Callable[[str], None] | None = None) -> Backend:
        """The backend as one request sees it: its answer can be cancelled, and watched as it comes."""
        return _OneRequest(self, cancelled, on_text)  # type: ignore[return-value]

    def submit(self, work: Callable[[Cancelled], T]) -> tuple[asyncio.Future[T], threading.Event]:
        """Start `work(cancelled)` when a slot is free; the event cancels it."""
        gone = threading.Event()

        def cancelled() -> bool:
            return gone.is_set() or self._stopping.is_set()

        def run() -> T:
            if cancelled():
                raise WorkError("nobody waits for this answer any more")
            with self.metrics.busy.track_inprogress():
                return work(cancelled)

        return asyncio.get_running_loop().run_in_executor(self._pool, run), gone

    async def answer(self, request: Request, work: Callable[[Cancelled], T], seconds: float) -> T:
        """The outcome of `work`; ends it when the client leaves (ClientDisconnect) or time is over."""
        future, gone = self.submit(work)
        leaving = asyncio.create_task(_left(request))
        try:
            waited: set[asyncio.Future[Any]] = {future, leaving}
            done, _ = await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if future in done:
                return future.result()
            if leaving in done:
                raise ClientDisconnect
            raise TimedOut("the request took too long", expected=f"at most {seconds:g} s")
        finally:
            gone.set()
            leaving.cancel()
            future.add_done_callback(forget)

    def close(self) -> None:
        """End what runs, and free the model."""
        self._stopping.set()
        if self.concurrent:
            self._pool.shutdown(cancel_futures=True)
            self.backend.close()
        else:
            self._pool.submit(self.backend.close).result()


class _OneRequest:
    def __init__(self, workers: Workers, cancelled: Cancelled, on_text: Callable[[str], None] | None) -> None:
        self._workers, self._cancelled, self._on_text = workers, cancelled, on_text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workers.backend, name)

    def generate(
        self, prompts: list[str], *, grammars: Sequence[Grammar | None] = (), **options: Any
    ) -> list[Generation]:
        backend: Any = self._workers.backend
        if hasattr(backend, "stream"):
            options |= {"cancelled": self._cancelled, "on_text": self._on_text}
            answers = [
                backend.stream(prompt, grammar=grammar, **options)
                for prompt, grammar in zip_longest(prompts, grammars)
            ]
        else:
            answers = backend.generate(prompts, grammars=grammars, **options)
            if self._on_text is not None:
                self._on_text(answers[0].text)
        for answer in answers:
            tokens = self._workers.metrics.tokens
            tokens.labels("prompt").inc(answer.prompt_tokens)
            tokens.labels("cached").inc(answer.cached_tokens)
            tokens.labels("answer").inc(answer.tokens)
        return answers


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def forget(future: asyncio.Future[Any]) -> None:
    """Its error, if any, has been told or has nobody to be told to."""
    if not future.cancelled():
        future.exception()
