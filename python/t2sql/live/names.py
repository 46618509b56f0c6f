"""Which tables and columns of the database the names in a statement mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp

from t2sql.schema import Column, Schema, Table
from t2sql.sql import SqlError

Named = TypeVar("Named", Table, Column)

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def shown_name(name: str) -> str:
    """A name as a prompt shows it: on one line, without control characters."""
    return _BLANK.sub(" ", name).strip()


def shown_schema(schema: Schema) -> Schema:
    """A schema as a prompt shows it; names that are only blanks are left out."""
    tables = []
    for table in schema.tables:
        columns = tuple(
            Column(shown_name(column.name), column.type, column.primary_key)
            for column in table.columns
            if shown_name(column.name)
        )
        if columns and shown_name(table.name):
            tables.append(Table(shown_name(table.name), columns, table.foreign_keys))
    return Schema(tuple(tables))


@dataclass(frozen=True)
class TableColumn:
    """A column of the database, and the table that has it."""

    table: Table
    column: Column

    @property
    def name(self) -> str:
        """The column's name for people, such as "customers.city"."""
        return f"{self.table.name}.{self.column.name}"


class StatementNames:
    """The names of one statement, resolved against the database's schema."""

    def __init__(self, tree: exp.Expr, schema: Schema, sql: str) -> None:
        """Resolve the tables.

        Args:
            tree: The statement's tree.
            schema: The database's tables.
            sql: The statement, for errors.

        Raises:
            SqlError: The statement names a table that the database does not have, or something that is no
                plain table.
        """
        subqueries = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        self._by_alias: dict[str, Table] = {}
        self._tables: list[tuple[exp.Table, Table]] = []
        for node in tree.find_all(exp.Table):
            if not isinstance(node.this, exp.Identifier):
                raise SqlError("not_read_only", "a function in the place of a table", sql)
            if node.args.get("db") or node.args.get("catalog"):
                raise SqlError("unknown_table", f"no such table: {node.sql()}", sql)
            table = _lookup(schema.tables, node.name)
            if table is None:
                if node.name.lower() in subqueries:
                    continue
                raise SqlError("unknown_table", f"no such table: {node.name}", sql)
            self._tables.append((node, table))
            self._by_alias.setdefault((node.alias or node.name).lower(), table)

    def column(self, node: exp.Column) -> TableColumn | None:
        """The column that a node means; None for one of a subquery, or an unknown name."""
        if node.table:
            named = self._by_alias.get(node.table.lower())
            tables = [] if named is None else [named]
        else:
            tables = [table for _, table in self._tables]
        for table in tables:
            column = _lookup(table.columns, node.name)
            if column is not None:
                return TableColumn(table, column)
        return None

    @property
    def differ_from_prompt(self) -> bool:
        """Whether a prompt cannot show the tables' names as they are."""
        tables = [table for _, table in self._tables]
        names = [table.name for table in tables] + [name for table in tables for name in table.column_names]
        return any(shown_name(name) != name for name in names)

    def write_into(self, tree: exp.Expr) -> None:
        """Replace every table's and column's name in a tree by the database's, in quotes.

        Args:
            tree: The tree that the names were resolved from; it is changed.
        """
        unaliased = {node.name.lower() for node, _ in self._tables if not node.alias}
        for node in list(tree.find_all(exp.Column)):
            resolved = self.column(node)
            if resolved is not None and isinstance(node.this, exp.Identifier):
                node.set("this", exp.to_identifier(resolved.column.name, quoted=True))
            if node.table.lower() in unaliased:
                table = self._by_alias[node.table.lower()]
                node.set("table", exp.to_identifier(table.name, quoted=True))
        for table_node, table in self._tables:
            table_node.set("this", exp.to_identifier(table.name, quoted=True))


def _lookup(items: Iterable[Named], name: str) -> Named | None:
    """The item of exactly this name, else the first that differs in letter case and blanks only."""
    folded = shown_name(name).lower()
    similar = [item for item in items if shown_name(item.name).lower() == folded]
    return next((item for item in similar if item.name == name), similar[0] if similar else None)
