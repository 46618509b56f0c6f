"""Every name of a statement resolved in its scope, and written so that it can mean nothing else.

The invariant: whatever is let through reads only the schema's tables and columns, through listed functions of
the database itself. A table is written with its schema, a common table expression under a name that no table
has, a column as the schema or a subquery in scope spells it, and every name in quotes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from sqlglot import exp

from t2sql.live.names import find_named, fold, shown_name
from t2sql.live.scopes import ColumnResolver, CommonTable, Scope, Source
from t2sql.schema import Schema, Table
from t2sql.sql import SqlError

_SYSTEM_NAMES = ("pg_", "sqlite_", "duckdb_", "pragma_", "information_schema")
_QUERY_PARTS = frozenset({"this", "alias", "with_", "order", "limit", "offset"})
_TABLE_PARTS = frozenset({"this", "alias", "joins", "db"})

Columns = tuple[str | None, ...]


class NameResolver:
    """Resolves the names of one statement against the database's schema."""

    def __init__(self, schema: Schema, namespace: tuple[str, ...], dialect: str, sql: str) -> None:
        """Prepare for one statement.

        Args:
            schema: The database's tables.
            namespace: What the tables' names are written after, such as `("public",)`.
            dialect: sqlglot's name of the database's dialect.
            sql: The statement, for errors.
        """
        self._schema = schema
        self._namespace = namespace
        self._dialect = dialect
        self._sql = sql
        self._columns = ColumnResolver(dialect, sql)
        self._taken = {fold(table.name) for table in schema.tables}
        self._rewritten = False

    def resolve(self, tree: exp.Query) -> bool:
        """Resolve and write every name of a statement.

        Args:
            tree: The statement's tree; it is changed.

        Returns:
            Whether SQLite would read the statement as it was in another way, or not at all.

        Raises:
            SqlError: A name means no table of the schema and no column of a source in scope.
        """
        self._query(tree, None, {})
        for name in tree.find_all(exp.Identifier):
            name.set("quoted", True)
        return self._rewritten or self._columns.rewritten

    def _query(self, node: exp.Expr, parent: Scope | None, common: dict[str, CommonTable]) -> Columns:
        """Resolve a query; returns the names of its columns."""
        if isinstance(node, exp.Select):
            common = self._with(node, parent, common)
            return self._select(node, parent, common)
        if isinstance(node, exp.Subquery | exp.SetOperation):
            common = self._with(node, parent, common)
            columns = self._query(node.this, parent, common)
            if isinstance(node, exp.SetOperation):
                self._query(node.expression, parent, common)
            else:
                self._only(node, _QUERY_PARTS)
            self._modifiers(node, columns, parent, common)
            return columns
        raise self._refused(f"{type(node).__name__} in the place of a query")

    def _with(
        self, node: exp.Expr, parent: Scope | None, common: dict[str, CommonTable]
    ) -> dict[str, CommonTable]:
        """Resolve WITH; returns what may be read below it. Each expression sees those before it."""
        clause = node.args.get("with_")
        if clause is None:
            return common
        common = dict(common)
        expressions: list[exp.CTE] = clause.expressions
        if len({fold(cte.alias) for cte in expressions}) < len(expressions):
            raise SqlError("other", "two common table expressions have one name", self._sql)
        recursive = bool(clause.args.get("recursive"))
        if recursive:
            for cte in expressions:
                common[fold(cte.alias)] = CommonTable(self._common_name(cte), _written_columns(cte))
        for cte in expressions:
            key = fold(cte.alias)
            if not recursive:
                name = self._common_name(cte)
                if _reads_itself(cte) and find_named(self._schema.tables, cte.alias) is None:
                    # SQLite needs no RECURSIVE. As all names are different, it changes nothing else.
                    common[key] = CommonTable(name, _written_columns(cte))
                    clause.set("recursive", True)
                    columns = self._query(cte.this, parent, common)
                    del common[key]
                else:
                    columns = self._query(cte.this, parent, common)
            else:
                name = common[key].name
                columns = self._query(cte.this, parent, common)
            common[key] = CommonTable(name, self._renamed(cte, columns))
            cte.args["alias"].set("this", exp.to_identifier(name, quoted=True))
        return common

    def _common_name(self, cte: exp.CTE) -> str:
        """A name for a common table expression that no table of the schema or of the system has."""
        name = cte.alias
        system = fold(name).startswith(_SYSTEM_NAMES) or not name.isidentifier()
        written, number = name, 0
        while system or fold(written) in self._taken:
            number += 1
            written, system = f"cte_{number}", False
        self._rewritten |= written != name
        self._taken.add(fold(written))
        return written

    def _select(self, node: exp.Select, parent: Scope | None, common: dict[str, CommonTable]) -> Columns:
        scope = Scope(parent, common)
        start = node.args.get("from_")
        if start is not None:
            self._source(start.this, scope)
        self._joins(node, scope)
        columns: list[str | None] = []
        for item in list(node.expressions):
            columns.extend(self._projection(item, scope))
        for key, part in list(node.args.items()):
            if key in ("with_", "expressions", "from_", "joins"):
                continue
            for child in part if isinstance(part, list) else [part]:
                if isinstance(child, exp.Expr):
                    self._expression(child, scope)
        return tuple(columns)

    def _projection(self, item: exp.Expr, scope: Scope) -> Columns:
        """Resolve an item of the SELECT list; returns the names of its columns."""
        if isinstance(item, exp.Star):
            self._only(item, frozenset())
            return tuple(column for source in scope.sources.values() for column in source.columns)
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            self._only(item.this, frozenset())
            source = scope.sources.get(fold(item.table))
            if source is None or item.args.get("db"):
                raise SqlError("unknown_table", f"no such table: {item.table}", self._sql)
            item.set("table", exp.to_identifier(source.name, quoted=True))
            return source.columns
        if isinstance(item, exp.Alias):
            self._expression(item.this, scope, in_list=True)
            scope.aliases.setdefault(fold(item.alias), item)
            return (item.alias,)
        if isinstance(item, exp.Column):
            name = item.name
            container = item.parent
            self._columns.resolve(item, scope, in_list=True)
            # The column has been replaced by what an alias before it stands for.
            return (item.name if item.parent is container else name,)
        self._expression(item, scope, in_list=True)
        return (None,)

    def _joins(self, node: exp.Expr, scope: Scope) -> None:
        for join in node.args.get("joins") or ():
            self._source(join.this, scope)
            condition = join.args.get("on")
            if condition is not None:
                self._expression(condition, scope)
            using = [self._shared_column(name, scope) for name in join.args.get("using") or ()]
            if using:
                join.set("using", using)

    def _shared_column(self, name: exp.Expr, scope: Scope) -> exp.Identifier:
        spellings = [source.column(name.name, row_number=False) for source in scope.sources.values()]
        written = next((spelling for spelling in spellings if spelling is not None), None)
        if written is None:
            raise SqlError("unknown_column", f"no such column: {name.name}", self._sql)
        return exp.to_identifier(written, quoted=True)

    def _source(self, node: exp.Expr, scope: Scope) -> None:
        """Add what stands after FROM or JOIN to a scope."""
        if isinstance(node, exp.Table):
            self._only(node, _TABLE_PARTS)
            scope.add(self._table(node, scope), self._sql)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            self._only(node, frozenset({"this", "joins"}))
            self._source(node.this, scope)
        elif isinstance(node, exp.Subquery):
            joins = node.args.get("joins")
            node.set("joins", None)
            columns = self._query(node, scope.parent, scope.common)
            node.set("joins", joins)
            if not node.alias:
                self._taken.add(name := f"subquery_{len(self._taken)}")
                node.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
            scope.add(Source(node.alias, self._renamed(node, columns)), self._sql)
        else:
            raise self._refused("a function in the place of a table")
        self._joins(node, scope)

    def _table(self, node: exp.Table, scope: Scope) -> Source:
        """Resolve a table's name, and write it with its schema or as the expression that it is."""
        if not isinstance(node.this, exp.Identifier):
            raise self._refused("a function in the place of a table")
        alias = node.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            raise self._refused("new names for a table's columns")
        written = node.args.get("db")
        common = None if written else scope.common.get(fold(node.name))
        if common is not None:
            if fold(common.name) != fold(node.name) and not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True)))
            source = Source(node.alias or common.name, common.columns)
            node.set("this", exp.to_identifier(common.name, quoted=True))
            return source
        table = find_named(self._schema.tables, node.name)
        if table is None or (written and fold(written.name) not in map(fold, self._namespace[-1:])):
            raise SqlError("unknown_table", f"no such table: {node.sql()}{self._near(node.name)}", self._sql)
        self._rewritten |= _shown_differently(table)
        node.set("this", exp.to_identifier(table.name, quoted=True))
        parts = [exp.to_identifier(name, quoted=True) for name in reversed(self._namespace)]
        node.set("db", parts[0] if parts else None)
        node.set("catalog", parts[1] if len(parts) > 1 else None)
        return Source(node.alias or table.name, table.column_names, table)

    def _near(self, name: str) -> str:
        close = difflib.get_close_matches(name, [table.name for table in self._schema.tables], 3, 0.6)
        return f"; there is {', '.join(close)}" if close else ""

    def _renamed(self, node: exp.Expr, columns: Columns) -> Columns:
        """The names of a query's columns, with those that its alias gives, as in `WITH t(a, b)`."""
        given = _alias_columns(node)
        if given and len(given) > len(columns):
            raise SqlError("other", f"{node.alias} has {len(columns)} columns, not {len(given)}", self._sql)
        return (*given, *columns[len(given) :])

    def _modifiers(
        self, node: exp.Expr, columns: Columns, parent: Scope | None, common: dict[str, CommonTable]
    ) -> None:
        """Resolve ORDER BY, LIMIT and OFFSET of a set operation, which see its columns."""
        scope = Scope(None, common, {"": Source("", columns)})
        for key in ("order", "limit", "offset"):
            part = node.args.get(key)
            if part is not None:
                self._expression(part, scope)

    def _expression(self, node: exp.Expr, scope: Scope, *, in_list: bool = False) -> None:
        for part in list(node.walk(prune=lambda inner: isinstance(inner, exp.Query))):
            if isinstance(part, exp.Query):
                self._query(part, scope, scope.common)
            elif isinstance(part, exp.Column):
                self._columns.resolve(part, scope, in_list=in_list)
            elif isinstance(part, exp.Star):
                self._only(part, frozenset())
                if not isinstance(part.parent, exp.Count):
                    raise self._refused("* in the place of a value")
            elif isinstance(part, exp.Table):
                raise self._refused("a table in the place of a value")

    def _only(self, node: exp.Expr, allowed: Iterable[str]) -> None:
        extra = [key for key, value in node.args.items() if value and key not in allowed]
        if extra:
            raise self._refused(f"{extra[0]} at {node.sql()[:40]}")

    def _refused(self, what: str) -> SqlError:
        return SqlError("not_read_only", f"{what} is not among what may run", self._sql)


def _alias_columns(node: exp.Expr) -> tuple[str, ...]:
    alias = node.args.get("alias")
    return tuple(name.name for name in alias.args.get("columns") or ()) if alias is not None else ()


def _written_columns(cte: exp.CTE) -> Columns:
    """A recursive expression's columns, before it is resolved: its alias's, or its first query's."""
    given = _alias_columns(cte)
    query = cte.this
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    names = tuple(item.alias_or_name or None for item in query.expressions)
    return (*given, *names[len(given) :])


def _reads_itself(cte: exp.CTE) -> bool:
    return any(fold(table.name) == fold(cte.alias) for table in cte.this.find_all(exp.Table))


def _shown_differently(table: Table) -> bool:
    """Whether a prompt cannot show the table's names as they are."""
    return any(shown_name(name) != name for name in (table.name, *table.column_names))
