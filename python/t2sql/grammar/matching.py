"""Whole texts held against a grammar."""

from __future__ import annotations

from llguidance import LLMatcher, LLTokenizer


def byte_matcher(lark: str) -> LLMatcher:
    """llguidance's matcher of a grammar over bytes.

    Args:
        lark: The grammar, as `Grammar.lark` has it.
    """
    return LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(lark), log_level=0)
