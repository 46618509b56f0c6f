"""Answers computed in threads beside the event loop; one that nobody waits for any more is ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from t2sql.errors import WorkError
from t2sql.generate import Backend, BackendOptions, Cancelled, WorkerThread, open_backend
from t2sql.serve.metrics import Metrics

T = TypeVar("T")


class TimedOut(WorkError):
    """The time of a request is over."""


class Workers:
    """A loaded model and the threads that use it: one a slot with llama.cpp, one in all with MLX."""

    def __init__(self, model: str, backend: str, options: BackendOptions, metrics: Metrics) -> None:
        self.metrics = metrics
        # MLX has to be used in the thread that loads the model, so the thread comes first.
        thread = WorkerThread()
        self.backend: Backend = thread.submit(open_backend, model, backend, options).result()
        concurrent = self.backend.concurrent
        self._pool: Executor = ThreadPoolExecutor(options.slots, "slot") if concurrent else thread
        self._stopping = threading.Event()

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
        if self.backend.concurrent:
            self._pool.shutdown(cancel_futures=True)
            self.backend.close()
        else:
            self._pool.submit(self.backend.close).result()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def forget(future: asyncio.Future[Any]) -> None:
    """Its error, if any, has been told or has nobody to be told to."""
    if not future.cancelled():
        future.exception()
