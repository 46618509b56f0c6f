"""MLX: a directory, or a GGUF whose weights are taken over, in one continuous batch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from t2sql import models
from t2sql.adapters import read_adapter_config
from t2sql.errors import ContextError, WorkError
from t2sql.generate.backend import BackendOptions
from t2sql.generate.beam import Search
from t2sql.generate.beam_mlx import MlxExpander
from t2sql.generate.mlx_batch import Batch, BatchModel, Prompt
from t2sql.generate.request import Cancelled, Generation, OnResult, OnText, Request, never
from t2sql.grammar import Masks
from t2sql.models import Loaded, ModelRef
from t2sql.prompt import encode
from t2sql.runtimes import device, mx

DEFAULT_BATCH_SIZE = 32


class MlxBackend:
    """A model in MLX; see `Backend` for what its members mean.

    One request or many take the same path. All calls must come from the thread that made the backend.

    Attributes:
        path: The directory or the GGUF file.
        context: Tokens of one prompt and its answer, as the model's config has it.
        batch_size: Sequences that are in the batch at once, at most.
    """

    name = "mlx"
    concurrent = False

    def __init__(self, ref: ModelRef, options: BackendOptions) -> None:
        """Load the model.

        Raises:
            InputError: The model, or the adapter for it, cannot be read.
        """
        self.model = ref.name
        self.path = ref.path
        self.batch_size = options.batch_size or DEFAULT_BATCH_SIZE
        self.device = device()
        started = time.perf_counter()
        if ref.kind == "gguf":
            facts = models.gguf_facts(ref.path, ref.adapter)
            self.prompt_format, self.min_logprob = facts.prompt_format, facts.min_logprob
            self.grammar = facts.grammar
            loaded = models.load_gguf(ref, adapter=options.adapter)
            self.weights = f"{loaded.weights} (from {facts.type})"
        else:
            self.prompt_format, self.min_logprob, self.grammar = models.directory_facts(ref.path)
            loaded = models.load(ref, adapter=options.adapter)
            self.weights = loaded.weights
        if options.adapter is not None:
            # The model's own were measured without this adapter.
            self.prompt_format = read_adapter_config(options.adapter).prompt_format
            self.min_logprob = models.adapter_min_logprob(options.adapter)
            self.grammar = models.adapter_grammar(options.adapter)
        self.load_seconds = time.perf_counter() - started
        self.context = int(loaded.config.get("max_position_embeddings") or 0) or None
        self._loaded: Loaded | None = loaded
        self._masks: Masks | None = None
        self._newlines = _newline_tokens(loaded.tokenizer)

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Answer one request; see `Backend.answer`."""
        return self._batch([request], cancelled, on_text=on_text).run()[0]

    def answers(
        self,
        requests: Sequence[Request],
        *,
        on_result: OnResult | None = None,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """Answer requests in one batch, which each enters as others leave it; see `Backend.answers`."""
        return self._batch(requests, cancelled, on_result=on_result).run()

    def beam(self, request: Request, candidates: int, *, cancelled: Cancelled = never) -> list[Generation]:
        """Search with a row of the batch for each beginning; see `Backend.beam`."""
        if self._loaded is None:
            raise WorkError("the model is closed", where=self.path)
        assert request.grammar is not None
        tokenizer = self._loaded.tokenizer
        prompt = self._prompt(self._loaded, replace(request, logprobs=False))
        search = Search(
            expander=MlxExpander(self._loaded.model, prompt.tokens),
            ends=frozenset(tokenizer.eos_token_ids),
            decode=tokenizer.decode,
            width=candidates,
            max_tokens=request.max_tokens,
            prompt_tokens=len(prompt.tokens),
            cancelled=cancelled,
        )
        return search.run(self._masks_of(self._loaded).path(request.grammar))

    def _batch(
        self,
        requests: Sequence[Request],
        cancelled: Cancelled,
        *,
        on_result: OnResult | None = None,
        on_text: OnText | None = None,
    ) -> Batch:
        if self._loaded is None:
            raise WorkError("the model is closed", where=self.path)
        prompts = [self._prompt(self._loaded, request) for request in requests]
        model = BatchModel(self._loaded.model, self._loaded.tokenizer, self._newlines, self.batch_size)
        return Batch(model, prompts, on_result=on_result, on_text=on_text, cancelled=cancelled)

    def _prompt(self, loaded: Loaded, request: Request) -> Prompt:
        tokens = encode(loaded.tokenizer, request.prompt).ids
        if self.context is not None and len(tokens) + request.max_tokens > self.context:
            room = self.context - request.max_tokens
            raise ContextError(
                "the prompt does not fit the context",
                where=self.path,
                expected=f"at most {room} tokens beside {request.max_tokens} for the answer",
                found=f"{len(tokens)} tokens",
                hint="Give fewer tables or columns",
            )
        mask = None
        if request.grammar is not None:
            mask = self._masks_of(loaded).of(request.grammar, logprobs=request.logprobs)
        return Prompt(request, tokens, mask)

    def _masks_of(self, loaded: Loaded) -> Masks:
        """The masks of the tokenizer, made when they are first needed."""
        if self._masks is None:
            self._masks = Masks(loaded.tokenizer)
        return self._masks

    def close(self) -> None:
        """Free the model; the backend cannot be used after it."""
        self._loaded = None
        mx.clear_cache()

    def __enter__(self) -> MlxBackend:
        """The backend, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _newline_tokens(tokenizer: Any) -> frozenset[int]:
    """Every token that holds a line break, as byte-level BPE and SentencePiece write it."""
    marks = ("\n", "Ċ", "<0x0A>")
    return frozenset(
        token for text, token in tokenizer.get_vocab().items() if any(mark in str(text) for mark in marks)
    )
