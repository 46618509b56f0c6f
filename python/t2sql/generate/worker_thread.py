"""A thread for MLX, which has to be used in the thread that loaded the model."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkerThread(Executor):
    """An executor of one thread that lives as long as the process.

    MLX aborts the process when a thread that used it ends, so this thread never does: it is a daemon, and
    `shutdown` does nothing.
    """

    def __init__(self) -> None:
        """Start the thread."""
        self._tasks: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="model", daemon=True).start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn` in the thread, after everything that was submitted before.

        Returns:
            The future of its result; cancelling it works until the call begins.
        """
        future: Future[T] = Future()
        self._tasks.put((future, lambda: fn(*args, **kwargs)))
        return future

    def _run(self) -> None:
        while True:
            future, task = self._tasks.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except BaseException as error:
                    future.set_exception(error)
            # Else the last result lives until the next task comes.
            del future, task
