"""Which remembered questions are near to another one: by the words that they share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from t2sql.remembered.answers import RememberedAnswer
from t2sql.schema import singularize

_WORD = re.compile(r"\w+")
_LEAST = 0.2
"""The least part of all words of two questions that both have."""
_EMPTY_WORDS = """
    a all an and are by can do does for from give has have how i in is it list many me much of on or
    our show tell that the there they this to us was we were what when where which who whose will
    with you
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
"""Words that questions share whatever they are about."""


def nearest(question: str, answers: Sequence[RememberedAnswer], most: int) -> list[RememberedAnswer]:
    """The answers whose questions share most words with a question, the nearest last.

    Args:
        question: The question.
        answers: What is remembered.
        most: The most answers.
    """
    words = _words(question)
    scored = [(_overlap(words, _words(one.question)), index) for index, one in enumerate(answers)]
    near = sorted(pair for pair in scored if pair[0] >= _LEAST)
    return [answers[index] for _, index in near[-most:]] if most else []


def _words(text: str) -> frozenset[str]:
    words = {singularize(word) for word in _WORD.findall(text.casefold())}
    return frozenset(words - _EMPTY)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index."""
    return len(one & other) / len(one | other) if one and other else 0.0
