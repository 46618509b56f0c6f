"""Statements as Spider's test-suite script prepares them: without DISTINCT, with the gold statement's values.

The behaviour is that of `parse.py` in github.com/taoyds/test-suite-sql-eval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product

from t2sql.sql import tokens

_MOST_WAYS = 1000
"""Statements that are tried for one answer. The script tries all: of ten values in six places, a million."""

_NUMBER = re.compile(r"[-+]?(?:\d*\.\d+|\d+)")


def without_distinct(sql: str) -> str:
    """Leave out every DISTINCT, and what follows the first statement."""
    parts: list[str] = []
    for _, text in tokens(sql):
        if text.lower() != "distinct":
            parts.append(text)
        if text == ";":
            break
    return "".join(parts)


def with_joined_operators(sql: str) -> str:
    """Close up comparison operators that a model wrote with a blank in them."""
    return sql.replace("> =", ">=").replace("< =", "<=").replace("! =", "!=")


def with_gold_values(answer: str, gold: str) -> Iterator[str]:
    """The answer with the gold statement's values in the places of its own, in all ways, at most 1,000.

    Args:
        answer: The answer.
        gold: The gold statement.

    Yields:
        Statements, each place with any of the values. Numbers and texts are not told apart, nor is the number
        after LIMIT left out.
    """
    parts = _parts(answer)
    places = [at for at, part in enumerate(parts) if _is_value(part)]
    values = list(dict.fromkeys(part for part in _parts(gold) if _is_value(part)))
    for chosen in islice(product(values, repeat=len(places)), _MOST_WAYS):
        for at, value in zip(places, chosen, strict=True):
            parts[at] = value
        yield " ".join(parts)


def _parts(sql: str) -> list[str]:
    """The tokens of a statement; a sign belongs to its number unless something stands right before it."""
    parts: list[str] = []
    before, is_sign = "", False
    for kind, text in tokens(sql.strip().replace(";", "").replace("\t", "")):
        if kind == "number" and is_sign:
            parts[-1] += text
        elif kind not in ("space", "comment"):
            parts.append(text)
        is_sign = text == "-" and not before[-1:].isalnum() and before[-1:] not in ("_", ")", "]")
        before = text
    return parts


def _is_value(part: str) -> bool:
    return part[:1] in ("'", '"') or _NUMBER.fullmatch(part) is not None
