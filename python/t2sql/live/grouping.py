"""SQLite's loose GROUP BY and DISTINCT in databases that are strict about them.

A column that is neither grouped nor aggregated is that of one row of its group: the row of MIN or MAX where
there is one such aggregate, as in SQLite, else any. DISTINCT may be ordered by what is not selected.
"""

from __future__ import annotations

from sqlglot import exp

from t2sql.live import duckdb_functions, postgres_functions
from t2sql.live.kinds import declared_type, kind_of
from t2sql.live.scopes import star_columns, table_column
from t2sql.live.strict_types import UNCOMPARABLE, as_integer, as_text
from t2sql.schema import Table

_MORE = "array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_group_array range_agg"
_AGGREGATES = duckdb_functions.AGGREGATES | postgres_functions.AGGREGATES | frozenset(_MORE.split())


def adapt_grouping(tree: exp.Expr, dialect: str) -> None:
    """Adapt the queries of a statement.

    Args:
        tree: The statement's tree, its names resolved; it is changed.
        dialect: sqlglot's name of the database's dialect, "postgres" or "duckdb".
    """
    for select in list(tree.find_all(exp.Select)):
        _adapt_bare_columns(select, dialect)
        _adapt_distinct(select)


def _parts(select: exp.Select) -> list[exp.Expr]:
    """What sees groups: the SELECT list, HAVING and ORDER BY."""
    clauses = (select.args.get(key) for key in ("having", "order", "qualify"))
    return [*select.expressions, *(clause for clause in clauses if clause is not None)]


def _is_aggregate(node: exp.Expr) -> bool:
    if isinstance(node, exp.WithinGroup):
        return True
    if isinstance(node, exp.Filter):
        return _is_aggregate(node.this)
    named = isinstance(node, exp.Anonymous) and node.name.lower() in _AGGREGATES
    aggregate = isinstance(node, exp.Count | exp.Sum | exp.Avg) or named
    if isinstance(node, exp.Min | exp.Max):
        aggregate = not node.expressions
    outer = node.parent
    while isinstance(outer, exp.Filter | exp.WithinGroup | exp.IgnoreNulls):
        outer = outer.parent
    return aggregate and not (isinstance(outer, exp.Window) and outer.this.find(type(node)) is not None)


def _own(part: exp.Expr, select: exp.Select) -> list[exp.Expr]:
    """The nodes of a part that belong to the query itself, and not to one inside it."""
    return [node for node in part.walk(prune=lambda n: isinstance(n, exp.Query) and n is not select)]


def _adapt_bare_columns(select: exp.Select, dialect: str) -> None:
    group = select.args.get("group")
    if group is not None:
        _expand_stars(select)
    parts = _parts(select)
    aggregates = [node for part in parts for node in _own(part, select) if _is_aggregate(node)]
    if group is None and not aggregates:
        return
    if group is not None and (group.args.get("all") or _has_sets(group)):
        return
    keys = list(group.expressions) if group is not None else []
    positions = {int(key.name) for key in keys if isinstance(key, exp.Literal) and key.name.isdigit()}
    grouped = set(keys)
    aliases = {key.name for key in keys if isinstance(key, exp.Column) and not key.table}
    extremes = [node for node in aggregates if isinstance(node, exp.Min | exp.Max)]
    row = extremes[0] if len(aggregates) == len(extremes) == 1 else None
    for index, part in enumerate(parts, 1):
        if index in positions and index <= len(select.expressions):
            continue
        if isinstance(part, exp.Alias) and part.alias in aliases:
            continue
        for node in list(
            part.walk(prune=lambda n: isinstance(n, exp.Query) or _is_aggregate(n) or n in grouped)
        ):
            if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star) or node in grouped:
                continue
            column = table_column(node)
            if column is None or node.find_ancestor(exp.Select) is not select or _in_aggregate(node, select):
                continue
            if _same_grouped(node, keys) or (
                dialect == "postgres" and _key_grouped(column.table, node, keys)
            ):
                continue
            if not _is_local(node, select):
                continue
            new = _of_one_row(node, row, dialect)
            top = node.parent is select and node.arg_key == "expressions"
            node.replace(exp.alias_(new, node.name, quoted=True) if top else new)


def _expand_stars(select: exp.Select) -> None:
    items: list[exp.Expr] = []
    for item in select.expressions:
        items.extend(column.copy() for column in star_columns(item)) if star_columns(item) else items.append(
            item
        )
    select.set("expressions", items)


def _has_sets(group: exp.Group) -> bool:
    return any(group.args.get(key) for key in ("rollup", "cube", "grouping_sets")) or any(
        isinstance(key, exp.Rollup | exp.Cube | exp.GroupingSets) for key in group.expressions
    )


def _in_aggregate(node: exp.Expr, select: exp.Select) -> bool:
    outer = node.parent
    while outer is not None and outer is not select:
        if _is_aggregate(outer):
            return True
        outer = outer.parent
    return False


def _same_grouped(node: exp.Column, keys: list[exp.Expr]) -> bool:
    """Whether the column is grouped under its other spelling, with or without its table."""
    meant = table_column(node)
    return any(
        isinstance(key, exp.Column)
        and table_column(key) == meant
        and (key.table == node.table or not key.table or not node.table)
        for key in keys
    )


def _key_grouped(table: Table, node: exp.Column, keys: list[exp.Expr]) -> bool:
    """Whether the table's primary key is grouped, on which its other columns depend."""
    names = {key.name for key in keys if isinstance(key, exp.Column) and key.table in (node.table, "")}
    return bool(table.primary_key) and set(table.primary_key) <= names


def _is_local(node: exp.Column, select: exp.Select) -> bool:
    """Whether a qualified column is of a source of this query, and not of one around it."""
    if not node.table:
        return True
    sources = [select.args["from_"].this] if select.args.get("from_") else []
    sources += [join.this for join in select.args.get("joins") or ()]
    return any(source.alias_or_name == node.table for source in sources)


def _of_one_row(node: exp.Column, row: exp.Expr | None, dialect: str) -> exp.Expr:
    value: exp.Expr = node.copy()
    if row is not None:
        order = exp.Ordered(this=row.this.copy(), desc=isinstance(row, exp.Max), nulls_first=False)
        value = exp.Order(this=value, expressions=[order])
    if dialect == "duckdb":
        return exp.Anonymous(this="FIRST", expressions=[value])
    # sqlglot counts from 0, and writes what the dialect counts from.
    rows = exp.Anonymous(this="ARRAY_AGG", expressions=[value])
    return exp.Bracket(this=exp.Paren(this=rows), expressions=[exp.Literal.number(0)])


def _adapt_distinct(select: exp.Select) -> None:
    """Write DISTINCT that is ordered by something else as groups of a subquery."""
    distinct, order = select.args.get("distinct"), select.args.get("order")
    if distinct is None or distinct.args.get("on") or order is None:
        return
    if any(
        isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))
        for item in select.expressions
    ):
        return
    shown = set(select.expressions) | {item.unalias() for item in select.expressions}
    names = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    terms = order.expressions
    if all(term.this in shown or _is_shown(term.this, names) for term in terms):
        return
    inner = select.copy()
    for key in ("distinct", "order", "limit", "offset", "with_"):
        inner.set(key, None)
    labels: list[str] = []
    items: list[exp.Expr] = []
    for number, item in enumerate(select.expressions, 1):
        label = item.alias_or_name or (
            item.sql_name().lower() if isinstance(item, exp.Func) else f"column{number}"
        )
        label = label if label not in labels else f"{label}_{number}"
        labels.append(label)
        items.append(exp.alias_(item.unalias().copy(), label, quoted=True))
    outer_terms = []
    for number, term in enumerate(terms, 1):
        items.append(exp.alias_(_sortable(term.this), f"order_{number}", quoted=True))
        value = exp.column(exp.to_identifier(f"order_{number}", quoted=True))
        function = exp.Max if term.args.get("desc") else exp.Min
        outer_terms.append(exp.Ordered(**{**term.args, "this": function(this=value)}))
    inner.set("expressions", items)
    columns = [exp.column(exp.to_identifier(label, quoted=True)) for label in labels]
    alias = exp.TableAlias(this=exp.to_identifier("distinct_rows", quoted=True))
    for key in ("distinct", "where", "joins", "having", "windows", "qualify"):
        select.set(key, None)
    select.set("expressions", columns)
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    select.set("group", exp.Group(expressions=[column.copy() for column in columns]))
    select.set("order", exp.Order(expressions=outer_terms))


def _is_star(item: exp.Expr) -> bool:
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _is_shown(term: exp.Expr, names: set[str]) -> bool:
    """Whether a term of ORDER BY is a position or a name of the SELECT list."""
    return isinstance(term, exp.Literal) or (
        isinstance(term, exp.Column) and not term.table and term.name in names
    )


def _sortable(term: exp.Expr) -> exp.Expr:
    """A term of ORDER BY as a value that has a least one."""
    column = term if isinstance(term, exp.Column) else term.find(exp.Column)
    bare = isinstance(term, exp.Column | exp.Bracket) or (
        isinstance(term, exp.Anonymous) and term.name == "FIRST"
    )
    if column is None or not bare:
        return term.copy()
    if kind_of(column) == "boolean":
        return as_integer(term)
    unsorted = kind_of(column) == "other" and UNCOMPARABLE.search(declared_type(column))
    return as_text(term) if unsorted else term.copy()
