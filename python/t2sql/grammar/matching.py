"""Whole texts held against a grammar."""

from __future__ import annotations

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

MOST_ITEMS = 1_000_000
"""Rules that may be open at once. llguidance's own 2,000 are too few for a dozen tables with their joins."""


def matcher_of(tokenizer: LLTokenizer, lark: str) -> LLMatcher:
    """llguidance's matcher of a grammar; its `get_error` says whether it has refused it.

    Args:
        tokenizer: The vocabulary.
        lark: The grammar, as `Grammar.lark` has it.
    """
    limits = LLParserLimits(
        max_items_in_row=MOST_ITEMS,
        step_max_items=MOST_ITEMS,
        max_grammar_size=10 * MOST_ITEMS,
        initial_lexer_fuel=100 * MOST_ITEMS,
        step_lexer_fuel=20 * MOST_ITEMS,
    )
    return LLMatcher(tokenizer, LLMatcher.grammar_from_lark(lark), log_level=0, limits=limits)


def byte_matcher(lark: str) -> LLMatcher:
    """llguidance's matcher of a grammar over bytes.

    Args:
        lark: The grammar, as `Grammar.lark` has it.
    """
    return matcher_of(LLTokenizer("byte"), lark)
