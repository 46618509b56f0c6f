"""A grammar as masks over a vocabulary, for MLX: what would leave the grammar cannot be chosen.

llguidance says which tokens may come next; its own MLX helper needs Metal, so the mask is made with NumPy.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from t2sql.grammar.notations import Grammar
from t2sql.grammar.paths import Path, Paths, check
from t2sql.runtimes import Array, mx, scalar

Tokenizer: TypeAlias = Any
"""mlx-lm's wrapper of a tokenizer."""


class Masks:
    """Makes the masks of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Read the vocabulary, which takes a moment.

        Args:
            tokenizer: mlx-lm's wrapper of a tokenizer of transformers.
        """
        self._paths = Paths(from_tokenizer(tokenizer._tokenizer, eos_token=sorted(tokenizer.eos_token_ids)))

    def of(self, grammar: Grammar, *, logprobs: bool = False) -> Mask:
        """Make the mask of one answer.

        Args:
            grammar: What the answer may be.
            logprobs: Whether `Mask.logprob` will be asked.

        Raises:
            WorkError: llguidance refuses the grammar.
        """
        return Mask(self._paths.matcher(grammar), [] if logprobs else None)

    def path(self, grammar: Grammar) -> Path:
        """The empty beginning of an answer; see `Paths.of`."""
        return self._paths.of(grammar)


class Mask:
    """A logits processor of mlx-lm: what would leave the grammar cannot be chosen."""

    def __init__(self, matcher: LLMatcher, unmasked: list[Array | None] | None) -> None:
        """Begin an answer.

        Args:
            matcher: llguidance's matcher, at the beginning of the grammar.
            unmasked: Collects the log-probabilities before the mask; None does without.
        """
        self._matcher = matcher
        self._begun = False
        self._unmasked = unmasked

    def __call__(self, tokens: Array, logits: Array) -> Array:
        """Mask the logits of the next token.

        Args:
            tokens: Ids of the tokens so far, the prompt's included.
            logits: `[1, vocabulary]`.

        Returns:
            The logits, minus infinity where the grammar allows no such token.
        """
        # The first call is before the first token of the answer; each later one is after one more.
        if self._begun:
            self._matcher.consume_token(int(scalar(tokens[-1])))
        check(self._matcher)
        self._begun = True
        if self._unmasked is not None:
            self._unmasked.append(logits[0] - mx.logsumexp(logits[0]))
        bias = np.frombuffer(self._matcher.compute_logit_bias(), dtype=np.uint8)
        allowed = np.zeros(logits.shape[-1], dtype=bool)
        count = min(len(bias), len(allowed))
        allowed[:count] = bias[:count] != 0
        return mx.where(mx.array(allowed)[None], logits, mx.array(-float("inf"), dtype=logits.dtype))

    def logprob(self, index: int, token: int) -> float:
        """The log-probability of a token of the answer without the mask.

        Args:
            index: Which token of the answer, from 0; each can be asked for once.
            token: Its id.
        """
        assert self._unmasked is not None
        logprobs = self._unmasked[index]
        assert logprobs is not None
        # A vocabulary of float32 for each token would add up.
        self._unmasked[index] = None
        return scalar(logprobs[token])
