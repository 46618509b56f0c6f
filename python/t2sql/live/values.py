"""Values of a statement against the database's: letter case, and types that SQLite is not strict about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from t2sql.live.names import Names
from t2sql.sql import SqlError

_TEXT = re.compile(r"char|text|string|clob|enum", re.IGNORECASE)
_BOOLEAN = re.compile(r"bool", re.IGNORECASE)
_MOST_LOOKUPS = 8

Lookup = Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Change:
    """A value that was written as the database has it."""

    column: str
    asked: str
    found: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def resolve(tree: Any, names: Names, lookup: Lookup) -> tuple[list[Change], list[str]]:
    """Replace text that no row has by its one spelling that rows have; the tree is changed."""
    from sqlglot import exp

    changes, notes = [], []
    for count, (column, literal) in enumerate(list(_compared(tree))):
        found = names.column(column)
        if found is None or not literal.is_string or not _TEXT.search(found[1].type or "text"):
            continue
        if count >= _MOST_LOOKUPS:
            notes.append(f"only the first {_MOST_LOOKUPS} values were looked up in the database")
            break
        where = f"{found[0].name}.{found[1].name}"
        spellings = _spellings(found, literal, lookup)
        if spellings is None or literal.name in spellings:
            continue
        if len(spellings) == 1 and isinstance(spellings[0], str):
            changes.append(Change(where, literal.name, spellings[0]))
            literal.replace(exp.Literal.string(spellings[0]))
        else:
            what = "nothing like" if not spellings else "several spellings of"
            notes.append(f"{where} has {what} {literal.name!r}")
    return changes, notes


def _spellings(found: Any, literal: Any, lookup: Lookup) -> list[Any] | None:
    """How the column spells the text: [the text] if a row has it; None where that cannot be found out."""
    from sqlglot import exp

    table = exp.to_identifier(found[0].name, quoted=True)
    column = exp.column(exp.to_identifier(found[1].name, quoted=True))
    text = exp.Literal.string(literal.name)
    source = exp.Table(this=table)
    exact = exp.select(column).from_(source).where(exp.EQ(this=column.copy(), expression=text)).limit(1)
    folded = exp.EQ(this=exp.Lower(this=column.copy()), expression=exp.Lower(this=text.copy()))
    other = exp.select(column.copy()).distinct().from_(source.copy()).where(folded).limit(3)
    try:
        return [literal.name] if lookup(exact) else lookup(other)
    except SqlError:
        return None


def adapt(tree: Any, names: Names) -> None:
    """What SQLite takes and stricter databases do not: LIKE ignores letter case, 1 is true, 5 is a text."""
    from sqlglot import exp

    for like in list(tree.find_all(exp.Like)):
        like.replace(exp.ILike(this=like.this, expression=like.expression))
    for column, literal in list(_compared(tree)):
        found = names.column(column)
        kind = found[1].type if found else ""
        if _BOOLEAN.search(kind) and literal.name in ("0", "1"):
            literal.replace(exp.Boolean(this=literal.name == "1"))
        elif _TEXT.search(kind) and not literal.is_string:
            literal.replace(exp.Literal.string(literal.name))


def _compared(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(column, literal) of each `column = literal`, `<>`, and `IN (literal, …)`."""
    from sqlglot import exp

    for node in tree.find_all(exp.EQ, exp.NEQ):
        sides = node.this, node.expression
        for column, literal in (sides, sides[::-1]):
            if isinstance(column, exp.Column) and isinstance(literal, exp.Literal):
                yield column, literal
    for node in tree.find_all(exp.In):
        if isinstance(node.this, exp.Column):
            for literal in node.expressions:
                if isinstance(literal, exp.Literal):
                    yield node.this, literal
