"""Values in a statement: letter case as the database has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlglot import exp

from t2sql.live.names import Namespaces, TableColumn
from t2sql.live.scopes import table_column
from t2sql.sql import SqlError

Lookup: TypeAlias = Callable[["exp.Expr"], list[Any]]
"""Runs a statement and returns the first column of its rows."""

_TEXT = re.compile(r"char|text|string|clob|enum", re.IGNORECASE)
_NESTED = re.compile(r"\[|^(struct|map|union|list)\b", re.IGNORECASE)
_PADDED = re.compile(r"enum|char\(|character\(", re.IGNORECASE)
_MAX_LOOKUPS = 8
"""Each is a query on the user's database, and may have to read a whole column."""


@dataclass(frozen=True)
class Change:
    """A text that was replaced by the database's spelling of it.

    Attributes:
        column: The column, as "table.column".
        asked: The text in the model's statement.
        found: The text in the database.
    """

    column: str
    asked: str
    found: str


def match_letter_case(
    tree: exp.Expr, namespaces: Namespaces, lookup: Lookup
) -> tuple[list[Change], list[str], list[str]]:
    """Replace texts that no row has by the one spelling, letter case ignored, that rows have.

    Args:
        tree: The statement's tree, its names resolved; it is changed.
        namespaces: What the name of each table is written after.
        lookup: Asks the database.

    Returns:
        What was replaced; the texts that the database does not have, or has in other spellings, in words; and
        notes.
    """
    changes, unmatched, notes = [], [], []
    for count, (node, literal) in enumerate(list(_comparisons(tree))):
        column = table_column(node)
        if column is None or not literal.is_string or not _is_text(column):
            continue
        if count >= _MAX_LOOKUPS:
            notes.append(f"only the first {_MAX_LOOKUPS} values were looked up in the database")
            break
        try:
            spellings = _spellings(column, literal.name, namespaces, lookup)
        except SqlError as error:
            slow = error.kind == "timeout"
            reason = "the table is too large" if slow else error.found
            notes.append(f"{literal.name!r} was not looked up in {column.name}: {reason}")
            if slow:
                break
            continue
        if literal.name in spellings:
            continue
        if len(spellings) == 1 and isinstance(spellings[0], str):
            changes.append(Change(column.name, literal.name, spellings[0]))
            literal.replace(exp.Literal.string(spellings[0]))
        else:
            what = "several spellings of" if spellings else "nothing like"
            unmatched.append(f"{column.name} has {what} '{literal.name}'")
    return changes, unmatched, notes


def _is_text(column: TableColumn) -> bool:
    """Whether a column holds single texts, and not lists or structs of them."""
    declared = column.column.type or "text"
    return bool(_TEXT.search(declared)) and not _NESTED.search(declared)


def _spellings(column: TableColumn, text: str, namespaces: Namespaces, lookup: Lookup) -> list[Any]:
    """How a column spells a text: [the text] if a row has it.

    Raises:
        SqlError: The database cannot say, or not in time.
    """
    node: exp.Expr = exp.column(exp.to_identifier(column.column.name, quoted=True))
    if _PADDED.match(column.column.type):
        # A value of an enum is compared with a text as a text only, and blanks fill up a char(10).
        node = exp.Cast(this=node, to=exp.DataType.build("text"))
    literal = exp.Literal.string(text)
    parts = (column.table.name, *reversed(namespaces(column.table.name)))
    table = exp.Table(
        **{
            key: exp.to_identifier(name, quoted=True)
            for key, name in zip(("this", "db", "catalog"), parts, strict=False)
        }
    )
    exact = exp.select(node).from_(table).where(exp.EQ(this=node.copy(), expression=literal)).limit(1)
    equal = lookup(exact)
    if equal:
        # A collation of MariaDB's finds a text in other letter case too.
        same_letters = isinstance(equal[0], str) and equal[0].lower() == text.lower()
        return equal if same_letters else [text]
    folded = exp.EQ(this=exp.Lower(this=node.copy()), expression=exp.Lower(this=literal.copy()))
    return lookup(exp.select(node.copy()).distinct().from_(table.copy()).where(folded).limit(3))


def _comparisons(tree: exp.Expr) -> Iterator[tuple[exp.Column, exp.Literal]]:
    """Each column with each literal that `=`, `<>` or `IN (…)` compares it with."""
    for node in tree.find_all(exp.EQ, exp.NEQ):
        sides = node.this, node.expression
        for column, literal in (sides, sides[::-1]):
            if isinstance(column, exp.Column) and isinstance(literal, exp.Literal):
                yield column, literal
    for membership in tree.find_all(exp.In):
        if isinstance(membership.this, exp.Column):
            for literal in membership.expressions:
                if isinstance(literal, exp.Literal):
                    yield membership.this, literal
