"""The narrow grammar, of the statements that t2sql's own data has, and the wide one, of many more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from t2sql.errors import InputError
from t2sql.grammar.notations import Grammar
from t2sql.grammar.statements import narrow_grammar_of
from t2sql.grammar.wide import wide_grammar_of
from t2sql.schema import Schema, WordScores

MAX_TABLES = 16
"""Tables of a wide grammar, at most: llguidance holds 65,000 symbols, and each group of tables has dozens."""

Width: TypeAlias = Literal["narrow", "wide"]
"""Which statements a grammar has: those of t2sql's own data, or many more."""
WIDTHS: tuple[Width, ...] = ("narrow", "wide")
DEFAULT_WIDTH: Width = "narrow"
"""The grammar of a model whose file names none."""


def grammar_of(
    schema: Schema,
    question: str | None = None,
    width: Width = DEFAULT_WIDTH,
    about: str | None = None,
    known: Sequence[str] = (),
) -> Grammar:
    """Make the grammar of the statements over a schema.

    Args:
        schema: The tables.
        question: Texts in a statement are words of it; None allows any text. In the wide grammar numbers
            are, too, and dates and the values that the schema's columns name are allowed.
        width: Which statements.
        about: The question, for the wide grammar: joins of the tables whose names are nearest to it come
            first where there are more than the grammar holds.
        known: Values of the database that texts may be in the wide grammar, beside words of the question.

    Returns:
        The grammar.

    Raises:
        InputError: The schema has no table, or a table has no column.
    """
    if not schema.tables:
        raise InputError("no table to make a grammar of")
    for table in schema.tables:
        if not table.columns:
            raise InputError("a table without columns", where=table.name)
    if width == "wide":
        relevance = {} if about is None else _relevance(schema, about)
        part = _nearest(schema, relevance)
        left_out = tuple(table.name for table in schema.tables if table not in part.tables)
        return wide_grammar_of(part, question, relevance, left_out, known)
    return narrow_grammar_of(schema, question)


def _nearest(schema: Schema, relevance: Mapping[str, float]) -> Schema:
    """The tables that are nearest to the question, with those that their keys refer to."""
    if len(schema.tables) <= MAX_TABLES:
        return schema
    ranked = sorted(schema.tables, key=lambda table: -relevance.get(table.name, 0.0))
    chosen: dict[str, None] = {}
    for table in ranked:
        chosen[table.name.lower()] = None
        if relevance.get(table.name, 0.0) > 0:
            chosen |= dict.fromkeys(key.to_table.lower() for key in table.foreign_keys)
    names = list(chosen)[:MAX_TABLES]
    return Schema(tuple(table for table in schema.tables if table.name.lower() in names))


def _relevance(schema: Schema, question: str) -> Mapping[str, float]:
    """How near each table's names are to a question, from 0 to 1, the nearest."""
    scores = WordScores(schema, question)
    found = {table.name: scores.table(table) for table in schema.tables}
    most = max(found.values(), default=0.0)
    return {name: score / most for name, score in found.items()} if most > 0 else {}
