"""Which table and column of the database a name in a statement means."""

from __future__ import annotations

import re
from typing import Any

from t2sql.schema import Column, Schema, Table
from t2sql.sql import SqlError

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def shown_name(name: str) -> str:
    """A name as a prompt has it: on one line, without control characters."""
    return _BLANK.sub(" ", name).strip()


def shown_schema(schema: Schema) -> Schema:
    """The schema as a prompt has it. Names that are nothing but blanks are left out."""
    tables = []
    for table in schema.tables:
        columns = tuple(
            Column(shown_name(c.name), c.type, c.primary_key) for c in table.columns if shown_name(c.name)
        )
        if columns and shown_name(table.name):
            tables.append(Table(shown_name(table.name), columns, table.foreign_keys))
    return Schema(tuple(tables))


class Names:
    """The names of one statement (a sqlglot tree) against the database's."""

    def __init__(self, tree: Any, schema: Schema, sql: str) -> None:
        from sqlglot import exp

        self._ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        self._meant: dict[str, Table] = {}
        self.tables: list[tuple[Any, Table]] = []
        for node in tree.find_all(exp.Table):
            if not isinstance(node.this, exp.Identifier):
                raise SqlError("not_read_only", "a function in the place of a table", sql)
            if node.args.get("db") or node.args.get("catalog"):
                raise SqlError("unknown_table", f"no such table: {node.sql()}", sql)
            table = _find(schema.tables, node.name)
            if table is None:
                if node.name.lower() in self._ctes:
                    continue
                raise SqlError("unknown_table", f"no such table: {node.name}", sql)
            self.tables.append((node, table))
            self._meant.setdefault((node.alias or node.name).lower(), table)

    def column(self, node: Any) -> tuple[Table, Column] | None:
        """The column that an `exp.Column` means; None for another statement's alias, or an unknown name."""
        tables = [self._meant[node.table.lower()]] if node.table.lower() in self._meant else []
        if not node.table:
            tables = [table for _, table in self.tables]
        for table in tables:
            column = _find(table.columns, node.name)
            if column is not None:
                return table, column
        return None

    @property
    def disguised(self) -> bool:
        """Whether a prompt cannot have the tables' names as they are."""
        names = [t.name for _, t in self.tables] + [c.name for _, t in self.tables for c in t.columns]
        return any(shown_name(name) != name for name in names)

    def spell(self, tree: Any) -> None:
        """Spell every table and column as the database does, in quotes."""
        from sqlglot import exp

        for column in list(tree.find_all(exp.Column)):
            found = self.column(column)
            if found is not None and isinstance(column.this, exp.Identifier):
                column.set("this", exp.to_identifier(found[1].name, quoted=True))
            if column.table.lower() in {node.name.lower() for node, _ in self.tables if not node.alias}:
                spelled = self._meant[column.table.lower()].name
                column.set("table", exp.to_identifier(spelled, quoted=True))
        for node, table in self.tables:
            node.set("this", exp.to_identifier(table.name, quoted=True))


def _find(items: Any, name: str) -> Any:
    """The item of exactly this name, or of one that differs in letter case and blanks alone."""
    folded = shown_name(name).lower()
    near = [item for item in items if shown_name(item.name).lower() == folded]
    return next((item for item in near if item.name == name), near[0] if near else None)
