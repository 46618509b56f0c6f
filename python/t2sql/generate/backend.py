"""The one interface of every runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from t2sql.bounds import MAX_SLOTS, check_count, check_threads
from t2sql.generate.request import Cancelled, Generation, OnResult, OnText, Request, never
from t2sql.grammar import Width

MAX_CONTEXT, MAX_BATCH = 1 << 20, 1024
"""Tokens of one prompt and its answer, and sequences in a batch, at most."""


class Backend(Protocol):
    """A model that is loaded and answers requests; `open_backend` makes one.

    Its calls run one at a time and, with MLX, in the thread that opened it, unless `concurrent`.
    """

    @property
    def name(self) -> str:
        """The runtime: "llama", "mlx" or "openai"."""
        ...

    @property
    def model(self) -> str:
        """The model's name, for people."""
        ...

    @property
    def device(self) -> str:
        """Where the model computes: "cpu", a GPU's name, or "server"."""
        ...

    @property
    def weights(self) -> str:
        """How the weights are held in memory, such as "q8_0" or "float32 (from q8_0)"."""
        ...

    @property
    def context(self) -> int | None:
        """The most tokens of one prompt and its answer together; None where the runtime does not say."""
        ...

    @property
    def concurrent(self) -> bool:
        """Whether several threads may call `answer` at once."""
        ...

    @property
    def load_seconds(self) -> float:
        """Seconds that loading took."""
        ...

    @property
    def prompt_format(self) -> str | None:
        """The prompt format that the model was trained on; None where it does not say."""
        ...

    @property
    def min_logprob(self) -> float | None:
        """The log-probability below which the model's answers are uncertain; None where it does not say."""
        ...

    @property
    def grammar(self) -> Width | None:
        """The grammar that the model's answers need; None where it does not say."""
        ...

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Answer one request.

        Args:
            request: What to generate.
            on_text: Gets each piece of the text as it comes, in the calling thread; its pieces joined are
                the text before it is cut to one statement. A backend that gets the answer whole calls it
                once.
            cancelled: Once it returns True the answer ends at its next token, with finish "stop".

        Returns:
            The answer, or as much of it as there was when it was cancelled.

        Raises:
            ContextError: The prompt does not fit the context.
            WorkError: The backend is closed, or the runtime or the server failed.
        """
        ...

    def answers(
        self,
        requests: Sequence[Request],
        *,
        on_result: OnResult | None = None,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """Answer many requests together, as fast as the runtime can.

        Args:
            requests: What to generate; they may differ in everything.
            on_result: Gets each answer when it is complete, in order of completion, in the calling thread.
            cancelled: Once it returns True every answer ends at its next token; a request that has not begun
                gets an empty one.

        Returns:
            The answers in the order of the requests.

        Raises:
            ContextError: A prompt does not fit the context.
            WorkError: The backend is closed, or the runtime or the server failed.
        """
        ...

    def beam(self, request: Request, candidates: int, *, cancelled: Cancelled = never) -> list[Generation]:
        """Find the likeliest answers to one request by beam search.

        Args:
            request: What to generate; it has a grammar, and its temperature does not matter.
            candidates: The most answers to find, and the beginnings of answers that are followed at once.
            cancelled: As for `answer`.

        Returns:
            Different answers, the likeliest first; at least one.

        Raises:
            InputError: The backend cannot search.
            ContextError: The prompt does not fit the context.
            WorkError: As for `answer`.
        """
        ...

    def close(self) -> None:
        """Free the model; the backend cannot be used after it."""
        ...


@dataclass(frozen=True)
class BackendOptions:
    """How a model is opened; each runtime uses the options that it knows.

    Attributes:
        adapter: Checkpoint directory of an adapter to apply (MLX).
        threads: Threads that compute; by default one a core (llama.cpp).
        context: The most tokens of one prompt and its answer (llama.cpp).
        slots: Requests that are computed at once (llama.cpp) or under way at once (a server).
        gpu_layers: Layers on the GPU (llama.cpp).
        batch_size: Sequences in a batch at once (MLX).
    """

    adapter: Path | None = None
    threads: int | None = None
    context: int | None = None
    slots: int | None = None
    gpu_layers: int | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        """Check every count.

        Raises:
            InputError: One is out of range.
        """
        check_threads(self.threads)
        check_count("slots", self.slots, MAX_SLOTS)
        check_count("context", self.context, MAX_CONTEXT, least=16)
        check_count("batch_size", self.batch_size, MAX_BATCH)
