"""SQLite's functions that a statement may call, from its documentation."""

from __future__ import annotations

_SCALAR = """
    abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like likelihood likely lower
    ltrim max min nullif octet_length printf quote random replace round rtrim sign soundex substr substring
    trim typeof unhex unicode unistr unlikely upper
    date time datetime julianday unixepoch strftime timediff
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi
    pow power radians sin sinh sqrt tan tanh trunc
    json jsonb json_array jsonb_array json_array_length json_error_position json_extract jsonb_extract
    json_insert jsonb_insert json_object jsonb_object json_patch jsonb_patch json_pretty json_quote
    json_remove jsonb_remove json_replace jsonb_replace json_set jsonb_set json_type json_valid
    bm25 highlight snippet
"""
_AGGREGATES = """
    avg count group_concat max min string_agg sum total median percentile percentile_cont percentile_disc
    json_group_array jsonb_group_array json_group_object jsonb_group_object
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
"""
FUNCTIONS = frozenset((_SCALAR + _AGGREGATES).split())
"""In small letters. Left out: what loads code, reads files, makes large blobs, or tells of the library."""

_JSON_ROWS = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path")
TABLE_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "json_each": _JSON_ROWS,
    "json_tree": _JSON_ROWS,
    "jsonb_each": _JSON_ROWS,
    "jsonb_tree": _JSON_ROWS,
}
"""Functions that may stand after FROM, and the columns of their rows; "" is the function's own name."""

_TYPES = """
    text varchar char nchar nvarchar boolean tinyint smallint int mediumint bigint float double decimal
    date time timestamp timestamptz datetime blob binary varbinary
    """
TYPES = frozenset(_TYPES.split())
"""Types that a CAST may have, as sqlglot gives them, in small letters."""

COLLATIONS = frozenset({"nocase", "binary", "rtrim"})
"""SQLite's own collations, in small letters."""
