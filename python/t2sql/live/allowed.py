"""What a statement may be made of: the kinds of nodes in its syntax tree, functions and types, by name.

Whatever is let through reads only the schema's tables and columns, through listed functions of the
database itself. Everything that is not listed is refused, so that a way to write, to read a file or to
change a setting that nobody thought of is refused as well. Read-only transactions alone do not do it:
PostgreSQL's `pg_read_file` reads, and `lo_create` writes, inside one.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from types import ModuleType

from sqlglot import exp

from t2sql.live import duckdb_functions, mariadb_functions, postgres_functions, sqlite_functions
from t2sql.live.dialects import OWN

_SHOWN_CHARACTERS = 40

_NODES = """
    Select Union Intersect Except Subquery Values From Join Where Group Having Order Ordered Limit Offset
    Distinct With CTE TableAlias Alias Aliases Table Column Identifier Literal Star Null Boolean Paren Tuple
    And Or Not Neg EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape NullSafeEQ NullSafeNEQ SimilarTo Glob
    RegexpLike RegexpILike RegexpFullMatch Any All Match
    Add Sub Mul Div IntDiv Mod Pow DPipe Case If Cast TryCast Exists DataType DataTypeParam Collate
    Window WindowSpec Filter WithinGroup IgnoreNulls RespectNulls Interval IntervalSpan Var Kwarg
    Fetch LimitOptions Rollup Cube GroupingSets Qualify TableSample Lateral Unnest
    BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift BitwiseRightShift
    Count Sum Avg Min Max Extract StrPosition Substring Trim Overlay AtTimeZone Overlaps
    CurrentDate CurrentTime CurrentTimestamp Localtime Localtimestamp
    Array Bracket Slice Struct PropertyEQ Lambda Comprehension Map ToMap
    JsonArrow JsonTextArrow JSONBExtract JSONBExtractScalar JSONBContainsTopKey ArrayContainsAll
    ArrayContainedBy ArrayOverlaps JSONBContainsAnyTopKeys JSONBContainsAllTopKeys
    GroupConcat Xor Soundex Binary MatchAgainst JSONTable JSONSchema JSONColumnDef
    AnonymousAggFunc Anonymous
"""
NODES = frozenset(_NODES.split())
"""Names of sqlglot's classes, and of ours in `dialects`."""

_WORDS = """
    year years quarter quarters month months week weeks day days hour hours minute minutes min mins second
    seconds secs sec millisecond milliseconds microsecond microseconds epoch dow doy isodow isoyear decade
    century millennium julian timezone timezone_hour timezone_minute weekday yearweek nanosecond
    second_microsecond minute_microsecond minute_second hour_microsecond hour_second hour_minute
    day_microsecond day_second day_minute day_hour year_month
    all leading trailing both bernoulli system reservoir precision
"""
WORDS = frozenset(_WORDS.split()) | {"current row", "no others", "ties", "group"}
"""Words that are no names: units of time, and keywords of single clauses, in small letters."""

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Allowed:
    """What a database's statements may call.

    Attributes:
        functions: Functions, by name in small letters.
        table_functions: Functions that may stand after FROM, and the columns of their rows.
        types: Types that a CAST may have.
        collations: Collations.
    """

    functions: frozenset[str]
    table_functions: dict[str, tuple[str, ...]]
    types: frozenset[str]
    collations: frozenset[str]


def _of(module: ModuleType) -> Allowed:
    return Allowed(module.FUNCTIONS, module.TABLE_FUNCTIONS, module.TYPES, module.COLLATIONS)


ALLOWED = {
    "sqlite": _of(sqlite_functions),
    "duckdb": _of(duckdb_functions),
    "postgres": _of(postgres_functions),
    "mysql": _of(mariadb_functions),
}
"""By sqlglot's name of the dialect."""

_LONG = 1_000_000
"""What a length or a count of repetitions may be at most, where it is written as a number."""
_SERIES = 10_000_000
"""What a series may run to at most, where it is written as a number."""
_LENGTHS = {
    **dict.fromkeys(("repeat", "lpad", "rpad", "space", "list_resize", "array_resize", "array_fill"), _LONG),
    **dict.fromkeys(("generate_series", "range"), _SERIES),
}
_FORMATS = frozenset({"printf", "format", "sformat"})
_WIDE = re.compile(r"\d{4}|\*")
_OTHER_WAYS = {
    "Pivot": "write SUM(CASE WHEN … THEN … END) and GROUP BY",
    # sqlglot reads it as a type, and loses what is in it.
    "List": "write (list(…))[…]",
    "RecursiveWithSearch": "carry what is sorted by in a column",
    "Into": "only rows are returned",
    "Lock": "rows are only read",
    "Parameter": "write the value itself",
    "Placeholder": "write the value itself",
    "SessionParameter": "settings are not read",
    "National": "write the text in single quotes",
    "ByteString": "write the text in plain single quotes",
    "RawString": "write the text in single quotes",
    "HexString": "write the value as text or as a number",
}


def refused_part(node: exp.Expr, dialect: str) -> str | None:
    """What of a node may not be in a statement.

    Args:
        node: A node of the statement's tree, read in the database's own dialect; the nodes below it are
            not looked at.
        dialect: sqlglot's name of the dialect.

    Returns:
        Words for an error, such as "the function pg_read_file"; None if the node is allowed.
    """
    allowed = ALLOWED[dialect]
    name = type(node).__name__
    shown = node.name[:_SHOWN_CHARACTERS]
    if isinstance(node, exp.Anonymous):
        return _refused_call(node, allowed, dialect)
    if isinstance(node, exp.Alias) and isinstance(node.parent, exp.Func):
        return f"a name for an argument, {shown},"
    if isinstance(node, exp.ColumnDef):
        plain = isinstance(node.parent, exp.TableAlias) and not node.args.get("constraints")
        return None if plain else "the definition of a column"
    if isinstance(node, exp.Var) and not _is_word(node):
        return f"the word {shown}"
    if isinstance(node, exp.Collate):
        collation = node.expression.name.lower().removeprefix("pg_catalog.")
        return None if collation in allowed.collations else f"the collation {collation[:_SHOWN_CHARACTERS]}"
    if isinstance(node, exp.HexString) and dialect in ("sqlite", "mysql"):
        return None if re.fullmatch(r"[0-9A-Fa-f]*", node.name) else "a hexadecimal text"
    if isinstance(node, exp.BitString) and dialect == "mysql":
        return None if re.fullmatch(r"[01]+", node.name) else "a text of bits"
    if isinstance(node, exp.Dot) and dialect == "duckdb" and isinstance(node.expression, exp.Identifier):
        return None
    if isinstance(node, exp.Literal) and not node.is_string and not _NUMBER.fullmatch(node.name):
        return f"the number {shown}"
    if isinstance(node, exp.DataType):
        # To make a regclass and the like, PostgreSQL looks up names in its catalog.
        kind = node.this.value if isinstance(node.this, exp.DataType.Type) else ""
        if node.this is exp.DataType.Type.CHARACTER_SET and dialect == "mysql":
            kind = "text" if node.args["kind"].name.lower() in mariadb_functions.CHARACTER_SETS else "charset"
        if kind.lower() not in allowed.types:
            return f"the type {node.sql(dialect=dialect)[:_SHOWN_CHARACTERS]}"
    if name in NODES:
        return None
    way = _OTHER_WAYS.get(name)
    return f"{_named(name)}{f' ({way})' if way else ''}"


def _refused_call(node: exp.Anonymous, allowed: Allowed, dialect: str) -> str | None:
    if not isinstance(node.this, str):
        return f"the function {node.sql(dialect=OWN[dialect])[:_SHOWN_CHARACTERS]}"
    name = node.name.lower()
    in_from = isinstance(node.parent, exp.Table | exp.Lateral)
    if name not in (allowed.table_functions if in_from else allowed.functions):
        close = difflib.get_close_matches(name, allowed.table_functions if in_from else allowed.functions, 3)
        near = f" (there is {', '.join(close)})" if close else ""
        return f"the function {name[:_SHOWN_CHARACTERS]}{near}"
    numbers = [float(item.name) for item in node.find_all(exp.Literal) if not item.is_string]
    most = _LENGTHS.get(name)
    if most is not None and any(number > most for number in numbers):
        return f"a length of more than {most:,} in {name}"
    if name in _FORMATS and not (dialect == "mysql" and name == "format"):
        pattern = node.expressions[0] if node.expressions else None
        if not isinstance(pattern, exp.Literal):
            return f"{name} with a format that is no text"
        if _WIDE.search(pattern.name):
            return f"a width of four digits or * in the format of {name}"
    return None


def _is_word(node: exp.Var) -> bool:
    if isinstance(node.parent, exp.Collate) or (
        isinstance(node.parent, exp.DataType) and node.arg_key == "kind"
    ):
        return True  # It is judged with its parent.
    if isinstance(node.parent, exp.Kwarg) and node.arg_key == "this":
        return node.name.isidentifier()
    return node.name.lower() in WORDS


def _named(kind: str) -> str:
    """A kind of node in words: CurrentUser is "CURRENT USER"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).upper()
