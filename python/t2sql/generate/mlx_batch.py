"""One batch of requests in MLX: mlx-lm's continuous batch, and the answers that are read from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from t2sql.generate.request import Cancelled, Finish, Generation, OnResult, OnText, Request, mean
from t2sql.generate.statement import first_statement
from t2sql.grammar import Mask
from t2sql.runtimes import Array, Module, mx

from mlx_lm.generate import BatchGenerator  # isort: skip  # After `mx`, which loads MLX with our BLAS.
from mlx_lm.sample_utils import apply_top_p  # isort: skip

Tokenizer: TypeAlias = Any
"""mlx-lm's wrapper of a tokenizer."""
Response: TypeAlias = Any
"""What `BatchGenerator.next` says of one sequence."""

_PREFILL_TOKENS = 2048
_PREFILL_SEQUENCES = 8


@dataclass(frozen=True)
class BatchModel:
    """What a batch needs of a loaded model.

    Attributes:
        network: The model in MLX.
        tokenizer: Its tokenizer.
        newlines: The tokens with a line break, which end an answer as end-of-text does.
        batch_size: Sequences that generate at once, at most.
    """

    network: Module
    tokenizer: Tokenizer
    newlines: frozenset[int]
    batch_size: int


@dataclass(frozen=True)
class Prompt:
    """A request whose prompt is encoded.

    Attributes:
        request: The request.
        tokens: Token ids of its prompt.
        mask: The mask of its grammar; None without one.
    """

    request: Request
    tokens: list[int]
    mask: Mask | None


@dataclass
class _Sequence:
    """One answer as it grows; times are of `time.perf_counter`, None until they come."""

    prompt: Prompt
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    started: float | None = None
    prompt_done: float | None = None


class Batch:
    """Answers requests together: sequences enter the batch as others leave it."""

    def __init__(
        self,
        model: BatchModel,
        prompts: Sequence[Prompt],
        *,
        on_result: OnResult | None,
        on_text: OnText | None,
        cancelled: Cancelled,
    ) -> None:
        """Put the prompts into a batch; `run` computes.

        Args:
            model: The model.
            prompts: What to answer.
            on_result: Gets each answer when it is complete.
            on_text: Gets each piece of the text; for a batch of one.
            cancelled: Asked after each step; once it returns True every answer ends.
        """
        self._tokenizer = model.tokenizer
        self._ends = frozenset(model.tokenizer.eos_token_ids)
        self._on_result, self._on_text, self._cancelled = on_result, on_text, cancelled
        self._text_length = 0
        self._sequences = [_Sequence(prompt) for prompt in prompts]
        self._results: dict[int, Generation] = {}
        self._engine: Any = BatchGenerator(
            model.network,
            stop_tokens=[[token] for token in sorted(self._ends | model.newlines)],
            completion_batch_size=model.batch_size,
            prefill_batch_size=min(_PREFILL_SEQUENCES, model.batch_size),
            prefill_step_size=_PREFILL_TOKENS,
        )
        self._index_of: dict[int, int] = {}
        if prompts:
            # Prompts of similar length are computed together, so that little of it is padding.
            order = sorted(range(len(prompts)), key=lambda index: len(prompts[index].tokens))
            ordered = [prompts[index] for index in order]
            samplers: Any = [_sampler(prompt.request) for prompt in ordered]
            ids = self._engine.insert(
                [prompt.tokens for prompt in ordered],
                max_tokens=[prompt.request.max_tokens for prompt in ordered],
                samplers=samplers,
                logits_processors=[[] if prompt.mask is None else [prompt.mask] for prompt in ordered],
            )
            self._index_of = dict(zip(ids, order, strict=True))

    def run(self) -> list[Generation]:
        """Compute until every request is answered.

        Returns:
            The answers in the order of the prompts.
        """
        try:
            while len(self._results) < len(self._sequences):
                self._step()
        finally:
            self._engine.close()
        return [self._results[index] for index in range(len(self._sequences))]

    def _step(self) -> None:
        began = time.perf_counter()
        prompts, tokens = self._engine.next()
        now = time.perf_counter()
        for response in prompts:
            sequence = self._sequences[self._index_of[response.uid]]
            if sequence.started is None:
                sequence.started = began
            if response.end_of_prompt:
                sequence.prompt_done = now
        for response in tokens:
            self._take(self._index_of[response.uid], response, now)
        if self._cancelled():
            for index in range(len(self._sequences)):
                if index not in self._results:
                    self._end(index, "stop", now)

    def _take(self, index: int, response: Response, now: float) -> None:
        """Add a token to its answer."""
        sequence = self._sequences[index]
        token = int(response.token)
        sequence.tokens.append(token)
        if sequence.prompt.request.logprobs and token not in self._ends:
            mask = sequence.prompt.mask
            # Behind a mask the response's log-probabilities are those of the tokens that it left.
            sequence.logprobs.append(
                response.logprobs[token].item()
                if mask is None
                else mask.logprob(len(sequence.tokens) - 1, token)
            )
        if self._on_text is not None:
            self._send_new_text(self._on_text, sequence)
        if response.finish_reason is not None:
            self._end(index, "stop" if response.finish_reason == "stop" else "length", now)

    def _send_new_text(self, on_text: OnText, sequence: _Sequence) -> None:
        """Pass on what is new in the first line; an incomplete character waits for its last byte."""
        text = self._text(sequence).partition("\n")[0].rstrip("\ufffd")
        if len(text) > self._text_length:
            on_text(text[self._text_length :])
            self._text_length = len(text)

    def _text(self, sequence: _Sequence) -> str:
        tokens = sequence.tokens
        ended = bool(tokens) and tokens[-1] in self._ends
        return str(self._tokenizer.decode(tokens[:-1] if ended else tokens))

    def _end(self, index: int, finish: Finish, now: float) -> None:
        sequence = self._sequences[index]
        # A cancelled request may not have begun, or not have got past its prompt.
        prompt_done = now if sequence.prompt_done is None else sequence.prompt_done
        started = prompt_done if sequence.started is None else sequence.started
        generation = Generation(
            text=first_statement(self._text(sequence)),
            prompt_tokens=len(sequence.prompt.tokens),
            tokens=len(sequence.tokens),
            prompt_seconds=prompt_done - started,
            seconds=now - prompt_done,
            finish=finish,
            logprob=mean(sequence.logprobs),
        )
        self._results[index] = generation
        if self._on_result is not None:
            self._on_result(index, generation)


def _sampler(request: Request) -> Callable[[Array], Array] | None:
    """Draws from the distribution at the request's temperature, cut to its top_p; None is greedy.

    Each request has random numbers of its own, so its answer does not depend on the rest of the batch.
    """
    if request.temperature == 0:
        return None
    state = [mx.random.key(request.seed)]

    def sample(logprobs: Array) -> Array:
        state[0], key = mx.random.split(state[0])
        if request.top_p < 1:
            logprobs = apply_top_p(logprobs, request.top_p)
        return mx.random.categorical(logprobs * (1 / request.temperature), key=key)

    return sample
