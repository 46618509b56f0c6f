"""What stands after FROM and JOIN: tables, subqueries, rows of values and functions, each resolved."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Protocol

from sqlglot import exp

from t2sql.live.allowed import ALLOWED
from t2sql.live.dialects import OWN
from t2sql.live.names import find_named, fold, shown_name
from t2sql.live.scopes import CommonTable, Scope, Source
from t2sql.schema import Schema, Table
from t2sql.sql import SqlError
from t2sql.values import Namespaces

_TABLE_PARTS = frozenset({"this", "alias", "joins", "db", "sample"})
_CALL_PARTS = frozenset({"this", "alias", "joins", "ordinality", "sample"})
_JOIN_PARTS = frozenset({"this", "on", "using", "side", "kind", "method", "match_condition"})
_SYSTEM_NAMES = ("pg_", "sqlite_", "duckdb_", "pragma_", "information_schema")

Columns = tuple[str | None, ...]


class Resolver(Protocol):
    """What resolves the queries and expressions inside a source."""

    def query(self, node: exp.Expr, parent: Scope | None, common: dict[str, CommonTable]) -> Columns:
        """Resolve a query; returns the names of its columns."""
        ...

    def expression(self, node: exp.Expr, scope: Scope) -> None:
        """Resolve an expression."""
        ...


class SourceResolver:
    """Resolves the sources of one statement's queries, and writes their names."""

    def __init__(self, resolver: Resolver, schema: Schema, namespaces: Namespaces, dialect: str, sql: str):
        """Prepare for one statement.

        Args:
            resolver: Resolves what is inside a source.
            schema: The database's tables.
            namespaces: What the name of each table is written after, such as `("public",)`.
            dialect: sqlglot's name of the database's dialect.
            sql: The statement, for errors.
        """
        self._resolver = resolver
        self._schema = schema
        self._namespaces = namespaces
        self._dialect = dialect
        self._sql = sql
        self._taken = {fold(table.name) for table in schema.tables}
        self.rewritten = False
        """Whether something was changed that SQLite would not read in the same way."""

    def add(self, node: exp.Expr, scope: Scope) -> None:
        """Add what stands after FROM or JOIN to a scope.

        Raises:
            SqlError: It is no table of the schema, no query and no listed function.
        """
        if isinstance(node, exp.Table):
            scope.add(self._table_or_call(node, scope), self._sql)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            self.only(node, frozenset({"this", "joins"}))
            self.add(node.this, scope)
        elif isinstance(node, exp.Subquery | exp.Values):
            # DuckDB lets a subquery see the sources before it without LATERAL.
            self._add_query(node, node, scope, lateral=self._dialect == "duckdb")
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery | exp.Values):
            self.only(node, frozenset({"this", "alias"}))
            self._add_query(node, node.this, scope, lateral=True)
        elif isinstance(node, exp.Lateral):
            self.only(node, frozenset({"this", "alias", "ordinality"}))
            scope.add(self._call(node, node.this, scope), self._sql)
        elif isinstance(node, exp.Unnest):
            self.only(node, frozenset({"expressions", "alias", "offset"}))
            scope.add(self._unnest(node, scope), self._sql)
        else:
            raise self.refused(f"{type(node).__name__.upper()} in the place of a table")
        self.joins(node, scope)

    def joins(self, node: exp.Expr, scope: Scope) -> None:
        """Resolve the joins of a query or a source."""
        for join in node.args.get("joins") or ():
            self.only(join, _JOIN_PARTS)
            self.add(join.this, scope)
            condition = join.args.get("on")
            if condition is not None:
                self._resolver.expression(condition, scope)
            using = [self._shared_column(name, scope) for name in join.args.get("using") or ()]
            if using:
                join.set("using", using)

    def _shared_column(self, name: exp.Expr, scope: Scope) -> exp.Identifier:
        spellings = [source.column(name.name, row_number=False) for source in scope.sources.values()]
        written = next((spelling for spelling in spellings if spelling is not None), None)
        if written is None:
            raise SqlError("unknown_column", f"no such column: {name.name}", self._sql)
        return exp.to_identifier(written, quoted=True)

    def _add_query(self, node: exp.Expr, query: exp.Expr, scope: Scope, *, lateral: bool) -> None:
        joins = query.args.get("joins")
        query.set("joins", None)
        columns = self._resolver.query(query, scope if lateral else scope.parent, scope.common)
        query.set("joins", joins)
        if not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(self.fresh("subquery"), quoted=True)))
        scope.add(Source(node.alias, self.renamed(node, columns)), self._sql)

    def _table_or_call(self, node: exp.Table, scope: Scope) -> Source:
        sample = node.args.get("sample")
        if sample is not None:
            self._resolver.expression(sample, scope)
        if isinstance(node.this, exp.Identifier):
            self.only(node, _TABLE_PARTS)
            return self._table(node, scope)
        self.only(node, _CALL_PARTS)
        if isinstance(node.this, exp.JSONTable):
            return self._json_table(node, node.this, scope)
        return self._call(node, node.this, scope)

    def _json_table(self, node: exp.Table, table: exp.JSONTable, scope: Scope) -> Source:
        """Resolve MariaDB's rows of a JSON value, which see the sources before them."""
        self.only(table, frozenset({"this", "path", "schema"}))
        self._resolver.expression(table.this, scope)
        columns = list(table.find_all(exp.JSONColumnDef, bfs=False))
        for column in columns:
            self.only(column, frozenset({"this", "kind", "path", "ordinality", "nested_schema"}))
        return Source(node.alias, tuple(column.name for column in columns if column.this is not None))

    def _call(self, node: exp.Expr, call: exp.Expr, scope: Scope) -> Source:
        """Resolve a function after FROM. Its arguments see the sources before it."""
        functions = ALLOWED[self._dialect].table_functions
        if not isinstance(call, exp.Anonymous) or call.name.lower() not in functions:
            raise self.refused("a function in the place of a table")
        for argument in call.expressions:
            self._resolver.expression(argument, scope)
        name = call.name.lower()
        if not node.alias:
            node.set("alias", self._alias(node, name))
        # PostgreSQL gives the one column of such rows the alias's name.
        own = node.alias if self._dialect == "postgres" else name
        columns: Columns = tuple(column or own for column in functions[name])
        if self._dialect == "duckdb" and name == "json_each":
            columns = (*columns, "rowid")
        if node.args.get("ordinality"):
            columns = (*columns, "ordinality")
        return Source(node.alias, self.renamed(node, columns))

    def _unnest(self, node: exp.Unnest, scope: Scope) -> Source:
        for part in node.expressions:
            self._resolver.expression(part, scope)
        if not node.alias:
            node.set("alias", self._alias(node, "unnest"))
        own = node.alias if self._dialect == "postgres" and len(node.expressions) == 1 else "unnest"
        columns: Columns = (own,) * len(node.expressions)
        given = _alias_columns(node)
        offset = node.args.get("offset")
        more: Columns = (offset.name if isinstance(offset, exp.Expr) else "ordinality",) if offset else ()
        return Source(node.alias, (*given, *columns[len(given) :], *more))

    def _alias(self, node: exp.Expr, name: str) -> exp.TableAlias:
        """An alias that says what the source is called without one, with the columns that it was given."""
        alias = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
        old = node.args.get("alias")
        if old is not None and old.args.get("columns"):
            alias.set("columns", old.args["columns"])
        return alias

    def _table(self, node: exp.Table, scope: Scope) -> Source:
        """Resolve a table's name, and write it with its schema or as the expression that it is."""
        written = node.args.get("db")
        common = None if written else scope.common.get(fold(node.name))
        if common is not None:
            if fold(common.name) != fold(node.name) and not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True)))
            source = Source(node.alias or common.name, self.renamed(node, common.columns))
            node.set("this", exp.to_identifier(common.name, quoted=True))
            return source
        table = find_named(self._schema.tables, node.name)
        namespace = () if table is None else self._namespaces(table.name)
        home = namespace[-1] if namespace else ""
        if table is None or (written and fold(written.name) != fold(home)):
            shown = node.sql(dialect=OWN[self._dialect])
            raise SqlError("unknown_table", f"no such table: {shown}{self._near(node.name)}", self._sql)
        self.rewritten |= _shown_differently(table)
        node.set("this", exp.to_identifier(table.name, quoted=True))
        parts = [exp.to_identifier(name, quoted=True) for name in reversed(namespace)]
        node.set("db", parts[0] if parts else None)
        node.set("catalog", parts[1] if len(parts) > 1 else None)
        if _alias_columns(node):
            return Source(node.alias, self.renamed(node, table.column_names))
        return Source(node.alias or table.name, table.column_names, table)

    def common_name(self, cte: exp.CTE) -> str:
        """A name for a common table expression that no table of the schema or of the system has."""
        name = cte.alias
        system = fold(name).startswith(_SYSTEM_NAMES) or not name.isidentifier()
        written = name
        if system or fold(written) in self._taken:
            written = self.fresh("cte")
            self.rewritten = True
        self._taken.add(fold(written))
        return written

    def fresh(self, start: str) -> str:
        """A name that nothing in the statement has yet."""
        number = 1
        while fold(f"{start}_{number}") in self._taken:
            number += 1
        name = f"{start}_{number}"
        self._taken.add(fold(name))
        return name

    def renamed(self, node: exp.Expr, columns: Columns) -> Columns:
        """The names of a source's columns, with those that its alias gives, as in `WITH t(a, b)`.

        Raises:
            SqlError: The alias gives more names than there are columns.
        """
        given = _alias_columns(node)
        if given and len(given) > len(columns) and not _defines_columns(node):
            raise SqlError("other", f"{node.alias} has {len(columns)} columns, not {len(given)}", self._sql)
        return (*given, *columns[len(given) :])

    def only(self, node: exp.Expr, allowed: Iterable[str]) -> None:
        """Refuse a node that has anything but these parts.

        Raises:
            SqlError: It has another part.
        """
        extra = [key for key, value in node.args.items() if value and key not in allowed]
        if extra:
            raise self.refused(f"{extra[0]} at {node.sql(dialect=OWN[self._dialect])[:40]}")

    def refused(self, what: str) -> SqlError:
        """An error about a part that is not allowed."""
        return SqlError("not_read_only", f"{what} is not among what may run", self._sql)

    def _near(self, name: str) -> str:
        close = difflib.get_close_matches(name, [table.name for table in self._schema.tables], 3, 0.6)
        return f"; there is {', '.join(close)}" if close else ""


def _alias_columns(node: exp.Expr) -> tuple[str, ...]:
    alias = node.args.get("alias")
    return tuple(name.name for name in alias.args.get("columns") or ()) if alias is not None else ()


def written_columns(cte: exp.CTE) -> Columns:
    """A recursive expression's columns, before it is resolved: its alias's, or its first query's."""
    given = _alias_columns(cte)
    query = cte.this
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    items = query.expressions[0].expressions if isinstance(query, exp.Values) else query.expressions
    names = tuple(item.alias_or_name or None for item in items)
    return (*given, *names[len(given) :])


def _defines_columns(node: exp.Expr) -> bool:
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if alias is not None else ()
    return any(isinstance(name, exp.ColumnDef) for name in columns or ())


def _shown_differently(table: Table) -> bool:
    """Whether a prompt cannot show the table's names as they are."""
    return any(shown_name(name) != name for name in (table.name, *table.column_names))
