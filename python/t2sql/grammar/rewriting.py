"""A statement of somebody else's as the grammars write it: the same rows in other words.

Keywords are in capitals, names as the schema has them. Comma joins become joins along the equalities of
WHERE; of more than three tables those of the SELECT list come first, with what lies between them. Columns
are qualified by their table where several are joined; a table that is joined a second time is
called by its name and "_2". Aliases of the SELECT list are left out; a literal has the type of the column
that it is compared with. What cannot be rewritten stays as it is.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from t2sql.grammar.rewriting_trees import (
    Writer,
    conjuncts,
    direct_columns,
    hides,
    identifier,
    is_join,
    joining_order,
    owner,
    pair,
    type_literals,
)
from t2sql.grammar.sources import Tables
from t2sql.grammar.walks import ANY_ORDER
from t2sql.schema import Schema, Table

_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)


class _UnsupportedError(Exception):
    """The statement has something that is left as it is."""


def rewritten(sql: str, schema: Schema) -> str:
    """A statement as the grammars write it.

    Args:
        sql: A statement in SQLite's dialect.
        schema: The tables that it is about.

    Returns:
        The statement; as it was where it does not parse, names what is not there, or has what is not known.
    """
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
        if not isinstance(tree, exp.Query):
            return sql
        _Rewriter(schema).query(tree, top=True)
        return str(Writer(normalize_functions="upper", comments=False).generate(tree))
    except (sqlglot.errors.SqlglotError, RecursionError, _UnsupportedError):
        return sql


class _Rewriter:
    """Rewrites one statement."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._tables = Tables.of(schema)

    def query(self, query: exp.Query, *, top: bool = False) -> None:
        """Rewrite a query and all those inside it."""
        if isinstance(query, exp.SetOperation):
            self.query(query.left, top=False)
            self.query(query.right, top=False)
            return
        if not isinstance(query, exp.Select) or query.args.get("with_"):
            raise _UnsupportedError
        self._select(query)

    def _select(self, select: exp.Select) -> None:
        start = select.args.get("from_")
        if start is not None and isinstance(start.this, exp.Subquery):
            self._outer(select, start.this)
            return
        sources = self._sources(select)
        self._qualify(select, sources)
        self._join(select, sources)
        self._drop_aliases(select)
        self._name(select, sources)
        self._tidy(select)
        for inner in list(select.find_all(exp.Select)):
            if inner is not select and inner.parent_select is select:
                self.query(inner)

    def _outer(self, select: exp.Select, inner: exp.Subquery) -> None:
        """A query over another one's rows: their number, or an aggregate of its one aggregate."""
        item = select.expressions[0].unalias()
        if len(select.expressions) > 1 or any(
            value for key, value in select.args.items() if key not in ("kind", "expressions", "from_")
        ):
            raise _UnsupportedError
        query = inner.this
        if isinstance(item, exp.AggFunc) and isinstance(item.this, exp.Column):
            if not isinstance(query, exp.Select) or len(query.expressions) != 1:
                raise _UnsupportedError
            item.set("this", exp.column("amount", "T1"))
        elif not (isinstance(item, exp.Count) and isinstance(item.this, exp.Star)):
            raise _UnsupportedError
        select.set("expressions", [item])
        inner.set("alias", exp.TableAlias(this=exp.to_identifier("T1")))
        self.query(query)
        if isinstance(item.this, exp.Column):
            query.set("expressions", [exp.alias_(query.expressions[0], "amount")])

    def _sources(self, select: exp.Select) -> dict[str, tuple[exp.Table, Table]]:
        """The tables after FROM by the names that the statement calls them."""
        start = select.args.get("from_")
        if start is None:
            raise _UnsupportedError
        nodes = [start.this, *(join.this for join in select.args.get("joins") or ())]
        found: dict[str, tuple[exp.Table, Table]] = {}
        for node in nodes:
            table = self._schema.table(node.name) if isinstance(node, exp.Table) else None
            if table is None or node.alias_or_name.lower() in found:
                raise _UnsupportedError
            found[node.alias_or_name.lower()] = (node, table)
        return found

    def _qualify(self, select: exp.Select, sources: dict[str, tuple[exp.Table, Table]]) -> None:
        """Write each column with the name of its source, spelled as the schema spells it."""
        labels = {item.alias.lower() for item in select.expressions if isinstance(item, exp.Alias)}
        for column in list(select.find_all(exp.Column)):
            if column.find_ancestor(exp.Select) is not select:
                continue
            wanted = column.name.lower()
            if column.table:
                name = column.table.lower()
                if name not in sources:
                    continue  # Of the query around this one.
                owners = [name]
            else:
                if wanted in labels and column.find_ancestor(exp.Order, exp.Having, exp.Group):
                    continue
                owners = [
                    name
                    for name, (_, table) in sources.items()
                    if any(wanted == other.name.lower() for other in table.columns)
                ][:1]
            if isinstance(column.this, exp.Star):
                continue
            for name in owners:
                table = sources[name][1]
                spelled = [other.name for other in table.columns if other.name.lower() == wanted]
                if not spelled:
                    raise _UnsupportedError
                column.set("this", exp.to_identifier(spelled[0]))
                column.set("table", exp.to_identifier(name))
            if not owners and select.parent_select is None:
                raise _UnsupportedError

    def _join(self, select: exp.Select, sources: dict[str, tuple[exp.Table, Table]]) -> None:
        """Join the tables along equalities of WHERE and ON, in the order in which they can be joined."""
        joins: list[exp.Join] = select.args.get("joins") or []
        if not joins:
            return
        if any(
            join.side or join.kind not in ("", "INNER", "CROSS") or join.args.get("using") for join in joins
        ):
            for join in joins:
                if join.side != "LEFT" and (join.side or join.kind not in ("", "INNER")):
                    raise _UnsupportedError
                if join.args.get("using") or join.args.get("on") is None:
                    raise _UnsupportedError
                join.set("kind", None)
            return
        conditions: list[exp.Expr] = []
        for join in joins:
            conditions += conjuncts(join.args.get("on"))
        where = select.args.get("where")
        conditions += conjuncts(where.this if where is not None else None)
        names = list(sources)
        if len(names) > ANY_ORDER:
            named = [column.table for item in select.expressions for column in item.find_all(exp.Column)]
            names = joining_order(
                names, [name for name in dict.fromkeys(named) if name in sources], conditions
            )
            select.args["from_"].set("this", sources[names[0]][0])
        joined, ordered = [names[0]], list[exp.Join]()
        waiting = names[1:]
        while waiting:
            first = waiting[:1] if len(names) > ANY_ORDER else waiting
            name, equal = self._next(joined, first, conditions, sources)
            for condition in equal:
                conditions.remove(condition)
            node = sources[name][0]
            on = exp.and_(*(condition.copy() for condition in equal), copy=False)
            ordered.append(exp.Join(this=node, on=on))
            joined.append(name)
            waiting.remove(name)
        select.set("joins", ordered)
        select.set("where", exp.Where(this=exp.and_(*conditions, copy=False)) if conditions else None)

    def _next(
        self,
        joined: list[str],
        waiting: list[str],
        conditions: list[exp.Expr],
        sources: dict[str, tuple[exp.Table, Table]],
    ) -> tuple[str, list[exp.Expr]]:
        """The next table that an equality joins, and the equalities of its key."""
        for name in waiting:
            for other in joined:
                equal = {
                    pair(condition, other): condition
                    for condition in conditions
                    if is_join(condition, name, other)
                }
                if not equal:
                    continue
                here = (
                    self._tables.tables.index(sources[other][1]),
                    self._tables.tables.index(sources[name][1]),
                )
                for edge in self._tables.edges:
                    for ends, pairs in (
                        ((edge.left, edge.right), edge.pairs),
                        ((edge.right, edge.left), tuple((b, a) for a, b in edge.pairs)),
                    ):
                        if ends == here and set(pairs) <= set(equal):
                            return name, [equal[pair] for pair in pairs]
        for name in waiting:
            for condition in conditions:
                if any(is_join(condition, name, other) for other in joined):
                    return name, [condition]
        raise _UnsupportedError

    def _drop_aliases(self, select: exp.Select) -> None:
        """Write what an alias of the SELECT list stands for in its places."""
        named = {item.alias.lower(): item.this for item in select.expressions if isinstance(item, exp.Alias)}
        for key in ("group", "having", "order"):
            for column in list(select.args[key].find_all(exp.Column)) if select.args.get(key) else ():
                if not column.table and column.name.lower() in named:
                    column.replace(named[column.name.lower()].copy())
        select.set("expressions", [item.unalias() for item in select.expressions])

    def _name(self, select: exp.Select, sources: dict[str, tuple[exp.Table, Table]]) -> None:
        """Give each table its name in the statement."""
        tables = [table for _, table in sources.values()]
        often = max(map(tables.count, tables)) > 2
        order = [join.this for join in select.args.get("joins") or ()]
        spelled: dict[str, str] = {}
        # The first one of two after FROM has the table's own name.
        for place, node in enumerate([select.args["from_"].this, *order], 1):
            name = node.alias_or_name.lower()
            table = sources[name][1]
            second = self._tables.second_name(self._tables.tables.index(table))
            if table.name not in spelled.values() and not often:
                spelled[name] = table.name
            else:
                spelled[name] = f"T{place}" if often or second is None else second
        own = [column for column in select.find_all(exp.Column) if owner(column, set(sources)) is select]
        inner = [column for column in own if column.find_ancestor(exp.Select) is not select]
        if any(hides(column, table) for column in inner for table in tables):
            raise _UnsupportedError
        outer = any(owner(column, set(sources)) is None for column in direct_columns(select) if column.table)
        alone = len(tables) == 1 and not inner and not outer
        for column in own:
            name = column.table.lower()
            column.set("table", None if alone else identifier(spelled[name]))
            if not isinstance(column.this, exp.Star):
                named = next(
                    c.name for c in sources[name][1].columns if c.name.lower() == column.name.lower()
                )
                column.set("this", identifier(named))
        for name, (node, table) in sources.items():
            node.set("this", identifier(table.name))
            other = spelled[name] != table.name
            node.set("alias", exp.TableAlias(this=identifier(spelled[name])) if other else None)

    def _tidy(self, select: exp.Select) -> None:
        """What has several spellings, and literals of another type than the column's."""
        for paren in list(select.find_all(exp.Paren)):
            if isinstance(paren.this, exp.Column | exp.Literal) or isinstance(
                paren.parent, exp.Where | exp.Having | exp.Paren | exp.Distinct
            ):
                paren.replace(paren.this)
        for node in select.find_all(*_COMPARED):
            column = node.this
            if isinstance(column, exp.Column):
                type_literals(node, self._kind(column, select))

    def _kind(self, column: exp.Column, select: exp.Select) -> str | None:
        for index, table in enumerate(self._tables.tables):
            for other, kind in zip(table.columns, self._tables.kinds[index], strict=True):
                if other.name == column.name and (not column.table or self._is(column, table, select)):
                    if not column.table and self._schema.table(select.args["from_"].this.name) != table:
                        continue
                    return kind
        return None

    def _is(self, column: exp.Column, table: Table, select: exp.Select) -> bool:
        nodes = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
        return any(node.alias_or_name == column.table and node.name == table.name for node in nodes)
