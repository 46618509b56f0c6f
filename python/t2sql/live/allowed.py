"""What a statement may be made of: the nodes of its syntax tree and the functions it calls, by name.

Everything that is not listed is refused, so that a way to write, to read a file or to change a setting
that nobody thought of is refused as well. Read-only transactions alone do not do it: PostgreSQL's
`pg_read_file` reads, and `lo_create` writes, inside one.
"""

from __future__ import annotations

from typing import Any

_NODES = """
    Select Union Intersect Except Subquery From Join Where Group Having Order Ordered Limit Offset Distinct
    With CTE TableAlias Alias Table Column Identifier Literal Star Null Boolean Paren Tuple
    And Or Not Neg EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape NullSafeEQ NullSafeNEQ
    Add Sub Mul Div IntDiv Mod DPipe Case If Cast Exists DataType DataTypeParam Collate
    Window WindowSpec Filter Interval Var
"""
NODES = frozenset(_NODES.split())

_FUNCTIONS = """
    count sum avg min max total group_concat string_agg stddev variance
    row_number rank dense_rank ntile lag lead first_value last_value nth_value
    lower upper length char_length trim ltrim rtrim substr substring replace instr str_position concat left
    right coalesce ifnull nullif iif if case cast exists and or abs round ceil ceiling floor sqrt power pow
    mod sign like date time datetime julianday strftime time_to_str ts_or_ds_to_timestamp ts_or_ds_to_date
    extract date_part date_trunc timestamp_trunc year month day current_date current_time current_timestamp
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())

_TYPES = """
    text varchar char nchar nvarchar boolean tinyint smallint int mediumint bigint float double decimal
    date time timestamp timestamptz datetime
"""
TYPES = frozenset(_TYPES.split())


def refusal(node: Any) -> str | None:
    """Why a node of a sqlglot tree may not be in a statement; None when it may."""
    from sqlglot import exp

    kind = type(node).__name__
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else type(node).sql_names()[0]
        if name.lower() not in FUNCTIONS:
            return f"the function {name[:40]}"
        return None
    if isinstance(node, exp.DataType) and str(getattr(node.this, "value", "")).lower() not in TYPES:
        # PostgreSQL looks names up to make a regclass and the like.
        return f"the type {node.sql()[:40]}"
    return None if kind in NODES else f"a part of the kind {kind}"
