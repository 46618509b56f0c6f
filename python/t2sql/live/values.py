"""Values in a statement, spelled as the database has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from sqlglot import exp

from t2sql.live.kinds import kind_of_type
from t2sql.live.names import TableColumn
from t2sql.live.scopes import table_column
from t2sql.live.strict_types import can_be
from t2sql.sql import SqlError
from t2sql.values import Namespaces, is_text, needs_cast, quoted_table

Lookup: TypeAlias = Callable[["exp.Expr"], list[Any]]
"""Runs a statement and returns the first column of its rows."""

_MAX_LOOKUPS = 8
"""Each is a query on the user's database, and may have to read a whole column."""


class TextIndex(Protocol):
    """What is known of a database's texts."""

    def spellings(self, table: str, column: str, text: str) -> Sequence[str]:
        """The texts of a column that differ from a text in case, accents and plurals at most."""
        ...

    def is_complete(self, table: str, column: str) -> bool:
        """Whether all texts of a column are known."""
        ...

    def near(self, table: str, column: str, text: str) -> Sequence[str]:
        """Texts of a column that a text may have been meant as."""
        ...


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


def match_values(
    tree: exp.Expr, namespaces: Namespaces, lookup: Lookup, index: TextIndex | None = None
) -> tuple[list[Change], list[str], list[str]]:
    """Replace texts that no row has by the one spelling that rows have.

    The index is asked first: there letter case, accents and English plurals do not matter. What it cannot say
    is looked up in the database itself, letter case ignored.

    Args:
        tree: The statement's tree, its names resolved; it is changed.
        namespaces: What the name of each table is written after.
        lookup: Asks the database.
        index: The texts of the database, where they are known.

    Returns:
        What was replaced; the texts that the database does not have, or has in other spellings, in words; and
        notes.
    """
    found = _Findings()
    lookups = 0
    slow = False
    for node, literal in list(_comparisons(tree)):
        column = table_column(node)
        if column is None or not literal.is_string:
            continue
        declared = column.column
        if not is_text(declared) and can_be(literal.name, kind_of_type(declared.type)):
            continue
        if is_text(declared) and index is not None and _match_by_index(column, literal, index, found):
            continue
        if slow:
            continue
        if lookups == _MAX_LOOKUPS:
            found.notes.append(f"only the first {_MAX_LOOKUPS} values were looked up in the database")
            break
        lookups += 1
        try:
            spellings = _spellings(column, literal.name, namespaces, lookup)
        except SqlError as error:
            slow = error.kind == "timeout"
            reason = "the table is too large" if slow else error.found
            found.notes.append(f"{literal.name!r} was not looked up in {column.name}: {reason}")
            continue
        if literal.name not in spellings:
            found.replace_or_doubt(column, literal, spellings)
    return found.changes, found.unmatched, found.notes


@dataclass
class _Findings:
    """What became of a statement's texts."""

    changes: list[Change] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def replace_or_doubt(
        self, column: TableColumn, literal: exp.Literal, spellings: Sequence[object], near: Sequence[str] = ()
    ) -> None:
        """Replace a text by its only spelling; with none or several, note why it is doubted."""
        if len(spellings) == 1 and isinstance(spellings[0], str):
            self.changes.append(Change(column.name, literal.name, spellings[0]))
            literal.replace(exp.Literal.string(spellings[0]))
            return
        what = "several spellings of" if spellings else "nothing like"
        hint = f"; near: {', '.join(map(repr, near))}" if near else ""
        self.unmatched.append(f"{column.name} has {what} '{literal.name}'{hint}")


def _match_by_index(column: TableColumn, literal: exp.Literal, index: TextIndex, found: _Findings) -> bool:
    """Match a text by the index; False where the index cannot say whether the column has it."""
    text, place = literal.name, (column.table.name, column.column.name)
    alike = index.spellings(*place, text)
    if text in alike:
        return True
    same_letters = [spelling for spelling in alike if spelling.lower() == text.lower()]
    spellings = same_letters or list(alike)
    # Of a column that is not in the index whole, the database may have the very text. We do not read a large
    # one to the end for it where letter case is all that differs.
    if not index.is_complete(*place) and len(same_letters) != 1:
        return False
    found.replace_or_doubt(column, literal, spellings, () if spellings else index.near(*place, text))
    return True


def _spellings(column: TableColumn, text: str, namespaces: Namespaces, lookup: Lookup) -> list[Any]:
    """How a column spells a text: [the text] if a row has it.

    Raises:
        SqlError: The database cannot say, or not in time.
    """
    node: exp.Expr = exp.column(exp.to_identifier(column.column.name, quoted=True))
    if needs_cast(column.column) or not is_text(column.column):
        # Values of enums and numbers are compared with a text as texts only, and blanks fill up a char(10).
        node = exp.Cast(this=node, to=exp.DataType.build("text"))
    literal = exp.Literal.string(text)
    table = quoted_table(column.table, namespaces)
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
