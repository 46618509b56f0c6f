"""Random rows for a schema on which a given statement returns something."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from t2sql.schema import Column, Schema, Table

WORDS = ("ash", "Birch", "cedar", "elm", "Fir", "hazel", "larch", "Oak", "pine", "rowan", "willow", "yew")
"""Values of text columns; upper and lower case, so that orders by byte and by letter differ."""

MOST_ROWS = 12
"""Rows of a table, at most: SQLite answers in microseconds, and groups and duplicates still occur."""

_FROM_STATEMENT = 0.7
"""Probability that a value is taken from the statement's own literals and values next to them: with two
conditions that is both in about half of the rows (0.7 squared), so some rows meet them and some just fail."""
_NULL = 0.08
"""Probability of NULL in a database with NULLs: with 2 to 12 rows about one in a column, so that few results
are NULL alone."""
_FROM_PARENT = 0.9
"""Probability that a key is one of the table that it points at: joins find partners, and outer joins also
find rows without one."""
_FEW_VALUES = 0.4
"""Probability that a column has at most three values of its own, so that groups have several rows and rows
have duplicates."""

Value = str | int | float | None
Rows = dict[str, list[tuple[Value, ...]]]
"""Rows by table."""


@dataclass(frozen=True)
class _Database:
    """A database while it is made.

    Attributes:
        rng: The source of all that is random in it.
        nulls: Whether it has NULLs.
        columns: The values made so far, by lower-cased table and column.
    """

    rng: random.Random
    nulls: bool
    columns: dict[tuple[str, str], list[Value]]


class RowMaker:
    """What a statement says about each column, and databases of rows made from that."""

    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        """Read the statement.

        Args:
            tree: The statement as sqlglot reads it.
            schema: The tables to make rows for.
        """
        self._schema = schema
        self._literals: dict[str, list[Value]] = {}
        self._numbers: set[str] = set()
        self._unique: set[str] = {key.to_column.lower() for t in schema.tables for key in t.foreign_keys}
        self._unique |= {c.name.lower() for t in schema.tables for c in t.columns[:1] if _is_key(c.name)}
        self._equal: list[tuple[str, str]] = []
        self._read(tree)
        self._kinds = {
            (table.name, column.name): "integer" if column.name.lower() in self._numbers else kind_of(column)
            for table in schema.tables
            for column in table.columns
        }

    def declared_type(self, table: Table, column: Column) -> str:
        """The column's type in a generated database: NUMERIC for text that the statement uses as numbers."""
        if kind_of(column) == "text" and self._kinds[table.name, column.name] == "integer":
            return "NUMERIC"
        return column.type

    def rows(self, seed: object) -> Rows:
        """Make the rows of one database.

        Args:
            seed: Decides the rows; equal seeds give equal rows.

        Returns:
            2 to `MOST_ROWS` rows of each table, of which about half meet the statement's conditions.
        """
        rng = random.Random(f"{seed}")
        database = _Database(rng, rng.random() < 0.5, {})
        rows: Rows = {}
        for table in self._parents_first():
            count = rng.randint(2, MOST_ROWS)
            columns = [self._column(table, column, count, database) for column in table.columns]
            rows[table.name] = list(zip(*columns, strict=True))
            for column, values in zip(table.columns, columns, strict=True):
                database.columns[table.name.lower(), column.name.lower()] = values
        return rows

    def _column(self, table: Table, column: Column, count: int, database: _Database) -> list[Value]:
        rng, name = database.rng, column.name.lower()
        literals = self._literals.get(name, [])
        make = _MAKERS[self._kinds[table.name, column.name]]
        few = name not in self._unique and rng.random() < _FEW_VALUES
        pool = [make(rng) for _ in range(3)] if few else []
        parents = self._parents(table, name, database)
        values: list[Value] = []
        while len(values) < count:
            value: Value
            if parents and parents[0] and rng.random() < _FROM_PARENT:
                value = rng.choice(parents[0])
            elif literals and rng.random() < _FROM_STATEMENT:
                value = rng.choice(literals)
            else:
                value = rng.choice(pool) if pool else make(rng)
            if database.nulls and name not in self._unique and rng.random() < _NULL:
                value = None
            elif name in self._unique and not parents and value in values:
                value = _other_than(values, value, rng)
            values.append(value)
        return values

    def _parents(self, table: Table, name: str, database: _Database) -> list[list[Value]]:
        """The values that a column's values are drawn from: a key's table's, or an equal column's."""
        made = database.columns
        keys = [
            (key.to_table.lower(), key.to_column.lower())
            for key in table.foreign_keys
            if key.column.lower() == name
        ]
        parents = [made[key] for key in keys if key in made]
        parents += [
            values
            for left, right in self._equal
            if name in (left, right)
            for (other, column), values in made.items()
            if column == (right if name == left else left) and other != table.name.lower()
        ]
        return parents

    def _parents_first(self) -> list[Table]:
        """Tables after those that they point at, as far as keys do not form a circle."""
        done: list[Table] = []
        left = list(self._schema.tables)
        while left:
            names = {table.name.lower() for table in left}
            ready = [
                t
                for t in left
                if not any(k.to_table.lower() in names - {t.name.lower()} for k in t.foreign_keys)
            ] or left[:1]
            done += ready
            left = [table for table in left if table not in ready]
        return done

    def _read(self, tree: exp.Expr) -> None:
        for literal in tree.find_all(exp.Literal):
            holder = literal.find_ancestor(exp.Predicate, exp.In, exp.Between, exp.Like)
            columns = [column.name.lower() for column in holder.find_all(exp.Column)] if holder else []
            for name in columns:
                self._literals.setdefault(name, []).extend(_around(literal))
                if not literal.is_string:
                    self._numbers.add(name)
        for aggregate in tree.find_all(exp.Sum, exp.Avg):
            self._numbers |= {column.name.lower() for column in aggregate.find_all(exp.Column)}
        for same in tree.find_all(exp.EQ):
            if isinstance(same.this, exp.Column) and isinstance(same.expression, exp.Column):
                self._equal.append((same.this.name.lower(), same.expression.name.lower()))
        # Rows that tie have no order, and a result that depends on it says nothing about a statement.
        for ordered in tree.find_all(exp.Ordered):
            self._unique |= {column.name.lower() for column in ordered.find_all(exp.Column)}


def kind_of(column: Column) -> str:
    """integer, real, date or text, by the rules of SQLite's affinity and the usual type names."""
    declared = column.type.upper()
    if "DATE" in declared or "TIME" in declared:
        return "date"
    if "INT" in declared or "BOOL" in declared:
        return "integer"
    if any(word in declared for word in ("CHAR", "TEXT", "CLOB", "STRING")):
        return "text"
    return "real" if any(word in declared for word in ("REAL", "FLOA", "DOUB", "NUM", "DEC")) else "text"


def _is_key(name: str) -> bool:
    return name.lower() == "id" or name.lower().endswith(("_id", " id"))


def _around(literal: exp.Literal) -> list[Value]:
    """Values that meet a comparison with the literal, and values that just fail it."""
    if not literal.is_string:
        value = float(literal.name)
        number = int(value) if value.is_integer() else value
        return [number - 1, number, number, number + 1]
    text = literal.name
    if "%" in text or "_" in text:
        filled = text.replace("_", "q")
        return [
            filled.replace("%", ""),
            filled.replace("%", "wx"),
            filled.replace("%", "") + "y",
            text.strip("%"),
        ]
    return [text, text, text.swapcase(), text + "x"]


def _other_than(taken: list[Value], value: Value, rng: random.Random) -> Value:
    """A random value that is not among those taken, a number where `value` is one."""
    while True:
        number = isinstance(value, (int, float))
        other: Value = rng.randint(-5, 400) if number else f"{value}{rng.randint(0, 999)}"
        if other not in taken:
            return other


def _integer(rng: random.Random) -> Value:
    # Mostly one digit, so that values repeat and comparisons with small literals go both ways.
    return rng.randint(0, 9) if rng.random() < 0.7 else rng.randint(-50, 3000)


def _real(rng: random.Random) -> Value:
    return rng.choice((rng.randint(0, 9), round(rng.uniform(-20, 500), 2)))


def _word(rng: random.Random) -> Value:
    return rng.choice(WORDS)


def _date(rng: random.Random) -> Value:
    return f"{rng.randint(1990, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


_MAKERS: dict[str, Callable[[random.Random], Value]] = {
    "integer": _integer,
    "real": _real,
    "text": _word,
    "date": _date,
}
