"""CREATE TABLE statements into tables, by sqlglot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from t2sql.errors import InputError
from t2sql.schema.tables import Column, ForeignKey, Table


def read_tables(text: str, *, dialect: str = "sqlite", where: object = None) -> tuple[Table, ...]:
    """The tables of a script; statements of other kinds are passed over."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(text, read=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        message = str(error).splitlines()[0]
        raise InputError("the schema cannot be read", where=where, found=message) from error
    tables = tuple(
        _table(statement, dialect)
        for statement in statements
        if isinstance(statement, exp.Create)
        and statement.kind == "TABLE"
        and isinstance(statement.this, exp.Schema)
    )
    if not tables:
        raise InputError("no table in the schema", where=where, expected="CREATE TABLE statements")
    keys = {table.name.lower(): table.primary_key for table in tables}
    return tuple(_with_targets(table, keys) for table in tables)


def _table(create: Any, dialect: str) -> Table:
    from sqlglot import exp

    schema = create.this
    key = {
        column.name.lower() for primary in schema.find_all(exp.PrimaryKey) for column in primary.expressions
    }
    columns = tuple(
        Column(
            part.name,
            part.kind.sql(dialect=dialect) if part.kind else "TEXT",
            part.name.lower() in key or part.find(exp.PrimaryKeyColumnConstraint) is not None,
        )
        for part in schema.expressions
        if isinstance(part, exp.ColumnDef)
    )
    return Table(schema.this.name, columns, tuple(_foreign_keys(schema)))


def _foreign_keys(schema: Any) -> Iterator[ForeignKey]:
    from sqlglot import exp

    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            for reference in part.find_all(exp.Reference):
                yield from _reference(reference, [part.name])
        for key in part.find_all(exp.ForeignKey):
            target = key.args.get("reference")
            if target is not None:
                yield from _reference(target, [column.name for column in key.expressions])


def _reference(reference: Any, columns: list[str]) -> Iterator[ForeignKey]:
    target = reference.this
    to_columns = [column.name for column in target.expressions] or [""] * len(columns)
    name = target.this.name if hasattr(target.this, "name") else str(target.this)
    for column, to_column in zip(columns, to_columns, strict=False):
        yield ForeignKey(column, name, to_column)


def _with_targets(table: Table, keys: dict[str, tuple[str, ...]]) -> Table:
    """A key that names no column means the primary key of its table."""
    resolved = []
    for key in table.foreign_keys:
        target = keys.get(key.to_table.lower(), ())
        named = key.to_column or (target[0] if len(target) == 1 else key.column)
        resolved.append(ForeignKey(key.column, key.to_table, named))
    return Table(table.name, table.columns, tuple(resolved))
