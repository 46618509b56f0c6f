"""Random rows for a schema on which a given statement has something to say."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.schema import Column, Schema, Table

WORDS = ("ash", "Birch", "cedar", "elm", "Fir", "hazel", "larch", "Oak", "pine", "rowan", "willow", "yew")
MOST_ROWS = 12
_NEAR, _NULL, _KEPT, _FEW = 0.7, 0.08, 0.9, 0.4

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows by table."""


class RowMaker:
    """What a statement says about each column, and rows made of that."""

    def __init__(self, tree: Any, schema: Schema) -> None:
        self.schema = schema
        self.values: dict[str, list[Any]] = {}
        self.numbers: set[str] = set()
        self.unique: set[str] = {key.to_column.lower() for t in schema.tables for key in t.foreign_keys}
        self.unique |= {c.name.lower() for t in schema.tables for c in t.columns[:1] if _is_key(c.name)}
        self.equal: list[tuple[str, str]] = []
        self._read(tree)
        self.kinds = {
            (table.name, column.name): "integer" if column.name.lower() in self.numbers else kind_of(column)
            for table in schema.tables
            for column in table.columns
        }

    def declared(self, table: Table, column: Column) -> str:
        """The column's type in the generated database: a number's where the statement takes it for one."""
        if kind_of(column) == "text" and self.kinds[table.name, column.name] == "integer":
            return "NUMERIC"
        return column.type

    def rows(self, seed: object) -> Rows:
        """One database; half of the rows are made to meet most of the statement's conditions."""
        rng = random.Random(f"{seed}")
        nulls = rng.random() < 0.5
        made: Rows = {}
        held: dict[tuple[str, str], list[Any]] = {}
        for table in self._parents_first():
            count = rng.randint(2, MOST_ROWS)
            columns = [
                self._column(
                    table, column, count, rng, held, nulls and column.name.lower() not in self.unique
                )
                for column in table.columns
            ]
            made[table.name] = list(zip(*columns, strict=True))
            for column, values in zip(table.columns, columns, strict=True):
                held[table.name.lower(), column.name.lower()] = values
        return made

    def _column(
        self,
        table: Table,
        column: Column,
        count: int,
        rng: random.Random,
        held: dict[tuple[str, str], list[Any]],
        nulls: bool,
    ) -> list[Any]:
        name = column.name.lower()
        wanted = self.values.get(name, [])
        make = _MAKERS[self.kinds[table.name, column.name]]
        # Few values, so that groups have several rows and rows have twins.
        few = name not in self.unique and rng.random() < _FEW
        pool = [make(rng) for _ in range(3)] if few else []
        parents = [
            held[k.to_table.lower(), k.to_column.lower()]
            for k in table.foreign_keys
            if k.column.lower() == name and (k.to_table.lower(), k.to_column.lower()) in held
        ]
        parents += [
            values
            for left, right in self.equal
            if name in (left, right)
            for (other, key), values in held.items()
            if key == (right if name == left else left) and other != table.name.lower()
        ]
        values: list[Any] = []
        while len(values) < count:
            if parents and parents[0] and rng.random() < _KEPT:
                value = rng.choice(parents[0])
            elif wanted and rng.random() < _NEAR:
                value = rng.choice(wanted)
            else:
                value = rng.choice(pool) if pool else make(rng)
            if nulls and rng.random() < _NULL:
                value = None
            elif name in self.unique and not parents and value in values:
                value = _another(value, values, rng)
            values.append(value)
        return values

    def _parents_first(self) -> list[Table]:
        """Tables after those that they point at, as far as keys are not in a circle."""
        done: list[Table] = []
        left = list(self.schema.tables)
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

    def _read(self, tree: Any) -> None:
        from sqlglot import exp

        for literal in tree.find_all(exp.Literal):
            holder = literal.find_ancestor(exp.Predicate, exp.In, exp.Between, exp.Like)
            columns = [column.name.lower() for column in holder.find_all(exp.Column)] if holder else []
            for column in columns:
                self.values.setdefault(column, []).extend(_around(literal))
                if not literal.is_string:
                    self.numbers.add(column)
        for aggregate in tree.find_all(exp.Sum, exp.Avg):
            self.numbers |= {column.name.lower() for column in aggregate.find_all(exp.Column)}
        for same in tree.find_all(exp.EQ):
            if isinstance(same.this, exp.Column) and isinstance(same.expression, exp.Column):
                self.equal.append((same.this.name.lower(), same.expression.name.lower()))
        # Where rows tie, their order is nobody's, and nothing can be said about it.
        for ordered in tree.find_all(exp.Ordered):
            self.unique |= {column.name.lower() for column in ordered.find_all(exp.Column)}


def kind_of(column: Column) -> str:
    """integer, real, date or text, by the rules of SQLite's affinity and the usual names."""
    type = column.type.upper()
    if "DATE" in type or "TIME" in type:
        return "date"
    if "INT" in type or "BOOL" in type:
        return "integer"
    if any(word in type for word in ("CHAR", "TEXT", "CLOB", "STRING")):
        return "text"
    return "real" if any(word in type for word in ("REAL", "FLOA", "DOUB", "NUM", "DEC")) else "text"


def _is_key(name: str) -> bool:
    return name.lower() == "id" or name.lower().endswith(("_id", " id"))


def _around(literal: Any) -> list[Any]:
    """Values that meet a comparison with the literal, and values that just do not."""
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


def _another(value: Any, taken: list[Any], rng: random.Random) -> Any:
    if isinstance(value, (int, float)):
        return next(n for n in iter(lambda: rng.randint(-5, 400), None) if n not in taken)
    return next(t for t in iter(lambda: f"{value}{rng.randint(0, 999)}", None) if t not in taken)


_MAKERS: dict[str, Callable[[random.Random], Any]] = {
    "integer": lambda rng: rng.randint(0, 9) if rng.random() < 0.7 else rng.randint(-50, 3000),
    "real": lambda rng: rng.choice((rng.randint(0, 9), round(rng.uniform(-20, 500), 2))),
    "text": lambda rng: rng.choice(WORDS),
    "date": lambda rng: f"{rng.randint(1990, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
}
