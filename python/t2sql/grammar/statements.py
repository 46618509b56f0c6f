"""The grammar of a schema: the statements that t2sql's own data has, over the names that there are.

SELECT of columns and aggregates from a table or from tables joined along keys; conditions with comparisons,
BETWEEN, IN, LIKE, NULL, AND, OR; subqueries after IN and for an average; GROUP BY with HAVING; ORDER BY with
LIMIT. A name that belongs to no table of the FROM cannot be written, and the text ends only where a
statement does. Numbers of repetitions are bounded, so that a statement ends at all.

llguidance reads the longest text that may stand in a place: none may be the beginning of another there and
be followed by what the other goes on with.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from t2sql.errors import InputError
from t2sql.grammar.notations import Grammar, Names, Node, Ref, Text, alt, maybe, seq
from t2sql.grammar.notations import Repeat as Rep
from t2sql.grammar.values import COUNT, NUMBER, STRING, copied
from t2sql.schema import ForeignKey, Schema, Table
from t2sql.sql import quote

MAX_SELECTED = 16
LEAST_SELECTED = 4
MAX_CONDITIONS = 6
MAX_VALUES = 12
MAX_JOINS = 64
"""Ways to join that are written out; a schema of more keys has the first of them."""

Key: TypeAlias = tuple[Table, ForeignKey, Table]
"""The table that holds a key, the key, the table that it points at."""

_COMPARED = Names((" = ", " <> ", " != ", " > ", " >= ", " < ", " <= "))
_AMONG = Names((" IN (", " NOT IN ("))
_WAY = maybe(Names((" ASC", " DESC")))
_ALIKE = Names((" LIKE ", " NOT LIKE "))


def grammar_of(schema: Schema, question: str | None = None) -> Grammar:
    """The statements over a schema; with `question`, texts in them are words of it.

    Raises InputError for a schema without tables, or a table without columns.
    """
    if not schema.tables:
        raise InputError("no table to make a grammar of")
    for table in schema.tables:
        if not table.columns:
            raise InputError("a table without columns", where=table.name)
    rules: dict[str, Node] = {"root": Text("")}
    rules["text"] = alt(STRING if question is None else copied(question))
    rules["value"] = alt(Ref("text"), NUMBER)
    statements = []
    for at, table in enumerate(schema.tables):
        columns = tuple(quote(column.name) for column in table.columns)
        rules[f"c{at}"] = Names(columns)
        statements.append(_statement(rules, f"t{at}", columns, Text(quote(table.name))))
        inner = seq("SELECT ", Ref(f"c{at}"), " FROM ", quote(table.name), _where(f"t{at}", "simple"))
        rules[f"in{at}"] = inner
        rules[f"avg{at}"] = seq("(SELECT AVG(", Ref(f"c{at}"), ") FROM ", quote(table.name), ")")
    rules["inner"] = alt(*(Ref(f"in{at}") for at in range(len(schema.tables))))
    rules["average"] = alt(*(Ref(f"avg{at}") for at in range(len(schema.tables))))
    for at, (tables, texts) in enumerate(_joins(schema)):
        columns = tuple(
            f"{quote(table.name)}.{quote(column.name)}" for table in tables for column in table.columns
        )
        statements.append(_statement(rules, f"j{at}", columns, seq(quote(tables[0].name), *texts)))
    rules["root"] = seq(maybe(" "), alt(*statements))
    return Grammar(rules)


def _statement(rules: dict[str, Node], scope: str, columns: tuple[str, ...], source: Node) -> Node:
    """Adds the rules of statements over some columns, all named after `scope`."""
    column: Node = Ref(f"{scope}_column")
    rules[f"{scope}_column"] = Names(columns)
    functions = Names(("SUM(", "AVG(", "MIN(", "MAX("))
    counted = alt("*", seq(maybe("DISTINCT "), column))
    rules[f"{scope}_measure"] = seq(alt(seq("COUNT(", counted), seq(functions, column)), ")")
    measure: Node = Ref(f"{scope}_measure")
    rules[f"{scope}_item"] = alt(column, measure)
    item: Node = Ref(f"{scope}_item")
    rules[f"{scope}_simple"] = alt(
        seq(column, _COMPARED, Ref("value")),
        seq(column, _ALIKE, Ref("text")),
        seq(column, " BETWEEN ", Ref("value"), " AND ", Ref("value")),
        seq(column, Names((" IS NULL", " IS NOT NULL"))),
        seq(column, _AMONG, _listed(Ref("value"), MAX_VALUES), ")"),
    )
    rules[f"{scope}_test"] = alt(
        Ref(f"{scope}_simple"),
        seq(column, _COMPARED, alt(Ref("average"), column)),
        seq(column, _AMONG, Ref("inner"), ")"),
    )
    test: Node = Ref(f"{scope}_test")
    rules[f"{scope}_part"] = alt(test, seq("(", test, Rep(seq(" OR ", test), 1, 3), ")"))
    group = seq(" GROUP BY ", _listed(column, 3), maybe(" HAVING ", measure, _COMPARED, NUMBER))
    # SQLite orders by an aggregate only where there are groups.
    order, by_column = maybe(" ORDER BY ", item, _WAY), maybe(" ORDER BY ", column, _WAY)
    rules[f"{scope}_tail"] = seq(
        _where(scope, "part"), alt(seq(group, order), by_column), maybe(" LIMIT ", COUNT)
    )
    # A small model can go round in circles: no more items than there are columns to name.
    most = min(MAX_SELECTED, max(LEAST_SELECTED, len(columns)))
    selected = alt("*", seq(maybe("DISTINCT "), _listed(item, most)))
    rules[f"{scope}_statement"] = seq("SELECT ", selected, " FROM ", source, Ref(f"{scope}_tail"))
    return Ref(f"{scope}_statement")


def _where(scope: str, part: str) -> Node:
    one: Node = Ref(f"{scope}_{part}")
    return maybe(" WHERE ", one, Rep(seq(Names((" AND ", " OR ")), one), 0, MAX_CONDITIONS - 1))


def _listed(part: Node, most: int) -> Node:
    return seq(part, Rep(seq(", ", part), 0, most - 1))


def _joins(schema: Schema) -> Iterator[tuple[list[Table], list[str]]]:
    """Tables joined along one key or two, in every order that leaves each joined to one before it, and what
    follows the first one's name in FROM."""
    keys = [
        (table, key, other)
        for table in schema.tables
        for key in table.foreign_keys
        if (other := schema.table(key.to_table)) is not None and other != table
    ]
    tables = dict.fromkeys(table for child, _, parent in keys for table in (child, parent))
    walks = (walk for joins in (1, 2) for table in tables for walk in _walks(keys, [table], [], joins))
    return islice(walks, MAX_JOINS)


def _walks(
    keys: list[Key], tables: list[Table], texts: list[str], joins: int
) -> Iterator[tuple[list[Table], list[str]]]:
    """Every walk of so many joins from these tables on."""
    if joins == 0:
        yield tables, texts
        return
    for child, key, parent in keys:
        on = f"{quote(child.name)}.{quote(key.column)} = {quote(parent.name)}.{quote(key.to_column)}"
        for here, new in ((child, parent), (parent, child)):
            if here in tables and new not in tables:
                text = f" JOIN {quote(new.name)} ON {on}"
                yield from _walks(keys, [*tables, new], [*texts, text], joins - 1)
