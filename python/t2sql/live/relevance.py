"""A schema cut to what fits a prompt: the tables and columns whose names are nearest to the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from t2sql.schema import Column, Schema, Table, split_name

_WORD = re.compile(r"[^\W_]+")
_CHARACTERS_PER_TOKEN = 3.0
_KEY_BONUS = 0.1


@dataclass(frozen=True)
class Cut:
    """`left_out` names the tables, and `table.column` the columns, that the prompt goes without."""

    schema: Schema
    left_out: tuple[str, ...]


def cut(schema: Schema, question: str, tokens: float) -> Cut:
    """The schema, or as much of it as about `tokens` tokens of prompt hold beside the question.

    A table's score is the sum of the words it shares with the question, rare words counting more. The
    best tables are taken whole while they fit, and tables that keys join them to before others; of a table
    that does not fit alone, the best columns.
    """
    room = tokens * _CHARACTERS_PER_TOKEN - len(question.encode()) - 16
    if sum(map(_length, schema.tables)) <= room:
        return Cut(schema, ())
    asked = {_stem(word) for word in _WORD.findall(question.lower())}
    rarity = _rarity(schema)
    scores = {table.name: _table_score(table, asked, rarity) for table in schema.tables}
    best = max(schema.tables, key=lambda table: scores[table.name])
    joined = {key.to_table for key in best.foreign_keys} | {
        table.name for table in schema.tables for key in table.foreign_keys if key.to_table == best.name
    }
    ranked = sorted(
        schema.tables, key=lambda t: scores[t.name] + (t.name in joined) * _KEY_BONUS, reverse=True
    )
    taken: dict[str, Table] = {}
    left_out: list[str] = []
    for table in ranked:
        if _length(table) <= room:
            taken[table.name] = table
            room -= _length(table)
        elif not taken:
            taken[table.name], dropped = _narrowed(table, asked, rarity, room)
            left_out += [f"{table.name}.{name}" for name in dropped]
            room = 0
    left_out += [table.name for table in schema.tables if table.name not in taken]
    kept = tuple(taken[table.name] for table in schema.tables if table.name in taken)
    return Cut(Schema(kept), tuple(left_out))


def _narrowed(
    table: Table, asked: set[str], rarity: dict[str, float], room: float
) -> tuple[Table, list[str]]:
    """The table with its keys' and best columns, at least one."""
    scores = {c.name: _score(c.name, asked, rarity) + c.primary_key * _KEY_BONUS for c in table.columns}
    kept: set[str] = set()
    room -= len(table.name.encode()) + 20
    for column in sorted(table.columns, key=lambda c: scores[c.name], reverse=True):
        room -= _width(column)
        if room < 0 and kept:
            break
        kept.add(column.name)
    columns = tuple(column for column in table.columns if column.name in kept)
    dropped = [column.name for column in table.columns if column.name not in kept]
    return Table(table.name, columns, table.foreign_keys), dropped


def _length(table: Table) -> int:
    return len(table.name.encode()) + 20 + sum(map(_width, table.columns))


def _width(column: Column) -> int:
    return len(column.name.encode()) + 2


def _rarity(schema: Schema) -> dict[str, float]:
    """For each word of a name, how few of the tables have it."""
    counts = Counter(
        word
        for table in schema.tables
        for word in set().union(*(_stems(name) for name in (table.name, *table.column_names)))
    )
    return {word: math.log(1 + len(schema.tables) / count) for word, count in counts.items()}


def _table_score(table: Table, asked: set[str], rarity: dict[str, float]) -> float:
    words = set().union(*(_stems(name) for name in table.column_names))
    # A table that is named counts for more than one with such a column.
    return 2 * _score(table.name, asked, rarity) + sum(rarity[word] for word in words & asked)


def _score(name: str, asked: set[str], rarity: dict[str, float]) -> float:
    return sum(rarity[word] for word in _stems(name) & asked)


def _stems(name: str) -> set[str]:
    return {_stem(word) for part in split_name(name) for word in _WORD.findall(part.lower())}


def _stem(word: str) -> str:
    """The word without its plural, which is all the grammar that names have."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
