"""Answers computed in threads beside the event loop; one that nobody waits for any more is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.requests import ClientDisconnect, Request

from t2sql.errors import WorkError
from t2sql.generate import Backend, BackendOptions, Cancelled, LlamaBackend, WorkerThread, open_backend
from t2sql.serve.errors import Busy, TimedOut, server_ends
from t2sql.serve.metrics import Metrics
from t2sql.serve.settings import Settings

T = TypeVar("T")


@dataclass
class Job(Generic[T]):
    """What was submitted for one request.

    Attributes:
        futures: The results of its parts.
        abandoned: Cancels all parts once it is set.
    """

    futures: list[asyncio.Future[T]]
    abandoned: threading.Event

    def abandon(self) -> None:
        """Cancel what still runs; the results are of no interest any more."""
        self.abandoned.set()


class Workers:
    """A loaded model and the threads that use it: one for each slot with llama.cpp, one in all with MLX.

    Attributes:
        backend: The model.
        metrics: What the server counts.
    """

    def __init__(self, model: str, backend: str, options: BackendOptions, settings: Settings) -> None:
        """Load the model.

        Args:
            model: The model argument.
            backend: The runtime's name.
            options: How the model is opened; `slots` is also the number of threads.
            settings: The server's limits.

        Raises:
            InputError: The model cannot be opened.
        """
        self.metrics = Metrics()
        self._settings = settings
        # MLX has to be used in the thread that loads the model, so the thread comes first.
        thread = WorkerThread()
        self.backend: Backend = thread.submit(open_backend, model, backend, options).result()
        if isinstance(self.backend, LlamaBackend):
            llama = self.backend
            self.metrics.watch_model(lambda: llama.process_id)
        concurrent = self.backend.concurrent
        self._pool: Executor = ThreadPoolExecutor(options.slots, "slot") if concurrent else thread
        self._stopping = threading.Event()
        self._ending = False
        self._unfinished: set[Future[Any]] = set()
        self._jobs = 0

    def submit(self, works: Sequence[Callable[[Cancelled], T]]) -> Job[T]:
        """Start the work for a request, each part of it as soon as a thread is free.

        Args:
            works: The parts, at least one. Each gets a function that says whether it is cancelled.

        Raises:
            Busy: As many requests as the server allows wait or run.
            Refusal: The server ends.
        """
        if self._ending:
            raise server_ends()
        if self._jobs >= self._settings.max_requests:
            raise Busy("too many requests at once", hint="Try again in a moment")
        abandoned = threading.Event()

        def cancelled() -> bool:
            return abandoned.is_set() or self._stopping.is_set()

        def run(work: Callable[[Cancelled], T]) -> T:
            if cancelled():
                raise WorkError("nobody waits for this answer any more")
            with self.metrics.busy.track_inprogress():
                return work(cancelled)

        parts = [self._pool.submit(run, work) for work in works]
        for part in parts:
            self._unfinished.add(part)
            part.add_done_callback(self._unfinished.discard)
        job = Job([asyncio.wrap_future(part) for part in parts], abandoned)
        unfinished = len(works)

        def finish(future: asyncio.Future[T]) -> None:
            nonlocal unfinished
            if not future.cancelled():
                # An exception that nobody retrieves would be logged by asyncio.
                future.exception()
            unfinished -= 1
            if unfinished == 0:
                self._jobs -= 1

        self._jobs += 1
        for future in job.futures:
            future.add_done_callback(finish)
        return job

    async def answers(
        self, request: Request | None, works: Sequence[Callable[[Cancelled], T]], seconds: float
    ) -> list[T]:
        """Run the work for a request and wait for it. A task that is cancelled here cancels the work.

        Args:
            request: The request, if there is one of HTTP. When its client leaves, the work is cancelled.
            works: The parts; see `submit`.
            seconds: How long they may take together.

        Returns:
            What the parts returned.

        Raises:
            Busy: As many requests as the server allows wait or run.
            Refusal: The server ends.
            ClientDisconnect: The client left.
            TimedOut: The time is over.
            T2sqlError: What one of the parts raised.
        """
        job = self.submit(works)
        leaving = None if request is None else asyncio.create_task(_disconnected(request))
        everything = asyncio.gather(*job.futures)
        try:
            waited: set[asyncio.Future[Any]] = {everything} if leaving is None else {everything, leaving}
            done, _ = await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if everything in done:
                if everything.cancelled():
                    raise server_ends()
                return everything.result()
            if leaving in done:
                raise ClientDisconnect
            raise TimedOut(seconds)
        finally:
            job.abandon()
            if leaving is not None:
                leaving.cancel()
            everything.add_done_callback(_drop_error)

    def refuse_waiting(self) -> int:
        """Refuse what no thread has begun, and all that comes from now on.

        Returns:
            How many answers, or parts of them, still run.
        """
        self._ending = True
        return sum(not part.cancel() for part in list(self._unfinished))

    def cancel(self) -> None:
        """Cancel what runs, and do not wait for it."""
        self._stopping.set()

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


def _drop_error(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
