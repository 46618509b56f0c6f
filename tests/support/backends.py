"""Requests for tests, and a backend that gives scripted answers where the model does not matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from t2sql.generate import Cancelled, Generation, OnResult, OnText, Request, never
from t2sql.grammar import Width


def requests(prompts: Sequence[str], *, seed: int = 0, **options: Any) -> list[Request]:
    """A request for each prompt, each with a seed of its own."""
    return [Request(prompt, seed=seed + index, **options) for index, prompt in enumerate(prompts)]


class ScriptedBackend:
    """Answers with given texts, one after the other, or with what a function makes of the prompt.

    Attributes:
        requests: Everything that it was asked for.
    """

    name, model, device, weights = "llama", "scripted", "cpu", "q4_0"
    load_seconds, concurrent = 0.1, False
    context: int | None = None

    def __init__(
        self,
        *texts: str,
        reply: Callable[[Request], str] | None = None,
        logprob: float | None = None,
        min_logprob: float | None = None,
        prompt_format: str | None = "t2sql.prompt.1",
        grammar: Width | None = None,
    ) -> None:
        left = list(texts)
        self._reply = reply or (lambda request: left.pop(0))
        self._logprob, self.min_logprob, self.prompt_format = logprob, min_logprob, prompt_format
        self.grammar = grammar
        self.requests: list[Request] = []

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        self.requests.append(request)
        text = self._reply(request)
        if on_text is not None:
            on_text(text)
        return Generation(text, 20, 8, 0.1, 0.2, "stop", logprob=self._logprob)

    def answers(
        self, requests: Sequence[Request], *, on_result: OnResult | None = None, cancelled: Cancelled = never
    ) -> list[Generation]:
        generations = [self.answer(request) for request in requests]
        for index, generation in enumerate(generations):
            if on_result is not None:
                on_result(index, generation)
        return generations

    def beam(self, request: Request, candidates: int, *, cancelled: Cancelled = never) -> list[Generation]:
        found = [self.answer(request) for _ in range(candidates)]
        return [replace(one, score=-1.0 - index) for index, one in enumerate(found)]

    def close(self) -> None:
        pass
