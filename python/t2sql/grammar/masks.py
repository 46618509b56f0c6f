"""A grammar as masks over a vocabulary, for MLX: what would leave the grammar cannot be chosen.

llguidance says which tokens may come next; its own MLX helper needs Metal, so the mask is made with NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from t2sql.errors import WorkError
from t2sql.grammar.notations import Grammar
from t2sql.runtimes import mx


class Masks:
    """The masks of one tokenizer (mlx-lm's wrapper)."""

    def __init__(self, tokenizer: Any) -> None:
        from llguidance.hf import from_tokenizer

        inner = getattr(tokenizer, "_tokenizer", tokenizer)
        ends = sorted(tokenizer.eos_token_ids)
        self._tokenizer = from_tokenizer(inner, eos_token=ends)

    def of(self, grammar: Grammar, *, logprobs: bool = False) -> Mask:
        """A logits processor for one answer; with `logprobs` it keeps what the model said before it."""
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(grammar.lark), log_level=0)
        if matcher.is_error():
            raise WorkError("llguidance refused the grammar", found=matcher.get_error())
        return Mask(matcher, [] if logprobs else None)


class Mask:
    """(token ids so far, logits [1, vocabulary]) to logits."""

    def __init__(self, matcher: Any, unmasked: list[Any] | None) -> None:
        self.matcher = matcher
        self.begun = False
        self._unmasked = unmasked

    def __call__(self, tokens: Any, logits: Any) -> Any:
        # The first call is before the first token of the answer; each later one is after one more.
        if self.begun:
            self.matcher.consume_token(int(tokens[-1].item()))
        self.begun = True
        if self._unmasked is not None:
            self._unmasked.append(logits[0] - mx.logsumexp(logits[0]))
        bias = np.frombuffer(self.matcher.compute_logit_bias(), dtype=np.uint8)
        allowed = np.zeros(logits.shape[-1], dtype=bool)
        count = min(len(bias), len(allowed))
        allowed[:count] = bias[:count] != 0
        return mx.where(mx.array(allowed)[None], logits, mx.array(-float("inf"), dtype=logits.dtype))

    def logprob(self, place: int, token: int) -> float:
        """The log-probability of the token at `place` without the mask; each can be asked for once."""
        assert self._unmasked is not None
        found: float = self._unmasked[place][token].item()
        self._unmasked[place] = None
        return found
