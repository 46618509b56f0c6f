"""Profiles of tables and columns: what each column is for, and what people call it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from t2sql.data.synthesis.lexicon import is_person, relation_words
from t2sql.data.synthesis.private_columns import PrivateColumns
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.relations import RelationWords
from t2sql.data.synthesis.values import Row, Value
from t2sql.databases import DatabaseTable, ForeignKeyConstraint
from t2sql.schema import name_phrase, row_nouns, split_name

Role: TypeAlias = Literal[
    "key", "number", "year", "date", "time", "flag", "category", "name", "long", "mixed", "private", "empty"
]
"""What a column is for. A category's values repeat, a name's hardly do; a time is a date with the time of
day."""

TEMPORAL_ROLES = ("date", "time", "year")
_OPAQUE = re.compile(
    r"json|xml|^money|interval|range\b|\[|struct|^map\b|union|^bit|tsvector|geo|point|polygon|^line|^box|^path|^circle"
    r"|vector|hstore|ltree",
    re.IGNORECASE,
)
"""Types whose values are no texts that a question could name, though the copy holds them as such."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?\Z")
_LABELS = ("name", "title", "label", "caption", "subject", "model", "designation")
_LONG_TEXT = 60
"""A column whose texts have more characters on average is not asked for by value."""


@dataclass(frozen=True)
class ColumnProfile:
    """A column.

    Attributes:
        table: The name of its table.
        name: Its name.
        role: What it is for.
        phrase: What people call it.
        whole: Whether all values are whole numbers.
        nullable: Whether a row has no value.
        synonyms: What people call it as well.
    """

    table: str
    name: str
    role: Role
    phrase: str
    whole: bool = False
    nullable: bool = False
    synonyms: tuple[str, ...] = ()

    @property
    def selectable(self) -> bool:
        """Whether a question may ask for it: it has values."""
        return self.role != "empty"


@dataclass(frozen=True)
class TableProfile:
    """A table with rows.

    Attributes:
        name: Its name.
        item: What one row is called.
        items: What several rows are called.
        columns: Its columns.
        label: The column by which people know a row.
        foreign_keys: Its foreign keys.
        size: The number of rows in the copy.
        relations: The words for each foreign key.
        targets: What a row is called that each foreign key refers to.
        is_link: Whether it only links two others, and people do not speak of its rows.
    """

    name: str
    item: str
    items: str
    columns: tuple[ColumnProfile, ...]
    label: ColumnProfile
    foreign_keys: tuple[ForeignKeyConstraint, ...]
    size: int
    relations: tuple[RelationWords, ...] = ()
    targets: tuple[str, ...] = ()
    is_link: bool = False

    @property
    def is_person(self) -> bool:
        """Whether a row is a person."""
        return is_person(self.item)

    def column(self, name: str) -> ColumnProfile:
        """Return the column called `name`."""
        return next(column for column in self.columns if column.name == name)

    def relation(self, key: ForeignKeyConstraint) -> RelationWords:
        """Return the words for one of its foreign keys."""
        return dict(zip(self.foreign_keys, self.relations, strict=True)).get(key, RelationWords())


def profile_tables(
    tables: list[DatabaseTable], rows: Mapping[str, Sequence[Row]], private: PrivateColumns, recipe: Recipe
) -> list[TableProfile]:
    """Profile the tables that questions can be asked about: those with rows.

    Args:
        tables: The tables.
        rows: The rows of each, by the table's name.
        private: The private columns.
        recipe: It may say what tables and columns are called.
    """
    items = {table.name: _row_nouns(table.name, recipe)[0] for table in tables}
    return [_profile(table, rows[table.name], private, recipe, items) for table in tables if rows[table.name]]


def _row_nouns(table: str, recipe: Recipe) -> tuple[str, str]:
    return row_nouns(recipe.names.get(table) or table)


def _profile(
    table: DatabaseTable,
    rows: Sequence[Row],
    private: PrivateColumns,
    recipe: Recipe,
    items: dict[str, str],
) -> TableProfile:
    columns = []
    for index, column in enumerate(table.columns):
        is_private = (table.name, column.name) in private
        values = [row[index] for row in rows if row[index] is not None]
        role: Role = "private" if is_private and values else _role(table, column.name, values, len(rows))
        phrase = recipe.names.get(f"{table.name}.{column.name}") or _phrase(column.name, role)
        whole = all(isinstance(value, int) for value in values)
        nullable = len(values) < len(rows)
        columns.append(ColumnProfile(table.name, column.name, role, phrase, whole, nullable))
    columns = _with_distinct_phrases(columns)
    one, many = _row_nouns(table.name, recipe)
    key_columns = {name for key in table.foreign_keys for name in key.columns}
    own = [column for column in columns if column.name not in key_columns and column.role != "key"]
    targets = {key.to_table for key in table.foreign_keys}
    return TableProfile(
        table.name,
        one,
        many,
        tuple(columns),
        _label(table, columns),
        table.foreign_keys,
        len(rows),
        tuple(relation_words(items.get(key.to_table, ""), one) for key in table.foreign_keys),
        tuple(items.get(key.to_table, "row") for key in table.foreign_keys),
        is_link=len(targets) == len(table.foreign_keys) == 2 and not own,
    )


def _role(table: DatabaseTable, name: str, values: Sequence[Value], n: int) -> Role:
    if not values:
        return "empty"
    sql_type = next(column.type for column in table.columns if column.name == name)
    if _OPAQUE.search(sql_type):
        return "mixed"
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
    if sum(len(text) for text in texts) > _LONG_TEXT * len(texts):
        return "long"
    if sql_type.upper() == "UUID":
        return "key"
    refers = any(name in edge.columns for edge in table.foreign_keys)
    if refers or (called_key and distinct > 0.5 * len(values)):
        return "key"
    return "category" if distinct * 2 <= len(values) else "name"


def _phrase(name: str, role: str) -> str:
    """Return what people call a column: "ordered_on" is the ordered date."""
    words = name_phrase(name).split(" ")
    if role in ("date", "time") and len(words) > 1 and words[-1] in ("on", "at"):
        return " ".join([*words[:-1], "date"])
    return " ".join(words)


def _label(table: DatabaseTable, columns: list[ColumnProfile]) -> ColumnProfile:
    """Choose the label: a name or title, else another text that hardly repeats, else the key."""
    texts = [column for column in columns if column.role in ("name", "category")]
    for word in _LABELS:
        for column in texts:
            if column.phrase.split(" ")[-1].lower() == word:
                return column
    by_role = {column.role: column for column in reversed(columns)}
    keys = [column for column in columns if column.name in table.primary_key]
    fallback = keys[0] if keys else next((column for column in columns if column.selectable), columns[0])
    return by_role.get("name", fallback)


def _with_distinct_phrases(columns: list[ColumnProfile]) -> list[ColumnProfile]:
    """Call columns by their names where their phrases are equal ("name" and "NAME_")."""
    count: dict[str, int] = {}
    for column in columns:
        count[column.phrase.lower()] = count.get(column.phrase.lower(), 0) + 1
    return [
        column if count[column.phrase.lower()] == 1 else replace(column, phrase=column.name)
        for column in columns
    ]
