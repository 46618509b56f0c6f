"""Version 2 of the prompt: a line a table, and as much about each column as the format's parts say.

    table albums: id int*, title, artist_id int = artists, price real (9.99, 12), amt int 'in cents'

After a column's name come its type, where it is not text; `*` where it is part of the primary key; `=` and
what it refers to, a table's only key column being left out; its comment; some of its values. This takes the
fewest tokens of the ways we counted (docs/experiments.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from t2sql.prompt.formats import PromptFormat
from t2sql.prompt.literals import QUOTED, literal, read_literal, sample_text
from t2sql.prompt.short_types import TYPES, short_type
from t2sql.prompt.texts import on_one_line
from t2sql.prompt.version1 import not_a_prompt
from t2sql.schema import Column, ForeignKey, Schema, Table, name_phrase

_COMMENT_LETTERS = 60
_NAME = r'"(?:[^"]|"")*"'
_BARE = r"""[^",=*()']+?"""
_REFERRED = rf"""(?:{_NAME}|[^",.:=*()']+?)(?:\.(?:{_NAME}|[^",.:=*()']+?))?"""
_COLUMN = re.compile(
    rf"(?P<name>{_NAME}|{_BARE})"
    rf"(?: (?P<type>{'|'.join(TYPES)}))?(?P<key>\*)?(?P<references>(?: = {_REFERRED})*)"
    rf"(?: (?P<comment>{QUOTED}))?(?: \((?P<samples>(?:{QUOTED}|[^()'])*)\))?(?:, |$)"
)
_TABLE = re.compile(rf"""table (?P<name>{_NAME}|[^":']+?)(?: (?P<comment>{QUOTED}))?: (?P<columns>.*)""")
_PARTS_OF_NAME = re.compile(rf'{_NAME}|[^".]+')
_SAMPLE = re.compile(rf"({QUOTED}|[^,']+)(?:, |$)")
_IN_COLUMN = re.compile(r"[\",=*()']")
_IN_TABLE = re.compile(r"[\":']")
_IN_REFERENCE = re.compile(r"[\",.:=*()']")


def schema_lines(schema: Schema, prompt_format: PromptFormat) -> list[str]:
    """The line of each table."""
    return [_table_line(table, schema, prompt_format) for table in schema.tables]


def _table_line(table: Table, schema: Schema, prompt_format: PromptFormat) -> str:
    comment = shown_comment(table.name, table.comment) if "comments" in prompt_format.parts else ""
    columns = ", ".join(column_text(table, column, schema, prompt_format) for column in table.columns)
    return f"table {_quoted(table.name, _IN_TABLE)}{' ' * bool(comment)}{literal(comment)}: {columns}"


def column_text(table: Table, column: Column, schema: Schema, prompt_format: PromptFormat) -> str:
    """A column with what the format shows of it.

    Args:
        table: Its table.
        column: The column.
        schema: The tables that its keys may refer to.
        prompt_format: The format, of version 2.
    """
    parts = prompt_format.parts
    name = _quoted(column.name, _IN_COLUMN)
    # "start date" would be read as a date.
    last = name.rpartition(" ")[2]
    text = f'"{name}"' if name != last in TYPES else name
    if "types" in parts and (word := short_type(column.type)):
        text += f" {word}"
    if "keys" in parts:
        text += "*" * column.primary_key + "".join(_references(table, column, schema))
    if "comments" in parts and (comment := shown_comment(column.name, column.comment)):
        text += f" {literal(comment)}"
    if "samples" in parts and column.values:
        text += f" ({', '.join(map(sample_text, column.values))})"
    return text


def shown_comment(name: str, comment: str) -> str:
    """A comment as a prompt has it: its beginning, and nothing where it only repeats the name."""
    comment = on_one_line(comment)
    if len(comment) > _COMMENT_LETTERS:
        comment = comment[:_COMMENT_LETTERS].rpartition(" ")[0] or comment[:_COMMENT_LETTERS]
    return "" if comment.lower().rstrip(".") in (name.lower(), name_phrase(name).lower()) else comment


def _references(table: Table, column: Column, schema: Schema) -> Iterator[str]:
    for key in dict.fromkeys(table.foreign_keys):
        target = schema.table(key.to_table)
        if key.column.lower() != column.name.lower() or target is None:
            continue
        names = [key.to_table]
        if not _is_only_key(target, key.to_column):
            names.append(key.to_column)
        yield " = " + reference(*names)


def reference(*names: str) -> str:
    """The name of a table, of a column, or of both with a dot between them."""
    return ".".join(_quoted(name, _IN_REFERENCE) for name in names)


def _is_only_key(table: Table, column: str) -> bool:
    return [name.lower() for name in table.primary_key] == [column.lower()]


def _quoted(name: str, special: re.Pattern[str]) -> str:
    """A name as it is, or quoted as in SQL where a prompt could not be read with it."""
    name = on_one_line(name)
    return '"' + name.replace('"', '""') + '"' if not name or special.search(name) else name


def unquoted(name: str) -> str:
    """A name without the quotes that it may have."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def names_in(text: str) -> list[str]:
    """The names in a text that `reference` wrote."""
    return [unquoted(part) for part in _PARTS_OF_NAME.findall(text)]


def parse_schema(lines: list[str]) -> tuple[Schema, int]:
    """Read the table lines at the beginning of a prompt.

    Args:
        lines: The prompt's lines.

    Returns:
        The schema, and the index of the line after its lines.

    Raises:
        InputError: A line cannot be read.
    """
    tables: list[Table] = []
    references: list[list[tuple[str, str]]] = []
    index = 0
    while index < len(lines) and (match := _TABLE.fullmatch(lines[index])):
        columns, refers = _parse_columns(match["columns"], lines, index)
        name, comment = unquoted(match["name"]), read_literal(match["comment"] or "''")
        tables.append(Table(name, columns, comment=comment))
        references.append(refers)
        index += 1
    if index < len(lines) and lines[index].startswith("table "):
        raise not_a_prompt("'table NAME: COLUMN, COLUMN'", lines, index)
    schema = Schema(tuple(tables))
    whole = [
        Table(table.name, table.columns, tuple(_foreign_keys(schema, refers)), table.comment)
        for table, refers in zip(tables, references, strict=True)
    ]
    return Schema(tuple(whole)), index


def _parse_columns(
    text: str, lines: list[str], index: int
) -> tuple[tuple[Column, ...], list[tuple[str, str]]]:
    """The columns of a table, and what they refer to: the column's name and the text after each `=`."""
    columns, references = [], []
    place = 0
    while place < len(text):
        match = _COLUMN.match(text, place)
        if match is None:
            raise not_a_prompt("columns with ', ' between them", lines, index)
        name = unquoted(match["name"])
        samples = _SAMPLE.findall(match["samples"] or "")
        columns.append(
            Column(
                name,
                TYPES.get(match["type"], "TEXT"),
                match["key"] is not None,
                tuple(_sample(sample) for sample in samples),
                read_literal(match["comment"] or "''"),
            )
        )
        references += [(name, part) for part in match["references"].split(" = ")[1:]]
        place = match.end()
    return tuple(columns), references


def _foreign_keys(schema: Schema, references: list[tuple[str, str]]) -> Iterator[ForeignKey]:
    for column, text in references:
        names = names_in(text)
        target = schema.table(names[0])
        to_column = names[1] if len(names) > 1 else next(iter(target.primary_key if target else ()), "")
        if to_column:
            yield ForeignKey(column, names[0], to_column)


def _sample(text: str) -> str | int | float:
    if text.startswith("'"):
        return read_literal(text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
