"""The names that SQLite's full-text tables have beside their columns: the table's own, and `rank`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from t2sql.live.names import fold

_CALLS = frozenset({"bm25", "highlight", "snippet"})
"""Functions whose first argument is the name of the table."""


def is_full_text_name(node: exp.Column, tables: Iterable[str]) -> bool:
    """Whether a name that is no column can mean a hidden column of a full-text table.

    Of a table of another kind SQLite takes it for a text or refuses it.

    Args:
        node: The name.
        tables: The tables that the query reads.
    """
    select, call = node.find_ancestor(exp.Select), node.parent
    if select is None or select.find(exp.Match) is None:
        return False
    if fold(node.name) == "rank":
        return True
    is_matched = isinstance(call, exp.Match) and node is call.this
    is_first = isinstance(call, exp.Anonymous) and call.name.lower() in _CALLS and node is call.expressions[0]
    return (is_matched or is_first) and fold(node.name) in map(fold, tables)
