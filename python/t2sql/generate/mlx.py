"""MLX: a directory, or a GGUF whose weights are taken over, in one continuous batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import ContextError, WorkError
from t2sql.generate.backend import Finish, Generation, OnResult, statement
from t2sql.models import directory_facts, gguf_facts
from t2sql.runtimes import device, mx

if TYPE_CHECKING:
    from t2sql.grammar import Grammar, Masks
    from t2sql.models import Loaded, ModelRef

DEFAULT_BATCH = 32
_PREFILL_TOKENS = 2048


class MlxBackend:
    """A model in MLX. One prompt or many take the same path, a batch of at most `batch_size`."""

    name = "mlx"
    concurrent = False

    def __init__(self, ref: ModelRef, *, adapter: Path | None = None, batch_size: int | None = None) -> None:
        self.model = ref.name
        self.path = Path(ref.path)
        self.batch_size = batch_size or DEFAULT_BATCH
        self.device = device()
        started = time.perf_counter()
        from t2sql import models

        if ref.kind == "gguf":
            facts = gguf_facts(self.path, ref.adapter)
            self.prompt_format, self.min_logprob = facts.prompt_format, facts.min_logprob
            loaded = models.load_gguf(ref, adapter=adapter)
            self.weights = f"{loaded.weights} (from {facts.type})"
        else:
            self.prompt_format, self.min_logprob = directory_facts(self.path)
            loaded = models.load(ref, adapter=adapter)
            self.weights = loaded.weights
        if adapter is not None:
            self.min_logprob = None
        self.load_seconds = time.perf_counter() - started
        self.context = int(loaded.config.get("max_position_embeddings") or 0) or None
        self._loaded: Loaded | None = loaded
        self._grammar: Masks | None = None
        self._ends = set(loaded.tokenizer.eos_token_ids)
        self._newlines = _newline_ids(loaded.tokenizer)

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int = 128,
        temp: float = 0.0,
        seed: int = 0,
        on_result: OnResult | None = None,
        grammars: Sequence[Grammar | None] = (),
        logprobs: bool = False,
    ) -> list[Generation]:
        return self._batch(prompts, max_tokens, temp, seed, on_result, grammars, logprobs).run()

    def _batch(
        self,
        prompts: Sequence[str],
        max_tokens: int,
        temp: float,
        seed: int,
        on_result: OnResult | None,
        grammars: Sequence[Grammar | None],
        logprobs: bool,
    ) -> _Batch:
        from t2sql.prompt import encode

        if self._loaded is None:
            raise WorkError("the model is closed", where=self.path)
        inputs = [encode(self._loaded.tokenizer, prompt)[0] for prompt in prompts]
        self._check_lengths(inputs, max_tokens)
        masks = self._masks(grammars, logprobs)
        return _Batch(self, self._loaded, inputs, max_tokens, temp, seed, on_result, masks, logprobs)

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int = 128,
        temp: float = 0.0,
        seed: int = 0,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        grammar: Grammar | None = None,
        logprobs: bool = False,
    ) -> Generation:
        """Answer one prompt, in the thread that loaded the model. `on_text` gets each piece of the text as it
        comes; once `cancelled` says so, the answer ends at its next token."""
        batch = self._batch([prompt], max_tokens, temp, seed, None, [grammar], logprobs)
        batch.on_text, batch.cancelled = on_text, cancelled
        return batch.run()[0]

    def _masks(self, grammars: Sequence[Grammar | None], logprobs: bool) -> list[Any]:
        """A logits processor for each prompt, or None."""
        if not any(grammars):
            return []
        from t2sql.grammar import Masks

        assert self._loaded is not None
        if self._grammar is None:
            self._grammar = Masks(self._loaded.tokenizer)
        return [
            None if grammar is None else self._grammar.of(grammar, logprobs=logprobs) for grammar in grammars
        ]

    def _check_lengths(self, inputs: list[list[int]], max_tokens: int) -> None:
        longest = max(map(len, inputs), default=0)
        if self.context is not None and longest + max_tokens > self.context:
            raise ContextError(
                "the prompt does not fit the context",
                where=self.path,
                expected=f"at most {self.context - max_tokens} tokens beside {max_tokens} for the answer",
                found=f"{longest} tokens",
                hint="Give fewer tables or columns",
            )

    def close(self) -> None:
        """Free the model; the backend cannot be used after it."""
        self._loaded = None
        mx.clear_cache()

    def __enter__(self) -> MlxBackend:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Batch:
    """One call of `generate`: sequences enter the batch as others leave it."""

    def __init__(
        self,
        backend: MlxBackend,
        loaded: Loaded,
        inputs: list[list[int]],
        max_tokens: int,
        temp: float,
        seed: int,
        on_result: OnResult | None,
        masks: Sequence[Any],
        logprobs: bool,
    ) -> None:
        from mlx_lm.generate import BatchGenerator

        self.inputs = inputs
        self.ends = backend._ends
        self.tokenizer = loaded.tokenizer
        self.on_result = on_result
        self.on_text: Callable[[str], None] | None = None
        self.cancelled: Callable[[], bool] = lambda: False
        self._told = 0
        self.masks = masks
        self.logprobs: list[list[float]] | None = [[] for _ in inputs] if logprobs else None
        self.results: dict[int, Generation] = {}
        self.tokens: list[list[int]] = [[] for _ in inputs]
        self.read = [0.0] * len(inputs)
        self.started = [0.0] * len(inputs)
        # Prompts of like length are read together, so that little of what is computed is padding.
        self.order = sorted(range(len(inputs)), key=lambda index: len(inputs[index]))
        self.engine: Any = BatchGenerator(
            loaded.model,
            max_tokens=max_tokens,
            stop_tokens=[[token] for token in sorted(backend._ends | backend._newlines)],
            completion_batch_size=backend.batch_size,
            prefill_batch_size=min(8, backend.batch_size),
            prefill_step_size=_PREFILL_TOKENS,
        )
        samplers = [_sampler(temp, seed + index) for index in self.order] if temp > 0 else None
        self.index_of: dict[int, int] = {}
        if inputs:
            processors = [[masks[index]] if masks[index] else [] for index in self.order] if masks else None
            uids = self.engine.insert(
                [inputs[index] for index in self.order], samplers=samplers, logits_processors=processors
            )
            self.index_of = dict(zip(uids, self.order, strict=True))

    def run(self) -> list[Generation]:
        waiting = dict(self.index_of)
        try:
            while len(self.results) < len(self.inputs):
                begins = time.perf_counter()
                read, written = self.engine.next()
                now = time.perf_counter()
                for response in read:
                    if response.uid in waiting:
                        self.started[waiting.pop(response.uid)] = begins
                    if response.end_of_prompt:
                        self.read[self.index_of[response.uid]] = now
                for response in written:
                    self._take(self.index_of[response.uid], response, now)
                if self.cancelled():
                    for index in set(range(len(self.inputs))) - self.results.keys():
                        self._end(index, "stop", now)
        finally:
            self.engine.close()
        return [self.results[index] for index in range(len(self.inputs))]

    def _take(self, index: int, response: Any, now: float) -> None:
        tokens = self.tokens[index]
        token = int(response.token)
        tokens.append(token)
        if self.logprobs is not None and token not in self.ends:
            mask = self.masks[index] if self.masks else None
            # What the mask left over does not say how likely the model thought it.
            place = len(tokens) - 1
            likely = response.logprobs[token].item() if mask is None else mask.logprob(place, token)
            self.logprobs[index].append(likely)
        if self.on_text is not None:
            self._tell(self.on_text, tokens)
        if response.finish_reason is not None:
            self._end(index, "stop" if response.finish_reason == "stop" else "length", now)

    def _tell(self, on_text: Callable[[str], None], tokens: list[int]) -> None:
        """What is new in the first line; a character that is not whole yet waits for its end."""
        kept = tokens[:-1] if tokens[-1] in self.ends else tokens
        text = self.tokenizer.decode(kept).partition("\n")[0].rstrip("\ufffd")
        if len(text) > self._told:
            on_text(text[self._told :])
            self._told = len(text)

    def _end(self, index: int, finish: Finish, now: float) -> None:
        tokens = self.tokens[index]
        kept = tokens[:-1] if tokens and tokens[-1] in self.ends else tokens
        # One that was cancelled may not have begun.
        read = self.read[index] or now
        generation = Generation(
            text=statement(self.tokenizer.decode(kept)),
            prompt_tokens=len(self.inputs[index]),
            tokens=len(tokens),
            prompt_seconds=read - (self.started[index] or read),
            seconds=now - read,
            finish=finish,
            logprob=self._mean(index),
        )
        self.results[index] = generation
        if self.on_result is not None:
            self.on_result(index, generation)

    def _mean(self, index: int) -> float | None:
        likely = self.logprobs[index] if self.logprobs is not None else []
        return sum(likely) / len(likely) if likely else None


def _sampler(temp: float, seed: int) -> Any:
    """The plain distribution at `temp`, from a random stream of its own."""
    state = [mx.random.key(seed)]

    def sample(logprobs: Any) -> Any:
        state[0], key = mx.random.split(state[0])
        return mx.random.categorical(logprobs * (1 / temp), key=key)

    return sample


def _newline_ids(tokenizer: Any) -> set[int]:
    """Every token that holds a line break, in the spellings of byte-level BPE and SentencePiece."""
    marks = ("\n", "Ċ", "<0x0A>")
    return {
        token for text, token in tokenizer.get_vocab().items() if any(mark in str(text) for mark in marks)
    }
