"""Texts of the database that a question has and a statement does not look for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from t2sql.schema import ColumnValue, Schema, Stem, name_stems, text_stems
from t2sql.sql import tokens

_WORD = re.compile(r"\w+")
_SHORTEST = 3
"""Letters of a text: shorter ones stand in questions by accident."""


def missed_values(values: Sequence[ColumnValue], question: str, sql: str, schema: Schema) -> tuple[str, ...]:
    """Why a statement that leaves out texts of the database may be wrong, in words.

    Of 345 answers to questions that people wrote 20 left out such a text, and 4 of them were right.

    Args:
        values: Texts of the database that words of the question may mean.
        question: The question.
        sql: The statement.
        schema: The tables; a text of nothing but words of their names says nothing.
    """
    asked = _words(question)
    used = [_words(text) for kind, text in tokens(sql) if kind == "string"]
    missed: dict[str, ColumnValue] = {}
    for value in values:
        text = _words(value.value)
        is_used = any(text in literal or literal in text for literal in used)
        if text in asked and len(text.strip()) >= _SHORTEST and not is_used:
            missed.setdefault(text, value)
    if not missed:
        return ()
    names = _name_stems(schema)
    return tuple(
        f"the question says {value.value}, a text of {value.table}.{value.column}, and the statement does not"
        for value in missed.values()
        if not text_stems(value.value) <= names
    )


def _name_stems(schema: Schema) -> set[Stem]:
    names = (name for table in schema.tables for name in (table.name, *table.column_names))
    return {stem for name in names for stem in name_stems(name)}


def _words(text: str) -> str:
    """The words of a text, each between blanks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
