"""The narrow grammar, of the statements that t2sql's own data has, and the wide one, of many more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from t2sql.grammar.notations import Grammar
from t2sql.grammar.statements import narrow_grammar_of
from t2sql.grammar.wide import wide_grammar_of
from t2sql.schema import Schema, WordScores

Width: TypeAlias = Literal["narrow", "wide"]
"""Which statements a grammar has: those of t2sql's own data, or many more."""


def grammar_of(
    schema: Schema,
    question: str | None = None,
    width: Width = "narrow",
    about: str | None = None,
) -> Grammar:
    """Make the grammar of the statements over a schema.

    Args:
        schema: The tables.
        question: Texts in a statement are words of it; None allows any text. In the wide grammar the values
            that the schema's columns name are allowed too.
        width: Which statements.
        about: The question, for the wide grammar: joins of the tables whose names are nearest to it come
            first where there are more than the grammar holds.

    Returns:
        The grammar.

    Raises:
        InputError: The schema has no table, or a table has no column.
    """
    if width == "wide":
        return wide_grammar_of(schema, question, {} if about is None else _relevance(schema, about))
    return narrow_grammar_of(schema, question)


def _relevance(schema: Schema, question: str) -> Mapping[str, float]:
    """How near each table's names are to a question, from 0 to 1, the nearest."""
    scores = WordScores(schema, question)
    found = {table.name: scores.table(table) for table in schema.tables}
    most = max(found.values(), default=0.0)
    return {name: score / most for name, score in found.items()} if most > 0 else {}
