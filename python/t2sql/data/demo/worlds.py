"""The subjects of the invented databases of several tables, read from `worlds.toml` and `attributes.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from t2sql.data.synthesis import RelationWords
from t2sql.data.templates import read_toml


@dataclass(frozen=True)
class WorldColumn:
    """A column that a table may have.

    Attributes:
        phrase: What people call it.
        values: Which values it holds; `attributes.toml` describes the form.
    """

    phrase: str
    values: str


@dataclass(frozen=True)
class WorldTable:
    """A table of a subject.

    Attributes:
        items: What a row is called: one of them.
        label: The column by which people know a row.
        columns: The other columns, of which a database has some.
    """

    items: tuple[str, ...]
    label: WorldColumn
    columns: tuple[WorldColumn, ...]


@dataclass(frozen=True)
class WorldLink:
    """How the rows of two tables belong together.

    Attributes:
        first: The table whose rows are referred to, by its first item.
        second: The table that refers to it; with `tables`, the other one that a third table refers to.
        words: The words for it.
        role: What the key is called, if not after the first table.
        tables: The names of a third table that links the two; empty if the second one holds the key.
    """

    first: str
    second: str
    words: RelationWords
    role: str = ""
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """A subject.

    Attributes:
        tables: Its tables, by the first name of their items.
        links: What is between them.
    """

    tables: dict[str, WorldTable]
    links: tuple[WorldLink, ...]


@cache
def worlds() -> tuple[World, ...]:
    """Return the subjects."""
    attributes = read_toml("t2sql.data.demo", "attributes.toml")["attributes"]
    entries = read_toml("t2sql.data.demo", "worlds.toml")["world"]
    return tuple(_world(entry, attributes) for entry in entries)


@cache
def short_forms() -> dict[str, tuple[str, ...]]:
    """Return how some words are shortened in names."""
    entries = read_toml("t2sql.data.demo", "attributes.toml")["short"]
    return {word: tuple(part.strip() for part in text.split(",")) for word, text in entries.items()}


def _world(entry: dict[str, Any], attributes: dict[str, str]) -> World:
    tables = [_table(line, attributes) for line in entry["tables"]]
    return World({table.items[0]: table for table in tables}, tuple(_link(line) for line in entry["links"]))


def _table(line: str, attributes: dict[str, str]) -> WorldTable:
    items, _, text = line.partition(" : ")
    columns = []
    for part in _parts(text):
        phrase, _, values = (piece.strip() for piece in part.partition("="))
        columns.append(WorldColumn(phrase, values or attributes[phrase]))
    return WorldTable(tuple(item.strip() for item in items.split(",")), columns[0], tuple(columns[1:]))


def _parts(text: str) -> list[str]:
    """Split at the semicolons after which a new column begins: "; " stands between columns alone."""
    return [part.strip() for part in text.split("; ") if part.strip()]


def _link(line: str) -> WorldLink:
    head, _, words = line.partition(" : ")
    mark = "<>" if "<>" in head else ">"
    first, _, second = (part.strip() for part in head.partition(mark))
    role, tables = "", ()
    if mark == "<>":
        second, _, names = (part.strip() for part in second.partition("="))
        return WorldLink(
            first, second, RelationWords.read(words), "", tuple(n.strip() for n in names.split(","))
        )
    second, _, role = (part.strip() for part in second.partition(" as "))
    return WorldLink(first, second, RelationWords.read(words), role, tables)
