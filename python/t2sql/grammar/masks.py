"""A grammar as masks over a vocabulary, for MLX: what would leave the grammar cannot be chosen.

llguidance says which tokens may come next; its own MLX helper needs Metal, so the mask is made with NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from t2sql.errors import WorkError
from t2sql.grammar.notations import Grammar
from t2sql.models.runtime import mx


class Masks:
    """The masks of one tokenizer (mlx-lm's wrapper)."""

    def __init__(self, tokenizer: Any) -> None:
        from llguidance.hf import from_tokenizer

        inner = getattr(tokenizer, "_tokenizer", tokenizer)
        ends = sorted(tokenizer.eos_token_ids)
        self._tokenizer = from_tokenizer(inner, eos_token=ends)

    def of(self, grammar: Grammar) -> Callable[[Any, Any], Any]:
        """A logits processor, (token ids so far, logits [1, vocabulary]) to logits, for one answer."""
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(grammar.lark), log_level=0)
        if matcher.is_error():
            raise WorkError("llguidance refused the grammar", found=matcher.get_error())
        return _Processor(matcher)


class _Processor:
    def __init__(self, matcher: Any) -> None:
        self.matcher = matcher
        self.begun = False

    def __call__(self, tokens: Any, logits: Any) -> Any:
        # The first call is before the first token of the answer; each later one is after one more.
        if self.begun:
            self.matcher.consume_token(int(tokens[-1].item()))
        self.begun = True
        bias = np.frombuffer(self.matcher.compute_logit_bias(), dtype=np.uint8)
        allowed = np.zeros(logits.shape[-1], dtype=bool)
        count = min(len(bias), len(allowed))
        allowed[:count] = bias[:count] != 0
        return mx.where(mx.array(allowed)[None], logits, mx.array(-float("inf"), dtype=logits.dtype))
