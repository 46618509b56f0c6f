"""What a statement may be made of: the kinds of nodes in its syntax tree, functions and types, by name.

Whatever is let through reads only the schema's tables and columns, through listed functions of the
database itself. Everything that is not listed is refused, so that a way to write, to read a file or to
change a setting that nobody thought of is refused as well. Read-only transactions alone do not do it:
PostgreSQL's `pg_read_file` reads, and `lo_create` writes, inside one.
"""

from __future__ import annotations

import re

from sqlglot import exp

_SHOWN_CHARACTERS = 40

_NODES = """
    Select Union Intersect Except Subquery From Join Where Group Having Order Ordered Limit Offset Distinct
    With CTE TableAlias Alias Table Column Identifier Literal Star Null Boolean Paren Tuple
    And Or Not Neg EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape NullSafeEQ NullSafeNEQ
    Add Sub Mul Div IntDiv Mod DPipe Case If Cast Exists DataType DataTypeParam Collate
    Window WindowSpec Filter Interval Var Glob Fetch LimitOptions Rollup Cube GroupingSets WithinGroup Qualify
    BitwiseAnd BitwiseOr BitwiseNot BitwiseLeftShift BitwiseRightShift
"""
NODES = frozenset(_NODES.split())
"""Names of sqlglot's classes."""

_FUNCTIONS = """
    count sum avg min max total group_concat string_agg stddev variance
    row_number rank dense_rank ntile lag lead first_value last_value nth_value
    lower upper length char_length trim ltrim rtrim substr substring replace instr str_position concat left
    right coalesce ifnull nullif iif if case cast exists and or abs round ceil ceiling floor sqrt power pow
    mod sign like date time datetime julianday strftime time_to_str ts_or_ds_to_timestamp ts_or_ds_to_date
    collate glob hex unicode typeof exp ln log greatest least rand random sin cos tan atan2 pi degrees radians
    cbrt trunc percent_rank cume_dist median mode percentile_cont percentile_disc grouping any_value
    corr covar_samp covar_pop stddev_samp stddev_pop variance_pop logical_or logical_and
    initcap split_part concat_ws translate starts_with ends_with ascii reverse contains arg_max arg_min
    hour minute second quarter monthname dayname last_day day_of_week now age make_date
    extract date_part date_trunc timestamp_trunc year month day current_date current_time current_timestamp
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Names of functions as sqlglot gives them, in small letters."""

_TYPES = """
    text varchar char nchar nvarchar boolean tinyint smallint int mediumint bigint float double decimal
    date time timestamp timestamptz datetime
"""
TYPES = frozenset(_TYPES.split())
"""Names of types that a CAST may have, as sqlglot gives them, in small letters."""


COLLATIONS = frozenset({"nocase", "binary", "rtrim"})
"""SQLite's own collations, in small letters."""

_WORDS = """
    year years quarter quarters month months week weeks day days hour hours minute minutes second seconds
    millisecond milliseconds microsecond microseconds epoch dow doy isodow isoyear decade century julian
"""
WORDS = frozenset(_WORDS.split()) | COLLATIONS
"""Words that are no names: units of time and collations, in small letters."""

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def refused_part(node: exp.Expr) -> str | None:
    """What of a node may not be in a statement.

    Args:
        node: A node of the statement's tree; the nodes below it are not looked at.

    Returns:
        Words for an error, such as "the function pg_read_file"; None if the node is allowed.
    """
    if isinstance(node, exp.Anonymous) and not isinstance(node.this, str):
        return f"the function {node.sql()[:_SHOWN_CHARACTERS]}"
    if isinstance(node, exp.Var) and node.name.lower() not in WORDS:
        return f"the word {node.name[:_SHOWN_CHARACTERS]}"
    if isinstance(node, exp.Collate) and node.expression.name.lower() not in COLLATIONS:
        return f"the collation {node.expression.name[:_SHOWN_CHARACTERS]}"
    if isinstance(node, exp.Literal) and not node.is_string and not _NUMBER.fullmatch(node.name):
        return f"the number {node.name[:_SHOWN_CHARACTERS]}"
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else type(node).sql_names()[0]
        return None if name.lower() in FUNCTIONS else f"the function {name[:_SHOWN_CHARACTERS]}"
    if isinstance(node, exp.DataType):
        # To make a regclass and the like, PostgreSQL looks up names in its catalog.
        kind = node.this.value if isinstance(node.this, exp.DataType.Type) else ""
        if kind.lower() not in TYPES:
            return f"the type {node.sql()[:_SHOWN_CHARACTERS]}"
    name = type(node).__name__
    return None if name in NODES else f"a part of the kind {name}"
