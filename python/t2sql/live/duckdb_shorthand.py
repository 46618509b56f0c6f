"""DuckDB's shorter notations, written out so that the check sees calls and operators as they are.

A call behind a point, `name.lower().trim()`, is a call whose first argument stands before the point. In the
arguments of a call, sqlglot reads `payload->'page'` as a lambda with the parameter `payload`.
"""

from __future__ import annotations

from sqlglot import exp

from t2sql.live.dialects import JsonArrow, JsonTextArrow

_HIGHER = """
    aggregate apply array_apply array_filter array_reduce array_transform columns filter list_apply
    list_filter list_reduce list_transform reduce
"""
_HIGHER_ORDER = frozenset(_HIGHER.split())
"""Functions that take a lambda, in small letters."""


def write_out(tree: exp.Expr) -> None:
    """Write out the calls behind points and the JSON operators of a statement.

    Args:
        tree: The statement's tree, read in DuckDB's dialect; it is changed.
    """
    for arrow in list(tree.find_all(exp.Lambda)):
        call = arrow.parent
        if isinstance(call, exp.Anonymous) and call.name.lower() in _HIGHER_ORDER:
            continue
        if len(arrow.expressions) == 1 and isinstance(arrow.expressions[0], exp.Identifier):
            arrow.replace(exp.Paren(this=_as_operator(arrow)))
    # The inner points come first, since a call is replaced with what stands before its point.
    for dot in reversed(list(tree.find_all(exp.Dot))):
        call = dot.expression
        if isinstance(call, exp.Anonymous):
            call.set("expressions", [_value(dot.this), *call.expressions])
            dot.replace(call)


def _as_operator(arrow: exp.Lambda) -> exp.Expr:
    """`column -> body` as an operator; it takes the first value of a body of further arrows."""
    body = arrow.this
    first = body
    while isinstance(first, JsonArrow | JsonTextArrow):
        first = first.this
    operator = JsonArrow(this=exp.column(arrow.expressions[0].copy()), expression=first.copy())
    if first is body:
        return operator
    first.replace(operator)
    return body  # type: ignore[no-any-return] # sqlglot types `this` as Any


def _value(node: exp.Expr) -> exp.Expr:
    """What stands before a point: a name is a column's unless it is a parameter of a lambda."""
    if not isinstance(node, exp.Identifier):
        return node
    around = node.find_ancestor(exp.Lambda)
    while around is not None:
        if any(parameter.name == node.name for parameter in around.expressions):
            return node
        around = around.find_ancestor(exp.Lambda)
    return exp.column(node)
