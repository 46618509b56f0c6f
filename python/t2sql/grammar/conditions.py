"""Conditions that begin with a column, written without the table's name, which stands before them or not."""

from __future__ import annotations

from t2sql.grammar.expressions import (
    COMPARABLE,
    COMPARISON,
    MAX_VALUES,
    NOT,
    NUMBER,
    TEXT,
    Comparable,
    Depth,
    Rules,
    choice,
    listed,
)
from t2sql.grammar.notations import Node, TerminalChoice, either, sequence


class Subqueries:
    """The subqueries that conditions have; `wide.py` makes them."""

    def rows(self, kind: Comparable, depth: Depth) -> Node | None:
        """A query of one item of a kind, for IN."""
        raise NotImplementedError

    def value(self, kind: Comparable, depth: Depth) -> Node | None:
        """A query of one value of a kind, in parentheses."""
        raise NotImplementedError


def table_conditions(rules: Rules, table: int, depth: Depth, subqueries: Subqueries) -> None:
    """Add the rule of the conditions that begin with a column of a table.

    Args:
        rules: Gets the rule.
        table: The table's index.
        depth: Whether the condition stands in a subquery.
        subqueries: Makes its subqueries.
    """
    parts: list[Node] = []
    column = rules.column(table)
    assert column is not None
    parts.append(sequence(column, TerminalChoice((" IS NULL", " IS NOT NULL"))))
    boolean = rules.column(table, "boolean")
    if boolean is not None:
        parts.append(sequence(boolean, COMPARISON, NUMBER))
    for kind in COMPARABLE:
        of_kind = rules.column(table, kind)
        if of_kind is None:
            continue
        literal = NUMBER if kind == "number" else TEXT
        follows: list[Node] = [
            sequence(
                COMPARISON,
                choice([literal, subqueries.value(kind, depth)]),
            ),
            sequence(NOT, " BETWEEN ", literal, " AND ", literal),
            sequence(NOT, " IN (", choice([listed(literal, MAX_VALUES), subqueries.rows(kind, depth)]), ")"),
        ]
        if kind != "number":
            follows.append(sequence(NOT, " LIKE ", literal))
        parts.append(sequence(of_kind, either(*follows)))
    rules.rules[f"w{depth}_{table}"] = either(*parts)
