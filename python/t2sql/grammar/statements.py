"""The grammar of a schema: the statements that t2sql's own data has, over the names that there are.

SELECT of columns and aggregates from a table or from tables joined along keys; conditions with comparisons,
BETWEEN, IN, LIKE, NULL, AND, OR; subqueries after IN and for an average; GROUP BY with HAVING; ORDER BY
with LIMIT. A column stands beside an aggregate only where there are groups. A name that belongs to no table
of the FROM cannot be written, and the text ends only where a statement does. Numbers of repetitions are
bounded, so that a statement ends at all.

llguidance reads the longest text that may stand in a place: none may be the beginning of another there and
be followed by what the other goes on with.
"""

from __future__ import annotations

from t2sql.grammar.joins import joined_tables
from t2sql.grammar.notations import (
    Grammar,
    Node,
    Repetition,
    RuleReference,
    Terminal,
    TerminalChoice,
    either,
    optional,
    sequence,
)
from t2sql.grammar.values import COUNT, NUMBER, STRING, copied_text
from t2sql.schema import Schema
from t2sql.sql import quote

MAX_SELECTED = 16
"""Items after SELECT, at most."""
LEAST_SELECTED = 4
"""As many items are always allowed, also over a table of fewer columns."""
MAX_CONDITIONS = 6
"""Conditions that AND and OR join, at most."""
MAX_VALUES = 12
"""Values of an IN, at most."""
MAX_TRIPLES = 64
"""Groups of three tables that the grammar joins, at most; of two tables it joins all that keys connect."""

_COMPARISON = TerminalChoice((" = ", " <> ", " != ", " > ", " >= ", " < ", " <= "))
_MEMBERSHIP = TerminalChoice((" IN (", " NOT IN ("))
_DIRECTION = optional(TerminalChoice((" ASC", " DESC")))
_SIMILARITY = TerminalChoice((" LIKE ", " NOT LIKE "))


def narrow_grammar_of(schema: Schema, question: str | None = None) -> Grammar:
    """Make the narrow grammar of the statements over a schema.

    Args:
        schema: The tables: at least one, each with a column.
        question: Texts in a statement are words of it; None allows any text.

    Returns:
        The grammar.
    """
    rules: dict[str, Node] = {"root": Terminal("")}
    rules["text"] = either(STRING if question is None else copied_text(question))
    rules["value"] = either(RuleReference("text"), NUMBER)
    statements = []
    for index, table in enumerate(schema.tables):
        columns = tuple(quote(column.name) for column in table.columns)
        rules[f"c{index}"] = TerminalChoice(columns)
        statements.append(_statement(rules, f"t{index}", columns, Terminal(quote(table.name))))
        inner = sequence(
            "SELECT ", RuleReference(f"c{index}"), " FROM ", quote(table.name), _where(f"t{index}", "simple")
        )
        rules[f"in{index}"] = inner
        rules[f"avg{index}"] = sequence(
            "(SELECT AVG(", RuleReference(f"c{index}"), ") FROM ", quote(table.name), ")"
        )
    rules["inner"] = either(*(RuleReference(f"in{index}") for index in range(len(schema.tables))))
    rules["average"] = either(*(RuleReference(f"avg{index}") for index in range(len(schema.tables))))
    for index, (tables, sources) in enumerate(joined_tables(schema, MAX_TRIPLES)):
        columns = tuple(
            f"{quote(table.name)}.{quote(column.name)}" for table in tables for column in table.columns
        )
        source = either(*(sequence(*texts) for texts in sources))
        statements.append(_statement(rules, f"j{index}", columns, source))
    rules["root"] = sequence(optional(" "), either(*statements))
    return Grammar(rules)


def _statement(rules: dict[str, Node], scope: str, columns: tuple[str, ...], source: Node) -> Node:
    """Add the rules of the statements over some columns.

    Args:
        rules: Gets the rules; their names begin with `scope`.
        scope: A name that no other call has.
        columns: The columns' names, as a statement writes them.
        source: What follows FROM.

    Returns:
        A reference to the rule of a whole statement.
    """
    column: Node = RuleReference(f"{scope}_column")
    rules[f"{scope}_column"] = TerminalChoice(columns)
    functions = TerminalChoice(("SUM(", "AVG(", "MIN(", "MAX("))
    counted = either("*", sequence(optional("DISTINCT "), column))
    rules[f"{scope}_measure"] = sequence(
        either(sequence("COUNT(", counted), sequence(functions, column)), ")"
    )
    measure: Node = RuleReference(f"{scope}_measure")
    rules[f"{scope}_item"] = either(column, measure)
    item: Node = RuleReference(f"{scope}_item")
    rules[f"{scope}_simple"] = either(
        sequence(column, _COMPARISON, RuleReference("value")),
        sequence(column, _SIMILARITY, RuleReference("text")),
        sequence(column, " BETWEEN ", RuleReference("value"), " AND ", RuleReference("value")),
        sequence(column, TerminalChoice((" IS NULL", " IS NOT NULL"))),
        sequence(column, _MEMBERSHIP, _listed(RuleReference("value"), MAX_VALUES), ")"),
    )
    rules[f"{scope}_test"] = either(
        RuleReference(f"{scope}_simple"),
        sequence(column, _COMPARISON, either(RuleReference("average"), column)),
        sequence(column, _MEMBERSHIP, RuleReference("inner"), ")"),
    )
    test: Node = RuleReference(f"{scope}_test")
    rules[f"{scope}_part"] = either(test, sequence("(", test, Repetition(sequence(" OR ", test), 1, 3), ")"))
    group = sequence(" GROUP BY ", _listed(column, 3), optional(" HAVING ", measure, _COMPARISON, NUMBER))
    # SQLite orders by an aggregate only where there are groups.
    order, by_column = optional(" ORDER BY ", item, _DIRECTION), optional(" ORDER BY ", column, _DIRECTION)
    limit = optional(" LIMIT ", COUNT)
    rules[f"{scope}_groups"] = sequence(_where(scope, "part"), group, order, limit)
    rules[f"{scope}_rows"] = sequence(_where(scope, "part"), by_column, limit)
    # A small model may repeat itself: no more items than there are columns.
    most = min(MAX_SELECTED, max(LEAST_SELECTED, len(columns)))
    one_kind = either(_listed(column, most), _listed(measure, most))
    both_kinds = either(
        sequence(_listed(column, most - 1), ", ", measure, Repetition(sequence(", ", item), 0, most - 2)),
        sequence(_listed(measure, most - 1), ", ", column, Repetition(sequence(", ", item), 0, most - 2)),
    )
    tail = either(RuleReference(f"{scope}_groups"), RuleReference(f"{scope}_rows"))
    rules[f"{scope}_from"] = sequence(" FROM ", source)
    tables = RuleReference(f"{scope}_from")
    rules[f"{scope}_statement"] = sequence(
        "SELECT ",
        either(
            sequence("*", tables, tail),
            sequence(optional("DISTINCT "), one_kind, tables, tail),
            # A column beside an aggregate means nothing without groups, and most databases refuse it.
            sequence(optional("DISTINCT "), both_kinds, tables, RuleReference(f"{scope}_groups")),
        ),
    )
    return RuleReference(f"{scope}_statement")


def _where(scope: str, part: str) -> Node:
    one: Node = RuleReference(f"{scope}_{part}")
    return optional(
        " WHERE ", one, Repetition(sequence(TerminalChoice((" AND ", " OR ")), one), 0, MAX_CONDITIONS - 1)
    )


def _listed(part: Node, most: int) -> Node:
    return sequence(part, Repetition(sequence(", ", part), 0, most - 1))
