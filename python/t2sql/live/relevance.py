"""The part of a schema that fits a prompt: the tables and columns whose names are nearest to the question."""

from __future__ import annotations

from dataclasses import dataclass, replace

from t2sql.prompt import DEFAULT_FORMAT, NO_HINTS, PromptFormat, PromptHints, PromptSizes
from t2sql.schema import Schema, Table, WordScores, neighbours, shortest_path

_BYTES_PER_TOKEN = 3.0
"""Tokenizers make about four bytes of English prose a token, and about three of names with underscores."""
_PROMPT_BYTES = 16
"""What a prompt has around the question ("Q: ", "A: "), rounded up."""
_KEY_BONUS = 0.1
"""Less than any word in common with the question counts (log 2 at least): it decides between equals."""
_VALUE_BONUS = 2.0
"""What a value of the question counts in the table that holds it: as much as a rare word in its name."""
_MOST_CONNECTED = 8
"""As many of the best tables come with the tables that join them; a question is about fewer."""


@dataclass(frozen=True)
class SchemaPart:
    """A schema, perhaps without some tables and columns.

    Attributes:
        schema: What is left.
        left_out: The tables, and the columns as "table.column", that are not in it.
    """

    schema: Schema
    left_out: tuple[str, ...]


def select_part(
    schema: Schema,
    question: str,
    tokens: float,
    prompt_format: PromptFormat = DEFAULT_FORMAT,
    hints: PromptHints = NO_HINTS,
) -> SchemaPart:
    """Select as much of a schema as fits a prompt.

    A table's score is the sum of the words that it has in common with the question, or with synonyms and
    short forms of its words, where a word counts the more the fewer tables have it. The best tables are taken
    whole while they fit, with those that join them, and tables that a key joins to the best one before others
    of the same score. Of the best table, and of those between tables that are asked for, the keys and the
    best columns are taken where they do not fit whole.

    Args:
        schema: All tables.
        question: The question, in words.
        tokens: How many tokens the prompt may have, by an estimate from its bytes.
        prompt_format: The prompt's format: types, keys and samples take room as well.
        hints: What the prompt has beside the schema.

    Returns:
        The tables and columns in the schema's order.
    """
    sizes = PromptSizes(schema, prompt_format)
    room = tokens * _BYTES_PER_TOKEN - len(question.encode()) - _PROMPT_BYTES - sizes.hints(question, hints)
    if sum(map(sizes.table, schema.tables)) <= room:
        return SchemaPart(schema, ())
    scores = WordScores(schema, question)
    selected: dict[str, Table] = {}
    left_out: list[str] = []
    asked = {(value.table, value.column) for value in hints.values}
    ranked, joined = _ranked(schema, scores, {table for table, _ in asked})
    keys = _key_columns(schema)
    least = {name: sizes.table(_keys_only(schema, name, keys)) for name in joined}
    for table in ranked:
        # Room for the keys of the tables that it will be joined with is not given away.
        kept_free = min(
            room / 2, sum(least[name] for name in joined if name not in selected) - least.get(table.name, 0)
        )
        if sizes.table(table) <= room - max(0, kept_free):
            selected[table.name] = table
            room -= sizes.table(table)
        elif not selected or (table.name in joined and least[table.name] <= room):
            part, dropped = _best_columns(table, scores, room - max(0, kept_free), keys | asked, sizes)
            selected[table.name] = part
            left_out += [f"{table.name}.{name}" for name in dropped]
            room -= sizes.table(part)
    left_out += [table.name for table in schema.tables if table.name not in selected]
    tables = tuple(selected[table.name] for table in schema.tables if table.name in selected)
    return SchemaPart(Schema(tables), tuple(left_out))


def _ranked(schema: Schema, scores: WordScores, asked: set[str]) -> tuple[list[Table], list[str]]:
    """The tables, the best first, each before the others with the tables that lie between it and the best.

    Args:
        schema: All tables.
        scores: What their names have in common with the question.
        asked: The tables that hold values of the question.

    Returns:
        The tables, and the names of those that are asked for or lie between.
    """
    table_scores = {
        table.name: scores.table(table) + _VALUE_BONUS * (table.name in asked) for table in schema.tables
    }
    by_score = sorted(schema.tables, key=lambda table: table_scores[table.name], reverse=True)
    joined_to = neighbours(schema)
    ranked: dict[str, None] = {}
    for table in by_score[:_MOST_CONNECTED]:
        if table_scores[table.name] > 0 or not ranked:
            ranked |= dict.fromkeys(shortest_path(joined_to, [by_score[0].name], table.name))
    joined = list(ranked)
    best = by_score[0].name
    rest = sorted(
        by_score,
        key=lambda table: table_scores[table.name] + (table.name in joined_to[best]) * _KEY_BONUS,
        reverse=True,
    )
    ranked |= dict.fromkeys(table.name for table in rest)
    tables = {table.name: table for table in schema.tables}
    return [tables[name] for name in ranked], joined


def _key_columns(schema: Schema) -> set[tuple[str, str]]:
    """(table, column) of the columns that keys consist of and refer to."""
    keys = {(table.name, name) for table in schema.tables for name in table.primary_key}
    for table in schema.tables:
        for key in table.foreign_keys:
            keys |= {(table.name, key.column), (key.to_table, key.to_column)}
    return keys


def _keys_only(schema: Schema, name: str, keys: set[tuple[str, str]]) -> Table:
    """A table with its keys' columns only."""
    table = next(table for table in schema.tables if table.name == name)
    return replace(table, columns=tuple(column for column in table.columns if (name, column.name) in keys))


def _best_columns(
    table: Table, scores: WordScores, room: float, keys: set[tuple[str, str]], sizes: PromptSizes
) -> tuple[Table, list[str]]:
    """The table with the columns that fit, at least one, and the names of the others; keys come first."""
    column_scores = {
        column.name: ((table.name, column.name) in keys, scores.name(column.name)) for column in table.columns
    }
    selected: set[str] = set()
    room -= sizes.table(replace(table, columns=()))
    for column in sorted(table.columns, key=lambda column: column_scores[column.name], reverse=True):
        room -= sizes.column(table, column)
        if room < 0 and selected:
            break
        selected.add(column.name)
    columns = tuple(column for column in table.columns if column.name in selected)
    dropped = [column.name for column in table.columns if column.name not in selected]
    foreign_keys = tuple(key for key in table.foreign_keys if key.column in selected)
    return replace(table, columns=columns, foreign_keys=foreign_keys), dropped
