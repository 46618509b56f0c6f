"""Answers computed in threads beside the event loop; one that nobody waits for any more is cancelled."""

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
    """A request took longer than the server allows."""


class Workers:
    """A loaded model and the threads that use it: one for each slot with llama.cpp, one in all with MLX.

    Attributes:
        backend: The model.
        metrics: What the server counts.
    """

    def __init__(self, model: str, backend: str, options: BackendOptions, metrics: Metrics) -> None:
        """Load the model.

        Args:
            model: The model argument.
            backend: The runtime's name.
            options: How the model is opened; `slots` is also the number of threads.
            metrics: Counts the answers that are computed.

        Raises:
            InputError: The model cannot be opened.
        """
        self.metrics = metrics
        # MLX has to be used in the thread that loads the model, so the thread comes first.
        thread = WorkerThread()
        self.backend: Backend = thread.submit(open_backend, model, backend, options).result()
        concurrent = self.backend.concurrent
        self._pool: Executor = ThreadPoolExecutor(options.slots, "slot") if concurrent else thread
        self._stopping = threading.Event()

    def submit(self, work: Callable[[Cancelled], T]) -> tuple[asyncio.Future[T], threading.Event]:
        """Start work when a thread is free.

        Args:
            work: Gets a function that says whether it is cancelled.

        Returns:
            The future of its result, and the event that cancels it.
        """
        abandoned = threading.Event()

        def cancelled() -> bool:
            return abandoned.is_set() or self._stopping.is_set()

        def run() -> T:
            if cancelled():
                raise WorkError("nobody waits for this answer any more")
            with self.metrics.busy.track_inprogress():
                return work(cancelled)

        return asyncio.get_running_loop().run_in_executor(self._pool, run), abandoned

    async def answer(self, request: Request, work: Callable[[Cancelled], T], seconds: float) -> T:
        """Run work for a request and wait for it.

        Args:
            request: The request. When its client leaves, the work is cancelled.
            work: Gets a function that says whether it is cancelled.
            seconds: How long it may take.

        Returns:
            What the work returned.

        Raises:
            ClientDisconnect: The client left.
            TimedOut: The time is over.
            T2sqlError: What the work raised.
        """
        future, abandoned = self.submit(work)
        leaving = asyncio.create_task(_disconnected(request))
        try:
            waited: set[asyncio.Future[Any]] = {future, leaving}
            done, _ = await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if future in done:
                return future.result()
            if leaving in done:
                raise ClientDisconnect
            raise TimedOut("the request took too long", expected=f"at most {seconds:g} s")
        finally:
            abandoned.set()
            leaving.cancel()
            future.add_done_callback(drop_error)

    def close(self) -> None:
        """Cancel what runs, wait for it, and free the model."""
        self._stopping.set()
        if self.backend.concurrent:
            self._pool.shutdown(cancel_futures=True)
            self.backend.close()
        else:
            self._pool.submit(self.backend.close).result()


async def _disconnected(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def drop_error(future: asyncio.Future[Any]) -> None:
    """Retrieve the exception of a future that nobody awaits, so that asyncio does not log it."""
    if not future.cancelled():
        future.exception()
