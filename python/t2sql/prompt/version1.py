"""Version 1 of the prompt: names of tables and columns only, as in the tutorial's lines."""

from __future__ import annotations

from t2sql.errors import InputError
from t2sql.schema import Column, Schema, Table


def table_lines(schema: Schema) -> list[str]:
    """The lines `table: NAME` and `columns: A, B, C` of each table, with names as they are."""
    lines = []
    for table in schema.tables:
        lines.append(f"table: {table.name}")
        lines.append("columns: " + ", ".join(table.column_names))
    return lines


def parse_tables(lines: list[str]) -> tuple[Schema, int]:
    """Read the table lines at the beginning of a prompt. A column name with ", " in it is read as two names.

    Args:
        lines: The prompt's lines.

    Returns:
        The schema, and the index of the line after its lines.

    Raises:
        InputError: A `columns:` line is missing.
    """
    tables = []
    index = 0
    while index < len(lines) and lines[index].startswith("table:"):
        name = lines[index].removeprefix("table:").strip()
        index += 1
        if index == len(lines) or not lines[index].startswith("columns:"):
            raise not_a_prompt("a 'columns:' line after the 'table:' line", lines, index)
        names = lines[index].removeprefix("columns:").strip().split(", ")
        tables.append(Table(name, tuple(Column(column.strip()) for column in names)))
        index += 1
    return Schema(tuple(tables)), index


def not_a_prompt(expected: str, lines: list[str], index: int) -> InputError:
    """The error for a line that is not what a prompt has there."""
    found = repr(lines[index][:60]) if index < len(lines) else "the end"
    return InputError(
        "not a t2sql prompt", where=f"line {index + 1} of the text", expected=expected, found=found
    )
