"""Beginnings of answers under a grammar: which tokens may come next, for search over several at once."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLTokenizer

from t2sql.errors import WorkError
from t2sql.grammar.matching import matcher_of
from t2sql.grammar.notations import Grammar

BoolArray: TypeAlias = npt.NDArray[np.bool_]

_CACHED = 4
"""Grammars that are kept as llguidance has read them, which takes it up to half a second."""


class Paths:
    """The beginnings of answers of one tokenizer."""

    def __init__(self, tokenizer: LLTokenizer) -> None:
        """Remember the vocabulary.

        Args:
            tokenizer: llguidance's view of the tokenizer.
        """
        self.tokenizer = tokenizer
        self._matchers: OrderedDict[str, LLMatcher] = OrderedDict()

    def matcher(self, grammar: Grammar) -> LLMatcher:
        """llguidance's matcher at the beginning of a grammar, which the caller may move.

        Raises:
            WorkError: llguidance refuses the grammar.
        """
        lark = grammar.lark
        if lark not in self._matchers:
            matcher = matcher_of(self.tokenizer, lark)
            if matcher.is_error():
                raise WorkError("llguidance refused the grammar", found=matcher.get_error())
            self._matchers[lark] = matcher
            if len(self._matchers) > _CACHED:
                self._matchers.popitem(last=False)
        self._matchers.move_to_end(lark)
        return self._matchers[lark].deep_copy()

    def of(self, grammar: Grammar) -> Path:
        """The empty beginning of an answer.

        Raises:
            WorkError: llguidance refuses the grammar.
        """
        return Path(self.matcher(grammar))


class Path:
    """Some tokens that the grammar lets an answer begin with."""

    def __init__(self, matcher: LLMatcher) -> None:
        """Begin where a matcher stands.

        Args:
            matcher: It belongs to the path from now on.
        """
        self._matcher = matcher

    def allowed(self) -> BoolArray:
        """Whether each token of the vocabulary may come next, the end of the text included.

        Raises:
            WorkError: llguidance cannot follow the grammar any further.
        """
        bias: bytes = self._matcher.compute_logit_bias()
        check(self._matcher)
        allowed: BoolArray = np.frombuffer(bias, dtype=np.uint8) != 0
        return allowed

    def then(self, token: int) -> Path:
        """The path with a token more, which `allowed` allows."""
        matcher = self._matcher.deep_copy()
        matcher.consume_token(token)
        return Path(matcher)


def check(matcher: LLMatcher) -> None:
    """Check that a matcher follows its grammar: else its mask would allow the end of the text only.

    Raises:
        WorkError: It does not.
    """
    if matcher.is_error():
        raise WorkError(
            "llguidance cannot follow the grammar any further",
            found=matcher.get_error().splitlines()[0],
            hint="Ask about fewer tables with --table, or use --free",
        )
