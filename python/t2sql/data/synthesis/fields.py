"""What each column is for (a key, a number, a date, a name), judged by its name and its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.data.synthesis.private import Columns
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.sampling import Row, Value
from t2sql.databases import DatabaseTable, ForeignKeyConstraint
from t2sql.schema import name_phrase, row_nouns, split_name

TIMED = ("date", "time", "year")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?\Z")
_LABELS = ("name", "title", "label", "caption", "subject", "model", "designation")
_LONG = 60


@dataclass(frozen=True)
class Field:
    """A column: `role` is key, number, year, date, time, flag, category, name, long, mixed, private or empty.

    A category's values repeat, a name's hardly do; a time is a date with the time of day.
    """

    table: str
    name: str
    role: str
    phrase: str
    whole: bool = False

    @property
    def asked(self) -> bool:
        return self.role != "empty"


@dataclass(frozen=True)
class Item:
    """A table: what a row of it is called, its fields, the one that rows are known by, its keys."""

    name: str
    item: str
    items: str
    fields: tuple[Field, ...]
    label: Field
    edges: tuple[ForeignKeyConstraint, ...]
    size: int

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def items(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], private: Columns, recipe: Recipe
) -> list[Item]:
    """The tables that can be asked about: those with rows."""
    return [_item(table, rows[table.name], private, recipe) for table in tables if rows[table.name]]


def _item(table: DatabaseTable, rows: list[Row], private: Columns, recipe: Recipe) -> Item:
    fields = []
    for at, column in enumerate(table.columns):
        held = (table.name, column.name) in private
        values = [row[at] for row in rows if row[at] is not None]
        role = "private" if held and values else _role(table, column.name, values, len(rows))
        phrase = recipe.names.get(f"{table.name}.{column.name}") or _phrase(column.name, role)
        whole = all(isinstance(value, int) for value in values)
        fields.append(Field(table.name, column.name, role, phrase, whole))
    fields = _told_apart(fields)
    one, many = row_nouns(table.name)
    if said := recipe.names.get(table.name):
        one, many = row_nouns(said)
    return Item(table.name, one, many, tuple(fields), _label(table, fields), table.foreign_keys, len(rows))


def _role(table: DatabaseTable, name: str, values: Sequence[Value], n: int) -> str:
    if not values:
        return "empty"
    kinds = {type(value) for value in values}
    distinct = len(set(values))
    keyed = name in table.primary_key or any(name in edge.columns for edge in table.foreign_keys)
    called_key = split_name(name)[-1].lower() in ("id", "uuid", "guid", "key", "pk", "fk")
    if kinds <= {int, float}:
        if (keyed or called_key) and kinds == {int}:
            return "key"
        if set(values) <= {0, 1}:
            return "flag"
        years = "year" in split_name(name) and all(1000 <= float(value or 0) <= 2200 for value in values)
        return "year" if years and kinds == {int} else "number"
    if kinds != {str}:
        return "mixed"
    texts = [str(value) for value in values]
    if sum(1 for text in texts if _DATE.match(text)) >= 0.95 * len(texts):
        return "date" if max(map(len, texts)) == 10 else "time"
    if sum(len(text) for text in texts) > _LONG * len(texts):
        return "long"
    if called_key and distinct > 0.5 * len(values):
        return "key"
    return "category" if distinct * 2 <= len(values) else "name"


def _phrase(name: str, role: str) -> str:
    """ "ordered_on" is the ordered date, "is_active" the active flag."""
    words = name_phrase(name).split(" ")
    if role in ("date", "time") and len(words) > 1 and words[-1] in ("on", "at"):
        return " ".join([*words[:-1], "date"])
    return " ".join(words)


def _label(table: DatabaseTable, fields: list[Field]) -> Field:
    """What a row is called by: a name or title, else another text that hardly repeats, else the key."""
    texts = [field for field in fields if field.role in ("name", "category")]
    for word in _LABELS:
        for field in texts:
            if field.phrase.split(" ")[-1].lower() == word:
                return field
    by_role = {field.role: field for field in reversed(fields)}
    keys = [field for field in fields if field.name in table.primary_key]
    fallback = keys[0] if keys else next((field for field in fields if field.asked), fields[0])
    return by_role.get("name", fallback)


def _told_apart(fields: list[Field]) -> list[Field]:
    """Columns whose words are the same ("name" and "NAME_") are called by their names as they stand."""
    count: dict[str, int] = {}
    for field in fields:
        count[field.phrase.lower()] = count.get(field.phrase.lower(), 0) + 1
    return [
        field
        if count[field.phrase.lower()] == 1
        else Field(field.table, field.name, field.role, field.name, field.whole)
        for field in fields
    ]
