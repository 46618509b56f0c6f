"""Exact match: whether two texts are the same statement, judged by their syntax trees."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp


def same_statement(gold: str, sql: str) -> bool:
    """Tell whether two texts are the same statement but for how they are written.

    Ignored are letter case and quotes of names, keywords, spacing, comments, parentheses that change nothing,
    and `<>` for `!=`. Values, aliases and order count. A text that is not SQL (the tutorial's) is the same
    only if it is equal letter for letter.
    """
    if gold == sql:
        return True
    gold_tree, tree = _tree(gold), _tree(sql)
    return gold_tree is not None and tree is not None and bool(gold_tree == tree)


@lru_cache(maxsize=4096)  # Comparing several models parses each gold statement once.
def _tree(sql: str) -> exp.Query | None:
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
    # The tree's own shape says what belongs together.
    for parentheses in list(tree.find_all(exp.Paren)):
        parentheses.replace(parentheses.this)
    return tree
