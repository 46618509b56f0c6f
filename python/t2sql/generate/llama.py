"""llama.cpp inside this process, by xllamacpp: parallel slots, each with its own prompt cache."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from t2sql.errors import WorkError
from t2sql.generate.backend import BackendOptions
from t2sql.generate.llama_completion import ANY_SLOT, complete
from t2sql.generate.llama_server import Server, device_name, start_server
from t2sql.generate.prompt_queue import PromptQueue
from t2sql.generate.request import Cancelled, Generation, OnResult, OnText, Request, never, not_started
from t2sql.interrupts import interrupts_held
from t2sql.models import ModelRef, gguf_facts

DEFAULT_CONTEXT = 2048
"""Tokens; room for a large schema, and little enough memory for any machine."""


class LlamaBackend:
    """A GGUF file in llama.cpp; see `Backend` for what its members mean.

    Attributes:
        path: The GGUF file.
        context: Tokens of one prompt and its answer; every slot has as much.
        slots: Requests that are computed at once.
    """

    name = "llama"
    concurrent = True

    def __init__(self, ref: ModelRef, options: BackendOptions) -> None:
        """Load the file.

        Raises:
            InputError: The file is no GGUF, or llama.cpp cannot load it.
        """
        self.model = ref.name
        self.path = ref.path
        facts = gguf_facts(ref.path, ref.adapter)
        self.prompt_format, self.min_logprob = facts.prompt_format, facts.min_logprob
        self.weights = facts.type
        self.slots = options.slots or 1
        self.context = min(options.context or DEFAULT_CONTEXT, facts.context or DEFAULT_CONTEXT)
        self.device = device_name(options.gpu_layers)
        self._lock = threading.Lock()
        started = time.perf_counter()
        self._server: Server | None = start_server(ref, options, self.context)
        self.load_seconds = time.perf_counter() - started

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Answer one request in whichever slot is free; see `Backend.answer`."""
        server = self._running_server()
        events: SimpleQueue[str | Generation | BaseException] = SimpleQueue()
        stop = threading.Event()

        def work() -> None:
            try:
                generation = complete(
                    server,
                    request,
                    slot=ANY_SLOT,
                    where=self.path,
                    on_text=None if on_text is None else events.put,
                    cancelled=lambda: stop.is_set() or cancelled(),
                )
                events.put(generation)
            except BaseException as error:
                events.put(error)

        with _running([work], stop):
            while isinstance(event := events.get(), str):
                if on_text is not None:
                    on_text(event)
        if isinstance(event, BaseException):
            raise event
        return event

    def answers(
        self,
        requests: Sequence[Request],
        *,
        on_result: OnResult | None = None,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """Answer requests in all slots at once, those that begin alike in one slot; see `Backend.answers`."""
        server = self._running_server()
        events: SimpleQueue[tuple[int, Generation | BaseException]] = SimpleQueue()
        stop = threading.Event()
        prompts = PromptQueue([request.prompt for request in requests], min(self.slots, len(requests)))

        def ended() -> bool:
            return stop.is_set() or cancelled()

        def one(index: int, slot: int) -> Generation:
            if ended():
                return not_started()
            return complete(
                server, requests[index], slot=slot, where=self.path, on_text=None, cancelled=ended
            )

        def work(slot: int) -> None:
            while not stop.is_set() and (index := prompts.next(slot)) is not None:
                try:
                    events.put((index, one(index, slot)))
                except BaseException as error:
                    events.put((index, error))

        tasks = [lambda slot=slot: work(slot) for slot in range(prompts.slots)]
        results: dict[int, Generation] = {}
        with self._lock, _running(tasks, stop):
            while len(results) < len(requests):
                index, outcome = events.get()
                if isinstance(outcome, BaseException):
                    raise outcome
                results[index] = outcome
                if on_result is not None:
                    on_result(index, outcome)
        return [results[index] for index in range(len(requests))]

    def _running_server(self) -> Server:
        if self._server is None:
            raise WorkError("the model is closed", where=self.path)
        return self._server

    def close(self) -> None:
        """Free the model, after `answers` has ended; no `answer` may be running."""
        with self._lock:
            self._server = None

    def __enter__(self) -> LlamaBackend:
        """The backend, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


@contextmanager
def _running(tasks: Sequence[Callable[[], None]], stop: threading.Event) -> Iterator[None]:
    """Run tasks in threads of their own during the block; after it `stop` is set and all are waited for.

    A call into llama.cpp blocks without letting signals in, so it runs beside the calling thread, which
    waits for its results and can be interrupted; the call ends at its next token once `stop` is set.
    """
    threads = [threading.Thread(target=task, daemon=True) for task in tasks]
    try:
        # All or none: a thread that still computes when the process ends takes it down with a signal.
        with interrupts_held():
            for thread in threads:
                thread.start()
        yield
    finally:
        stop.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
