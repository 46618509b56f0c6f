"""Every name of a statement resolved in its scope, and written so that it can mean nothing else.

The invariant: whatever is let through reads only the schema's tables and columns, through listed functions of
the database itself. A table is written with its schema, a common table expression under a name that no table
has, a column as the schema or a subquery in scope spells it, and every name in quotes.
"""

from __future__ import annotations

from sqlglot import exp

from t2sql.live.allowed import WORDS
from t2sql.live.names import find_named, fold
from t2sql.live.scopes import ColumnResolver, CommonTable, Scope, Source, remember_star
from t2sql.live.sources import Columns, SourceResolver, written_columns
from t2sql.schema import Schema
from t2sql.sql import SqlError
from t2sql.values import Namespaces

_QUERY_PARTS = frozenset({"this", "alias", "with_", "order", "limit", "offset", "expressions", "sample"})
_SET_PARTS = frozenset(
    {"this", "expression", "with_", "order", "limit", "offset", "distinct", "by_name", "side", "kind", "on"}
)
_SELECT = (
    "with_ expressions from_ joins where group having order limit offset distinct windows qualify sample"
)
_SELECT_PARTS = frozenset(_SELECT.split())
_STAR_PARTS = frozenset({"except_", "replace", "rename"})


class NameResolver:
    """Resolves the names of one statement against the database's schema."""

    def __init__(self, schema: Schema, namespaces: Namespaces, dialect: str, sql: str) -> None:
        """Prepare for one statement.

        Args:
            schema: The database's tables.
            namespaces: What the name of each table is written after, such as `("public",)`.
            dialect: sqlglot's name of the database's dialect.
            sql: The statement, for errors.
        """
        self._schema = schema
        self._dialect = dialect
        self._sql = sql
        self._columns = ColumnResolver(dialect, sql)
        self._sources = SourceResolver(self, schema, namespaces, dialect, sql)

    def resolve(self, tree: exp.Query | exp.Values) -> bool:
        """Resolve and write every name of a statement.

        Args:
            tree: The statement's tree; it is changed.

        Returns:
            Whether SQLite would read the statement as it was in another way, or not at all.

        Raises:
            SqlError: A name means no table of the schema and no column of a source in scope.
        """
        self.query(tree, None, {})
        for name in tree.find_all(exp.Identifier):
            name.set("quoted", True)
        return self._sources.rewritten or self._columns.rewritten

    def query(self, node: exp.Expr, parent: Scope | None, common: dict[str, CommonTable]) -> Columns:
        """Resolve a query; returns the names of its columns.

        Args:
            node: SELECT, VALUES, a set operation, or one of them in parentheses.
            parent: The scope that it is in.
            common: The common table expressions that it may read.

        Raises:
            SqlError: A name means nothing there, or the query has a part that is not allowed.
        """
        if isinstance(node, exp.Values):
            self._sources.only(node, _QUERY_PARTS)
            for row in node.expressions:
                self.expression(row, Scope(parent, common))
            return self._value_columns(node)
        common = self._with(node, parent, common)
        if isinstance(node, exp.Select):
            self._sources.only(node, _SELECT_PARTS)
            return self._select(node, parent, common)
        if isinstance(node, exp.Subquery | exp.SetOperation):
            columns = self.query(node.this, parent, common)
            if isinstance(node, exp.SetOperation):
                self._sources.only(node, _SET_PARTS)
                others = self.query(node.expression, parent, common)
                if node.args.get("by_name"):
                    columns = (*columns, *(name for name in others if name not in columns))
            else:
                self._sources.only(node, _QUERY_PARTS)
            self._modifiers(node, columns, common)
            return columns
        raise self._sources.refused(f"{type(node).__name__.upper()} in the place of a query")

    def _value_columns(self, node: exp.Values) -> Columns:
        first = node.expressions[0]
        count = len(first.expressions) if isinstance(first, exp.Tuple) else 1
        start = 0 if self._dialect == "duckdb" else 1
        prefix = "col" if self._dialect == "duckdb" else "column"
        return tuple(f"{prefix}{number}" for number in range(start, start + count))

    def _with(
        self, node: exp.Expr, parent: Scope | None, common: dict[str, CommonTable]
    ) -> dict[str, CommonTable]:
        """Resolve WITH; returns what may be read below it. Each expression sees those before it."""
        clause = node.args.get("with_")
        if clause is None:
            return common
        self._sources.only(clause, frozenset({"expressions", "recursive"}))
        common = dict(common)
        expressions: list[exp.CTE] = clause.expressions
        if len({fold(cte.alias) for cte in expressions}) < len(expressions):
            raise SqlError("other", "two common table expressions have one name", self._sql)
        recursive = bool(clause.args.get("recursive"))
        if recursive:
            for cte in expressions:
                common[fold(cte.alias)] = CommonTable(self._sources.common_name(cte), written_columns(cte))
        for cte in expressions:
            self._sources.only(cte, frozenset({"this", "alias", "materialized"}))
            key = fold(cte.alias)
            if not recursive:
                name = self._sources.common_name(cte)
                if _reads_itself(cte) and find_named(self._schema.tables, cte.alias) is None:
                    # SQLite needs no RECURSIVE. As all names are different, it changes nothing else.
                    common[key] = CommonTable(name, written_columns(cte))
                    clause.set("recursive", True)
                    columns = self.query(cte.this, parent, common)
                    del common[key]
                else:
                    columns = self.query(cte.this, parent, common)
            else:
                name = common[key].name
                columns = self.query(cte.this, parent, common)
            common[key] = CommonTable(name, self._sources.renamed(cte, columns))
            cte.args["alias"].set("this", exp.to_identifier(name, quoted=True))
        return common

    def _select(self, node: exp.Select, parent: Scope | None, common: dict[str, CommonTable]) -> Columns:
        scope = Scope(parent, common)
        start = node.args.get("from_")
        if start is not None:
            self._sources.add(start.this, scope)
        self._sources.joins(node, scope)
        columns: list[str | None] = []
        for item in list(node.expressions):
            columns.extend(self._projection(item, scope))
        for key, part in list(node.args.items()):
            if key in ("with_", "expressions", "from_", "joins"):
                continue
            for child in part if isinstance(part, list) else [part]:
                if isinstance(child, exp.Expr):
                    self.expression(child, scope)
        return tuple(columns)

    def _projection(self, item: exp.Expr, scope: Scope) -> Columns:
        """Resolve an item of the SELECT list; returns the names of its columns."""
        if isinstance(item, exp.Star):
            return self._star(item, tuple(scope.sources.values()), scope)
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            source = scope.sources.get(fold(item.table))
            if source is None or item.args.get("db"):
                raise SqlError("unknown_table", f"no such table: {item.table}", self._sql)
            item.set("table", exp.to_identifier(source.name, quoted=True))
            return self._star(item.this, (source,), scope)
        if isinstance(item, exp.Alias):
            self.expression(item.this, scope, in_list=True)
            scope.aliases.setdefault(fold(item.alias), item)
            return (item.alias,)
        if isinstance(item, exp.Column):
            name = item.name
            container = item.parent
            self._columns.resolve(item, scope, in_list=True)
            # The column has been replaced by what an alias before it stands for.
            return (item.name if item.parent is container else name,)
        unnamed = self._unnamed(item)
        self.expression(item, scope, in_list=True)
        if unnamed is not None:
            scope.outputs.add(unnamed)
        return (unnamed,)

    def _unnamed(self, item: exp.Expr) -> str | None:
        """What PostgreSQL and DuckDB call a column that is a call: by its function."""
        while isinstance(item, exp.Filter | exp.Window | exp.WithinGroup):
            item = item.this
        if self._dialect == "postgres" and isinstance(item, exp.Anonymous | exp.AggFunc):
            return (item.name if isinstance(item, exp.Anonymous) else item.sql_name()).lower()
        return None

    def _star(self, star: exp.Star, sources: tuple[Source, ...], scope: Scope) -> Columns:
        """Resolve what DuckDB's star leaves out and replaces; returns the names that are left."""
        self._sources.only(star, _STAR_PARTS)
        columns = tuple(column for source in sources for column in source.columns)
        if not any(star.args.values()):
            remember_star(star, sources)
        out = set()
        for name in star.args.get("except_") or ():
            column = name if isinstance(name, exp.Column) else exp.column(name)
            self._columns.resolve(column, scope)
            if isinstance(column, exp.Column):
                column.set("table", None)
                name.replace(column.this.copy() if isinstance(name, exp.Identifier) else column)
            out.add(fold(column.name))
        for item in star.args.get("replace") or ():
            self.expression(item.this, scope)
        new = {fold(item.this.name): item.alias for item in star.args.get("rename") or ()}
        for item in star.args.get("rename") or ():
            self._columns.resolve(item.this, scope)
        left = (column for column in columns if column is None or fold(column) not in out)
        return tuple(column if column is None else new.get(fold(column), column) for column in left)

    def _modifiers(self, node: exp.Expr, columns: Columns, common: dict[str, CommonTable]) -> None:
        """Resolve ORDER BY, LIMIT and OFFSET of a set operation, which see its columns."""
        scope = Scope(None, common, {"": Source("", columns)})
        for key in ("order", "limit", "offset", "sample"):
            part = node.args.get(key)
            if part is not None:
                self.expression(part, scope)

    def expression(self, node: exp.Expr, scope: Scope, *, in_list: bool = False) -> None:
        """Resolve an expression.

        Args:
            node: Its tree; it is changed.
            scope: The scope that it is in.
            in_list: Whether it is in the SELECT list.

        Raises:
            SqlError: A name means nothing there.
        """
        nested = exp.Query | exp.Values | exp.Comprehension
        for part in list(node.walk(prune=lambda inner: isinstance(inner, nested))):
            if isinstance(part, exp.Query | exp.Values):
                self.query(part, scope, scope.common)
            elif isinstance(part, exp.Comprehension):
                self._comprehension(part, scope)
            elif isinstance(part, exp.Column) and _is_unit(part):
                part.replace(exp.var(part.name))
            elif isinstance(part, exp.Column):
                self._columns.resolve(part, scope, in_list=in_list)
            elif isinstance(part, exp.Dot):
                field = exp.Literal.string(part.expression.name)
                part.replace(exp.Anonymous(this="struct_extract", expressions=[part.this, field]))
            elif isinstance(part, exp.Star):
                if _is_of_columns(part):
                    self._star(part, tuple(scope.sources.values()), scope)
                    continue
                self._sources.only(part, frozenset())
                if not isinstance(part.parent, exp.Count):
                    raise self._sources.refused("* in the place of a value")
            elif isinstance(part, exp.Table):
                raise self._sources.refused("a table in the place of a value")

    def _comprehension(self, node: exp.Comprehension, scope: Scope) -> None:
        """Resolve `[x * 2 FOR x IN list]`, in which x is a name of its own."""
        self._sources.only(node, frozenset({"this", "expression", "iterator", "condition"}))
        name = node.expression.name
        inner = Scope(scope, scope.common, {"": Source("", (name,))})
        self.expression(node.args["iterator"], scope)
        for part in (node.this, node.args.get("condition")):
            if part is not None:
                self.expression(part, inner)


def _is_unit(node: exp.Column) -> bool:
    """Whether a word is the unit of MariaDB's TIMESTAMPDIFF or TIMESTAMPADD."""
    call = node.parent
    return (
        isinstance(call, exp.Anonymous)
        and call.name.lower() in ("timestampdiff", "timestampadd")
        and node is call.expressions[0]
        and not node.table
        and node.name.lower() in WORDS
    )


def _is_of_columns(star: exp.Star) -> bool:
    """Whether a star is in DuckDB's COLUMNS(*)."""
    parent = star.parent
    return isinstance(parent, exp.Anonymous) and parent.name.lower() == "columns"


def _reads_itself(cte: exp.CTE) -> bool:
    return any(fold(table.name) == fold(cte.alias) for table in cte.this.find_all(exp.Table))
