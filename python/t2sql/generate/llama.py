"""llama.cpp, by xllamacpp: parallel slots, each with its own prompt cache."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from t2sql import generate
from t2sql.errors import WorkError
from t2sql.generate.backend import BackendOptions
from t2sql.generate.llama_completion import ANY_SLOT, complete
from t2sql.generate.llama_server import device_name, start_server
from t2sql.generate.prompt_queue import PromptQueue
from t2sql.generate.request import Cancelled, Generation, OnResult, OnText, Request, never, not_started
from t2sql.interrupts import interrupts_held
from t2sql.models import ModelRef, gguf_facts
from t2sql.runtimes import LlamaServer

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
        self.grammar = facts.grammar
        self.weights = facts.type
        self.slots = options.slots or 1
        self.context = min(options.context or DEFAULT_CONTEXT, facts.context or DEFAULT_CONTEXT)
        self._ref, self._options = ref, options
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._beams: generate.LlamaBeams | None = None
        started = time.perf_counter()
        self._server: LlamaServer | None = start_server(ref, options, self.context)
        self.device = device_name(self._server, options.gpu_layers)
        self.load_seconds = time.perf_counter() - started

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Answer one request in whichever slot is free; see `Backend.answer`."""
        return complete(
            self._running_server(),
            request,
            slot=ANY_SLOT,
            where=self.path,
            on_text=on_text,
            cancelled=cancelled,
        )

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

    def beam(self, request: Request, candidates: int, *, cancelled: Cancelled = never) -> list[Generation]:
        """Search with one slot's sequence for each beginning; see `Backend.beam`."""
        server = self._running_server()
        with self._starting:
            if self._beams is None:
                self._beams = generate.LlamaBeams(self.path)
        return self._beams.search(server, self.context, request, candidates, cancelled)

    @property
    def process_id(self) -> int:
        """The process that holds the model, or that held it; 0 when the backend is closed."""
        return 0 if self._server is None else self._server.process_id

    def _running_server(self) -> LlamaServer:
        """The server, started again if it has ended: one request may have been too much for it."""
        with self._starting:
            if self._server is None:
                raise WorkError("the model is closed", where=self.path)
            if self._server.ended:
                self._server = start_server(self._ref, self._options, self.context)
            return self._server

    def close(self) -> None:
        """Free the model, after `answers` has ended; no `answer` may be running."""
        with self._lock, self._starting:
            if self._server is not None:
                self._server.close()
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

    The calling thread waits for their results and can be interrupted; a task ends at its next token once
    `stop` is set.
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
