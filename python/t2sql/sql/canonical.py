"""Exact match: whether two texts are the same statement, by their syntax trees."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def same_statement(gold: str, sql: str) -> bool:
    """The same statement, however it is spelled: letter case and quoting of names, keywords, spacing,
    comments, parentheses that change nothing, `<>` for `!=`. Values, aliases and order count.

    A text that is no SQL (the tutorial's) is the same only when it is letter for letter.
    """
    if gold == sql:
        return True
    want, got = _tree(gold), _tree(sql)
    return want is not None and got is not None and bool(want == got)


@lru_cache(maxsize=4096)
def _tree(sql: str) -> Any:
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
        identifier.set("quoted", False)
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", None)
    # The tree itself holds what belongs together.
    for parentheses in list(tree.find_all(exp.Paren)):
        parentheses.replace(parentheses.this)
    return tree
