"""The narrow grammar, of the statements that t2sql's own data has, and the wide one, of many more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from t2sql.grammar.notations import Grammar
from t2sql.grammar.statements import narrow_grammar_of
from t2sql.grammar.wide import wide_grammar_of
from t2sql.schema import Schema

Width: TypeAlias = Literal["narrow", "wide"]
"""Which statements a grammar has: those of t2sql's own data, or many more."""


def grammar_of(
    schema: Schema,
    question: str | None = None,
    width: Width = "narrow",
    relevance: Mapping[str, float] | None = None,
) -> Grammar:
    """Make the grammar of the statements over a schema.

    Args:
        schema: The tables.
        question: Texts in a statement are words of it; None allows any text. In the wide grammar the values
            that the schema's columns name are allowed too.
        width: Which statements.
        relevance: For the wide grammar: how near each table's name is to the question, from 0 to 1; joins of
            such tables come first where there are more than the grammar holds.

    Returns:
        The grammar.

    Raises:
        InputError: The schema has no table, or a table has no column.
    """
    if width == "wide":
        return wide_grammar_of(schema, question, relevance)
    return narrow_grammar_of(schema, question)
