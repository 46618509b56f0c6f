"""Queries as objects: tables joined along keys, columns, conditions, grouping and order; their SQL."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.data.synthesis.fields import Field, Item
from t2sql.data.synthesis.sampling import Value
from t2sql.databases import ForeignKeyConstraint
from t2sql.sql import literal, quote


@dataclass(frozen=True)
class Scope:
    """The first of `items` is what a row of the result stands for; each edge joins the next of them."""

    items: tuple[Item, ...]
    edges: tuple[ForeignKeyConstraint, ...] = ()

    @property
    def base(self) -> Item:
        return self.items[0]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for item in self.items for field in item.fields)

    def item_of(self, field: Field) -> Item:
        return next(item for item in self.items if item.name == field.table)

    def name(self, field: Field) -> str:
        """The field in SQL; its table is said where there are several."""
        return f"{quote(field.table)}.{quote(field.name)}" if self.edges else quote(field.name)

    def sql(self) -> str:
        text = quote(self.base.name)
        for item, edge in zip(self.items[1:], self.edges, strict=True):
            pairs = " AND ".join(
                f"{quote(edge.table)}.{quote(ours)} = {quote(edge.to_table)}.{quote(theirs)}"
                for ours, theirs in zip(edge.columns, edge.to_columns, strict=True)
            )
            text += f" JOIN {quote(item.name)} ON {pairs}"
        return text


@dataclass(frozen=True)
class Test:
    """`op` is =, <>, >, >=, <, <=, BETWEEN, IN, LIKE, IS NULL or IS NOT NULL.

    A LIKE's one value is its pattern; "%" and "_" stand in it for nothing but themselves and the ends.
    """

    field: Field
    op: str
    values: tuple[Value, ...] = ()

    def sql(self, scope: Scope) -> str:
        name = scope.name(self.field)
        if self.op == "BETWEEN":
            return f"{name} BETWEEN {literal(self.values[0])} AND {literal(self.values[1])}"
        if self.op == "IN":
            return f"{name} IN ({', '.join(literal(value) for value in self.values)})"
        return " ".join([name, self.op, *(literal(value) for value in self.values)])


@dataclass(frozen=True)
class Average:
    """More than the column's average, or less."""

    field: Field
    op: str

    def sql(self, scope: Scope) -> str:
        name = quote(self.field.name)
        return f"{scope.name(self.field)} {self.op} (SELECT AVG({name}) FROM {quote(self.field.table)})"


@dataclass(frozen=True)
class Having:
    """Rows that rows of another table point at; `test` is on those, `negated` turns it round."""

    edge: ForeignKeyConstraint
    child: Item
    test: Test | None = None
    negated: bool = False

    def sql(self, scope: Scope) -> str:
        inner = Scope((self.child,))
        key, target = quote(self.edge.columns[0]), quote(self.edge.to_columns[0])
        if self.negated:
            # One NULL among the keys and NOT IN holds for no row at all.
            return f"{target} NOT IN (SELECT {key} FROM {inner.sql()} WHERE {key} IS NOT NULL)"
        where = f" WHERE {self.test.sql(inner)}" if self.test else ""
        return f"{target} IN (SELECT {key} FROM {inner.sql()}{where})"


Part = Test | Average | Having


@dataclass(frozen=True)
class Where:
    """Parts joined by `joint`: AND; OR; "AND (OR)", the first and one of the others; "(OR) AND", the
    last and one of the others."""

    parts: tuple[Part, ...] = ()
    joint: str = "AND"

    def sql(self, scope: Scope) -> str:
        if not self.parts:
            return ""
        texts = [part.sql(scope) for part in self.parts]
        if self.joint == "AND (OR)":
            return f" WHERE {texts[0]} AND ({' OR '.join(texts[1:])})"
        if self.joint == "(OR) AND":
            return f" WHERE ({' OR '.join(texts[:-1])}) AND {texts[-1]}"
        return " WHERE " + f" {self.joint} ".join(texts)


@dataclass(frozen=True)
class Measure:
    """COUNT of rows (no field) or of different values, SUM, AVG, MIN or MAX."""

    function: str
    field: Field | None = None
    distinct: bool = False

    def sql(self, scope: Scope) -> str:
        if self.field is None:
            return f"{self.function}(*)"
        return f"{self.function}({'DISTINCT ' if self.distinct else ''}{scope.name(self.field)})"


Selected = Field | Measure


@dataclass(frozen=True)
class Order:
    by: Selected
    descending: bool
    limit: int | None = None


@dataclass(frozen=True)
class Query:
    """`kind` is a name of the recipe's shares; `form` tells apart what a kind holds."""

    kind: str
    form: str
    scope: Scope
    select: tuple[Selected, ...] = ()
    where: Where = Where()
    group: Field | None = None
    having: tuple[Measure, str, int] | None = None
    order: Order | None = None
    distinct: bool = False

    @property
    def measure(self) -> Measure | None:
        return next((part for part in self.select if isinstance(part, Measure)), None)

    @property
    def columns(self) -> tuple[Field, ...]:
        return tuple(part for part in self.select if isinstance(part, Field))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field of the joined tables that the statement uses, apart from the keys that join them."""
        parts = [*self.select, self.group, self.order.by if self.order else None]
        parts += [part.field for part in self.where.parts if not isinstance(part, Having)]
        found = [part.field if isinstance(part, Measure) else part for part in parts]
        return tuple(field for field in found if field is not None)

    @property
    def tags(self) -> tuple[str, ...]:
        out = [f"kind:{self.kind}", f"conditions:{len(self.where.parts)}", f"tables:{len(self.scope.items)}"]
        out += [f"aggregate:{self.measure.function}"] if self.measure else []
        out += ["group"] if self.group else []
        out += ["order"] if self.order else []
        return tuple(out)

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that the statement names."""
        inner = [part.child.name for part in self.where.parts if isinstance(part, Having)]
        return (*(item.name for item in self.scope.items), *inner)

    def sql(self) -> str:
        what = ", ".join(self._selected(part) for part in self.select) or "*"
        text = f"SELECT {'DISTINCT ' if self.distinct else ''}{what} FROM {self.scope.sql()}"
        text += self.where.sql(self.scope)
        if self.group:
            text += f" GROUP BY {self.scope.name(self.group)}"
        if self.having:
            measure, op, number = self.having
            text += f" HAVING {measure.sql(self.scope)} {op} {number}"
        if self.order:
            text += f" ORDER BY {self._selected(self.order.by)}{' DESC' if self.order.descending else ''}"
            text += f" LIMIT {self.order.limit}" if self.order.limit else ""
        return text

    def _selected(self, part: Selected) -> str:
        return self.scope.name(part) if isinstance(part, Field) else part.sql(self.scope)
