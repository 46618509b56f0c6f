"""What the names of a statement mean: its scopes, with the tables and subqueries that each can see."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from t2sql.live.dialects import OWN, in_double_quotes
from t2sql.live.full_text import is_full_text_name
from t2sql.live.names import TableColumn, find_named, fold
from t2sql.schema import Table
from t2sql.sql import SqlError

_ROW_NUMBER = "rowid"
"""SQLite and DuckDB number the rows of a table in a column of this name, which no schema lists."""


@dataclass(frozen=True)
class Source:
    """What one name after FROM stands for.

    Attributes:
        name: The name that columns are qualified with, as it is written.
        columns: The names of its columns, as they are written; None for one without a known name.
        table: The table; None for a subquery or a common table expression.
    """

    name: str
    columns: tuple[str | None, ...]
    table: Table | None = None

    def column(self, name: str, *, row_number: bool) -> str | None:
        """How the column that `name` means is written; None if there is no such column.

        Args:
            name: A name, as a statement spells it.
            row_number: Whether the tables of the database have a row number.
        """
        if self.table is not None:
            column = find_named(self.table.columns, name)
            if column is not None:
                return column.name
            return _ROW_NUMBER if row_number and fold(name) == _ROW_NUMBER else None
        known = [column for column in self.columns if column is not None and fold(column) == fold(name)]
        return name if name in known else next(iter(known), None)


@dataclass(frozen=True)
class CommonTable:
    """A common table expression.

    Attributes:
        name: Its name as it is written, which no table of the schema has and no other expression.
        columns: The names of its columns.
    """

    name: str
    columns: tuple[str | None, ...]


@dataclass
class Scope:
    """What the expressions of one SELECT can see.

    Attributes:
        parent: The scope of the query around it; None for the outermost, and for a CTE.
        common: The common table expressions that may be read here, by folded name.
        sources: What is after FROM, by folded name.
        aliases: What the SELECT list names, by folded name. Expressions of the scope may use it.
        outputs: What the database itself calls a column of the SELECT list, such as "count".
    """

    parent: Scope | None
    common: dict[str, CommonTable]
    sources: dict[str, Source] = field(default_factory=dict)
    aliases: dict[str, exp.Alias] = field(default_factory=dict)
    outputs: set[str] = field(default_factory=set)

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def add(self, source: Source, sql: str) -> None:
        """Add a source.

        Raises:
            SqlError: The scope has one of this name.
        """
        if fold(source.name) in self.sources:
            raise SqlError("other", f"two tables are called {source.name}: give each another alias", sql)
        self.sources[fold(source.name)] = source

    def tables(self) -> list[str]:
        """The names of the tables among the sources."""
        return [source.table.name for source in self.sources.values() if source.table is not None]

    def near(self, name: str) -> str:
        """Words that name columns of nearly this name; "" if there is none."""
        names = {
            column
            for scope in self.chain()
            for source in scope.sources.values()
            for column in source.columns
            if column is not None
        }
        close = difflib.get_close_matches(name, sorted(names), 3, 0.6)
        return f"; there is {', '.join(close)}" if close else ""


class ColumnResolver:
    """Finds the column that a name means, and writes it as the database spells it."""

    def __init__(self, dialect: str, sql: str) -> None:
        """Resolve for a dialect.

        Args:
            dialect: sqlglot's name of the database's dialect.
            sql: The statement, for errors.
        """
        self._dialect = dialect
        self._sql = sql
        self.rewritten = False
        """Whether something was changed that SQLite would not read in the same way."""

    def resolve(self, node: exp.Column, scope: Scope, *, in_list: bool = False) -> None:
        """Write a column as the database spells it, or replace the name of an alias by what it stands for.

        Args:
            node: The column; it is changed or replaced.
            scope: The scope that it is in.
            in_list: Whether it is in the SELECT list.

        Raises:
            SqlError: No source in scope has such a column.
        """
        if self._dialect == "duckdb" and node.args.get("db") and self._fields(node, scope):
            return
        if not isinstance(node.this, exp.Identifier) or node.args.get("db") or node.args.get("catalog"):
            raise SqlError(
                "unknown_column", f"no such column: {node.sql(dialect=OWN[self._dialect])}", self._sql
            )
        if node.table:
            self._qualified(node, scope)
            return
        own_alias = scope.aliases.get(fold(node.name))
        if own_alias is not None and _is_term(node, exp.Order):
            _write(node, own_alias.alias)
            return
        if fold(node.name) in scope.outputs and _is_term(node, exp.Order):
            _write(node, fold(node.name))
            return
        for outer in scope.chain():
            found = list(self._matches(node.name, outer.sources.values()))
            if found:
                _write(node, found[0][1])
                _remember(node, *found[0])
                return
            alias = outer.aliases.get(fold(node.name))
            if alias is not None and outer is scope:
                self._use_alias(node, alias, in_list=in_list)
                return
        if self._dialect == "sqlite" and is_full_text_name(node, scope.tables()):
            return
        if self._may_be_text(node):
            node.replace(exp.Literal.string(node.name))
            self.rewritten = True
            return
        raise SqlError("unknown_column", f"no such column: {node.name}{scope.near(node.name)}", self._sql)

    def _may_be_text(self, node: exp.Column) -> bool:
        """Whether a word that is no column may be a text: SQLite and MariaDB read it so in double quotes."""
        if self._dialect == "mysql":
            return in_double_quotes(node.this)
        return bool(node.this.quoted) and _is_compared(node)

    def _qualified(self, node: exp.Column, scope: Scope) -> None:
        """Resolve `source.column`. Only the innermost source of the name counts, as in the database."""
        key = fold(node.table)
        source = next((outer.sources[key] for outer in scope.chain() if key in outer.sources), None)
        if source is None and self._dialect == "duckdb" and self._fields(node, scope):
            return
        if source is None:
            raise SqlError("unknown_column", f"no such column: {node.table}.{node.name}", self._sql)
        column = source.column(node.name, row_number=self._row_number)
        if column is None:
            found = f"no such column: {node.table}.{node.name}{scope.near(node.name)}"
            raise SqlError("unknown_column", found, self._sql)
        _write(node, column)
        node.set("table", exp.to_identifier(source.name, quoted=True))
        _remember(node, source, column)

    def _fields(self, node: exp.Column, scope: Scope) -> bool:
        """Write `column.field` and `source.column.field` with brackets, if there is such a column."""
        names = [part.name for part in node.parts]
        is_source = any(fold(names[0]) in outer.sources for outer in scope.chain())
        start = 2 if is_source and len(names) > 2 else 1
        column = exp.column(*(exp.to_identifier(name, quoted=True) for name in reversed(names[:start])))
        holder = exp.Paren(this=column)
        try:
            self.resolve(column, scope)
        except SqlError:
            return False
        value: exp.Expr = holder.this
        for name in names[start:]:
            value = exp.Bracket(this=value, expressions=[exp.Literal.string(name)])
        named = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
        node.replace(exp.alias_(value, node.name, quoted=True) if named else value)
        return True

    def _use_alias(self, node: exp.Column, alias: exp.Alias, *, in_list: bool) -> None:
        plain = self._dialect == "sqlite" and not in_list
        if self._dialect == "mysql":
            # Beside columns it knows aliases in these clauses, and in HAVING columns of the SELECT list only.
            plain = not isinstance(
                node.find_ancestor(exp.Having, exp.Order, exp.Group, exp.Select), exp.Select
            )
        if plain or _is_term(node, exp.Group):
            _write(node, alias.alias)
            return
        # PostgreSQL would read the alias in an expression as something else: a table's row, or a column.
        node.replace(exp.Paren(this=alias.this.copy()))
        self.rewritten = True

    @property
    def _row_number(self) -> bool:
        return self._dialect in ("sqlite", "duckdb")

    def _matches(self, name: str, sources: Iterable[Source]) -> Iterator[tuple[Source, str]]:
        for source in sources:
            column = source.column(name, row_number=self._row_number)
            if column is not None:
                yield source, column


def table_column(node: exp.Expr) -> TableColumn | None:
    """The column of a table that a resolved node means; None for every other node."""
    found = node.meta.get("t2sql_column") if isinstance(node, exp.Column) else None
    return found if isinstance(found, TableColumn) else None


def remember_star(star: exp.Star, sources: tuple[Source, ...]) -> None:
    """Note on a star the columns that it stands for, if all of them have names."""
    columns = []
    for source in sources:
        for name in source.columns:
            if name is None:
                return
            column = exp.column(
                exp.to_identifier(name, quoted=True), exp.to_identifier(source.name, quoted=True)
            )
            _remember(column, source, name)
            columns.append(column)
    star.meta["t2sql_columns"] = columns


def star_columns(node: exp.Expr) -> list[exp.Column]:
    """The columns that `*` or `source.*` stands for, as `remember_star` noted them; else none."""
    star = node.this if isinstance(node, exp.Column) else node
    found = star.meta.get("t2sql_columns") if isinstance(star, exp.Star) else None
    return list(found) if isinstance(found, list) else []


def _remember(node: exp.Column, source: Source, column: str) -> None:
    if source.table is None:
        return
    found = next((item for item in source.table.columns if item.name == column), None)
    if found is not None:
        # In the node itself, so that its copies have it too.
        node.meta["t2sql_column"] = TableColumn(source.table, found)


def _write(node: exp.Column, name: str) -> None:
    node.set("this", exp.to_identifier(name, quoted=True))


def _is_term(node: exp.Column, clause: type[exp.Expr]) -> bool:
    """Whether a column alone is a term of ORDER BY or GROUP BY, and not a part of an expression in it."""
    parent = node.parent
    if clause is exp.Order and isinstance(parent, exp.Ordered):
        parent = parent.parent
    return isinstance(parent, clause) and isinstance(parent.parent, exp.Query)


def _is_compared(node: exp.Column) -> bool:
    return isinstance(node.parent, exp.EQ | exp.NEQ | exp.Like | exp.In | exp.Between)
