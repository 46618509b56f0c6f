"""The subjects of the demo dataset, read from `domains.toml`, and the tables made from a subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from t2sql.data.demo.values import NUMERIC
from t2sql.data.rng import Rng
from t2sql.data.templates import read_toml
from t2sql.schema import Column, ForeignKey, Table

_SQL_TYPES = {"int": "INTEGER", "year": "INTEGER", "dec": "REAL"}
NAMING_STYLES = ("snake",) * 13 + ("camel",) * 3 + ("Snake",) * 4
"""How columns are named, each style as often as it is drawn: most databases in the wild use snake case."""

NAMING_WITH_SPACES = ("words",)
"""The style whose names have to be quoted."""


@dataclass(frozen=True)
class TableSpec:
    """What tables of one kind may look like.

    Attributes:
        names: "NAME/ITEM" for each name that a table may have: the table's name, and what one row is called.
        columns: A line for each column that a table may have; `domains.toml` describes its form. The first
            column tells the rows apart.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    """A subject: its table, and a second table that the first one may refer to.

    Attributes:
        table: The subject's own table.
        parent: The second table, if there is one.
        via: The column of `table` that refers to `parent`; empty without a parent.
    """

    table: TableSpec
    parent: TableSpec | None = None
    via: str = ""

    @property
    def stem(self) -> str:
        """The first name of the table, after which its databases are called."""
        return self.table.names[0].split("/")[0]


@dataclass(frozen=True)
class DemoColumn:
    """A column of a demo table.

    Attributes:
        name: The name in the schema.
        phrase: What people call it.
        synonyms: What people call it as well.
        values: Which values it holds; see `values.py`.
        options: Pairs of name and text, such as ("unit", "dollars"); `domains.toml` lists them.
    """

    name: str
    phrase: str
    synonyms: tuple[str, ...]
    values: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> str:
        """The kind of its values: "int", "dec", "year" or "text"."""
        head = self.values.split(" ", 1)[0]
        return head if head in NUMERIC else "text"

    @property
    def is_text(self) -> bool:
        """Whether the values are texts."""
        return self.kind == "text"

    @property
    def sql_type(self) -> str:
        """The type in CREATE TABLE."""
        return _SQL_TYPES.get(self.kind, "TEXT")

    def option(self, name: str) -> str | None:
        """Return the text of an option; None if the column does not have it."""
        return next((value for key, value in self.options if key == name), None)


@dataclass(frozen=True)
class DemoTable:
    """A table of the demo.

    Attributes:
        name: The name in the schema.
        item: What one row is called.
        items: What several rows are called.
        columns: The columns, in the table's order.
        label: The column that tells the rows apart: the first in `domains.toml`.
        parent: The table that this one refers to, if it does.
        via: The column that refers to the label of `parent`.
    """

    name: str
    item: str
    items: str
    columns: tuple[DemoColumn, ...]
    label: DemoColumn
    parent: DemoTable | None = None
    via: DemoColumn | None = None

    def to_table(self) -> Table:
        """Return the table as a schema shows it."""
        keys: tuple[ForeignKey, ...] = ()
        if self.parent is not None and self.via is not None:
            keys = (ForeignKey(self.via.name, self.parent.name, self.parent.label.name),)
        return Table(self.name, tuple(Column(column.name, column.sql_type) for column in self.columns), keys)


@cache
def domains(split: str) -> tuple[Domain, ...]:
    """Return the subjects of a split; no subject belongs to two splits."""
    entries = read_toml("t2sql.data.demo", "domains.toml")["domain"]
    return tuple(_domain(entry) for entry in entries if entry["split"] == split)


def _domain(entry: Mapping[str, Any]) -> Domain:
    table = TableSpec(tuple(entry["tables"]), tuple(entry["columns"]))
    parent = entry.get("parent")
    if parent is None:
        return Domain(table)
    return Domain(table, TableSpec(tuple(parent["tables"]), tuple(parent["columns"])), parent["via"])


def make_table(
    rng: Rng, domain: Domain, *, with_parent: bool, styles: tuple[str, ...] = NAMING_STYLES
) -> DemoTable:
    """Make a table of a subject: some of its columns, in some order, in one style of naming.

    Args:
        rng: The source of random choices.
        domain: The subject.
        with_parent: Whether the table refers to a second one, if the subject has one.
        styles: The styles of naming to draw from.
    """
    style = rng.choice(styles)
    if domain.parent is None or not with_parent:
        return _make_table(rng, domain.table, style, rng.between(5, 7), required=None)
    child = _make_table(rng, domain.table, style, rng.between(5, 6), required=domain.via)
    parent = _make_table(rng, domain.parent, style, rng.between(3, 4), required=None)
    via = next(column for column in child.columns if column.option("via"))
    return replace(child, parent=parent, via=via)


def _make_table(rng: Rng, spec: TableSpec, style: str, size: int, required: str | None) -> DemoTable:
    """Make a table of about `size` columns, with the column called `required` among them."""
    name, item = rng.choice(spec.names).split("/")
    needed = [i for i, line in enumerate(spec.columns) if required and _first_name(line) == required]
    others = [i for i in range(1, len(spec.columns)) if i not in needed]
    chosen = [*needed, *rng.sample(others, size - 1 - len(needed))]
    label = _column(rng, spec.columns[0], style, is_link=False)
    columns = [label]
    for i in chosen:
        column = _column(rng, spec.columns[i], style, is_link=i in needed)
        if not any(_overlap(column.phrase, other.phrase) for other in columns):
            columns.append(column)
    rest = rng.shuffled(columns[1:])
    label_index = 0 if rng.chance(0.85) else rng.below(len(columns))
    ordered = _without_ambiguous_synonyms([*rest[:label_index], label, *rest[label_index:]])
    label = next(column for column in ordered if column.name == label.name)
    items = "staff members" if name == "staff" else "products" if name == "goods" else _words(name)
    table_name = name.capitalize() if style in ("camel", "Snake") else name
    return DemoTable(table_name, item, items, tuple(ordered), label)


def _without_ambiguous_synonyms(columns: list[DemoColumn]) -> list[DemoColumn]:
    """Drop the synonyms that could mean another column."""
    phrases = [column.phrase for column in columns]
    return [
        replace(
            column,
            synonyms=tuple(
                synonym
                for synonym in column.synonyms
                if not any(_overlap(synonym, phrase) for phrase in phrases if phrase != column.phrase)
            ),
        )
        for column in columns
    ]


def _column(rng: Rng, line: str, style: str, *, is_link: bool) -> DemoColumn:
    """Read a line such as "Price, Cost | - | dec 1.5 20.0 | unit: dollars", and choose one of its names."""
    names, synonyms, values, *options = [part.strip() for part in line.split(" | ")]
    name = rng.choice([part.strip() for part in names.split(",")])
    phrase = name.lower()
    pairs = [(key.strip(), value.strip()) for key, _, value in (option.partition(":") for option in options)]
    if is_link:
        pairs.append(("via", "yes"))
    known = [] if synonyms == "-" else [part.strip() for part in synonyms.split(",")]
    others = tuple(synonym for synonym in known if synonym != phrase)
    return DemoColumn(_in_style(name, style), phrase, others, values, tuple(pairs))


def _first_name(line: str) -> str:
    return line.split(" | ")[0].split(",")[0].strip()


def _in_style(name: str, style: str) -> str:
    words = name.split(" ")
    if style == "snake":
        return "_".join(words).lower().replace("-", "_")
    if style == "Snake":
        return "_".join(words).replace("-", "_")
    if style == "camel":
        return "".join(word[0].upper() + word[1:] for word in words).replace("-", "")
    return name


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def _overlap(one: str, other: str) -> bool:
    """Tell whether one phrase occurs in the other as whole words: a question could not tell them apart."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
