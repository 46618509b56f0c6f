"""A schema from CREATE TABLE statements, parsed by sqlglot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import sqlglot
from sqlglot import exp

from t2sql.errors import InputError
from t2sql.schema.tables import Column, ForeignKey, Schema, Table

_SHOWN_CHARACTERS = 80

_OTHER_KINDS = re.compile(
    r"(OR\s+REPLACE\s+)?(TEMP\w*\s+|CONSTRAINT\s+|UNIQUE\s+|DEFINER\S*\s+|MATERIALIZED\s+|RECURSIVE\s+)*"
    r"(VIEW|INDEX|TRIGGER|FUNCTION|PROCEDURE|SEQUENCE|TYPE|EXTENSION|SCHEMA|DATABASE|ROLE|USER|DOMAIN|"
    r"AGGREGATE|OPERATOR|POLICY|RULE|VIRTUAL|CAST|COLLATION|EVENT|SERVER|PUBLICATION|SUBSCRIPTION|"
    r"LANGUAGE|LOGIN|STATISTICS|MACRO|SECRET|NONCLUSTERED|CLUSTERED|FULLTEXT|SPATIAL|ALGORITHM\S*|"
    r"TEXT\s+SEARCH|TRANSFORM|ACCESS|FOREIGN\s+DATA|GROUP|TABLESPACE|CONVERSION)\b",
    re.IGNORECASE,
)
"""What CREATE makes beside tables."""


def read_ddl(text: str, *, dialect: str = "sqlite", where: object = None) -> Schema:
    """Read the CREATE TABLE statements of a script; statements of other kinds are ignored.

    Args:
        text: The script.
        dialect: sqlglot's name of the SQL dialect that the script is written in.
        where: The script's file or line, for error messages.

    Raises:
        InputError: sqlglot cannot parse the script or a statement that seems to create a table, or there
            is no table.
    """
    try:
        statements = sqlglot.parse(text, read=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        message = str(error).splitlines()[0]
        raise InputError("the schema cannot be read", where=where, found=message) from error
    for statement in statements:
        if isinstance(statement, exp.Command):
            _check_no_table(statement, text, where)
    tables = [
        _table(statement.this, dialect)
        for statement in statements
        if isinstance(statement, exp.Create)
        and statement.kind == "TABLE"
        and isinstance(statement.this, exp.Schema)
    ]
    if not tables:
        raise InputError("no table in the schema", where=where, expected="CREATE TABLE statements")
    primary_keys = {table.name.lower(): table.primary_key for table in tables}
    return Schema(tuple(_fill_in_targets(table, primary_keys) for table in tables))


def _check_no_table(command: exp.Command, text: str, where: object) -> None:
    """Refuse a statement that sqlglot does not understand where it may create a table."""
    rest = str(command.args.get("expression") or "").strip()
    if str(command.this).upper() != "CREATE" or _OTHER_KINDS.match(rest):
        return
    line = text[: max(text.find(rest), 0)].count("\n") + 1
    raise InputError(
        "a statement cannot be read",
        where=f"{where}, line {line}" if where is not None else f"line {line}",
        expected="CREATE TABLE NAME (COLUMN TYPE, ...)",
        found=" ".join(f"CREATE {rest}".split())[:_SHOWN_CHARACTERS],
    )


def _table(definition: exp.Schema, dialect: str) -> Table:
    primary_key = {
        column.name.lower() for key in definition.find_all(exp.PrimaryKey) for column in key.expressions
    }
    columns = tuple(
        Column(
            part.name,
            part.kind.sql(dialect=dialect) if part.kind else "TEXT",
            part.name.lower() in primary_key or part.find(exp.PrimaryKeyColumnConstraint) is not None,
        )
        for part in definition.expressions
        if isinstance(part, exp.ColumnDef)
    )
    return Table(definition.this.name, columns, tuple(_foreign_keys(definition)))


def _foreign_keys(definition: exp.Schema) -> Iterator[ForeignKey]:
    for part in definition.expressions:
        if isinstance(part, exp.ColumnDef):
            for reference in part.find_all(exp.Reference):
                yield from _referenced(reference, [part.name])
        for key in part.find_all(exp.ForeignKey):
            target = key.args.get("reference")
            if target is not None:
                yield from _referenced(target, [column.name for column in key.expressions])


def _referenced(reference: exp.Reference, columns: list[str]) -> Iterator[ForeignKey]:
    """One key for each column; `to_column` is empty where the statement does not name it."""
    target = reference.this
    to_columns = [column.name for column in target.expressions] or [""] * len(columns)
    for column, to_column in zip(columns, to_columns, strict=False):
        yield ForeignKey(column, target.this.name, to_column)


def _fill_in_targets(table: Table, primary_keys: Mapping[str, tuple[str, ...]]) -> Table:
    """Complete keys that name no target column: SQL then means the target's primary key."""
    completed = []
    for key in table.foreign_keys:
        target = primary_keys.get(key.to_table.lower(), ())
        to_column = key.to_column or (target[0] if len(target) == 1 else key.column)
        completed.append(replace(key, to_column=to_column))
    return replace(table, foreign_keys=tuple(completed))
