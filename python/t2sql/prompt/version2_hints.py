"""The lines of version 2 beside the tables: evidence and values before the question, names after it.

evidence: eligible means that the free rate is above 0.5
values: city = 'Paris', customers.name = 'Ann'
Q: How many customers of Paris have paid?
names: customers: city, paid
"""

from __future__ import annotations

import re
from dataclasses import replace

from t2sql.prompt.formats import PromptFormat
from t2sql.prompt.literals import QUOTED, literal, read_literal
from t2sql.prompt.texts import NO_HINTS, PromptHints, on_one_line
from t2sql.prompt.version1 import not_a_prompt
from t2sql.prompt.version2 import names_in, reference
from t2sql.schema import ColumnValue, Schema, asked_names

_MOST_VALUES = 4
"""Values of a prompt: each takes as many tokens as a column with its type, or more."""
_EVIDENCE, _VALUES, _NAMES = "evidence: ", "values: ", "names: "
NAMES_MARK = f"\n{_NAMES}"
"""What stands between a question and the names that it mentions."""
_VALUE = re.compile(rf"""(?P<column>(?:"(?:[^"]|"")*"|[^"'=])+?) = (?P<value>{QUOTED})(?:, |$)""")


def hint_lines(schema: Schema, prompt_format: PromptFormat, hints: PromptHints) -> list[str]:
    """The lines that a prompt has; a value of a column that the schema lacks is left out."""
    lines = []
    if "evidence" in prompt_format.parts and (evidence := on_one_line(hints.evidence)):
        lines.append(_EVIDENCE + evidence)
    if "values" in prompt_format.parts:
        values = [text for value in hints.values if (text := _value_text(schema, value))]
        if values:
            lines.append(_VALUES + ", ".join(list(dict.fromkeys(values))[:_MOST_VALUES]))
    return lines


def names_line(schema: Schema, prompt_format: PromptFormat, question: str) -> str:
    """The line of the tables and columns that a question mentions; empty where there are none.

    The columns of several tables have their tables' names, as in the statement. Tables that join others are
    there only where the prompt shows the keys.
    """
    if "keys" not in prompt_format.parts:
        schema = Schema(tuple(replace(table, foreign_keys=()) for table in schema.tables))
    names = asked_names(schema, question)
    if not names.tables:
        return ""
    several = len(names.tables) > 1
    columns = ", ".join(
        reference(*((table, column) if several else (column,))) for table, column in names.columns
    )
    return _NAMES + ", ".join(map(reference, names.tables)) + (f": {columns}" if columns else "")


def _value_text(schema: Schema, value: ColumnValue) -> str:
    """`column = 'text'`, with the table before it where several tables have such a column."""
    owners = _owners(schema, value.column)
    text = literal(value.value)
    if value.table.lower() not in [name.lower() for name in owners] or not text:
        return ""
    names = (value.column,) if len(owners) == 1 else (value.table, value.column)
    return f"{reference(*names)} = {text}"


def _owners(schema: Schema, column: str) -> list[str]:
    """The names of the tables that have a column of this name."""
    return [
        table.name
        for table in schema.tables
        if any(name.lower() == column.lower() for name in table.column_names)
    ]


def read_hints(schema: Schema, lines: list[str], index: int) -> tuple[PromptHints, int]:
    """Read the lines after the tables.

    Args:
        schema: The tables of the prompt.
        lines: The prompt's lines.
        index: Where they begin.

    Returns:
        What they say, and the index of the line after them.

    Raises:
        InputError: The values cannot be read.
    """
    evidence = ""
    if index < len(lines) and lines[index].startswith(_EVIDENCE):
        evidence = lines[index].removeprefix(_EVIDENCE)
        index += 1
    values = []
    if index < len(lines) and lines[index].startswith(_VALUES):
        text, place = lines[index], len(_VALUES)
        while place < len(text):
            match = _VALUE.match(text, place)
            if match is None:
                raise not_a_prompt("values such as city = 'Paris'", lines, index)
            *table, column = names_in(match["column"])
            owner = table[0] if table else next(iter(_owners(schema, column)), "")
            values.append(ColumnValue(owner, column, read_literal(match["value"])))
            place = match.end()
        index += 1
    return PromptHints(tuple(values), evidence) if values or evidence else NO_HINTS, index
