"""MariaDB's functions that a statement may call, from its documentation."""

from __future__ import annotations

_TEXT = """
    ascii bin bit_length char char_length character_length chr concat concat_ws conv elt export_set field
    find_in_set format from_base64 hex insert instr lcase left length lengthb locate lower lpad ltrim make_set
    mid oct octet_length ord position quote regexp regexp_instr regexp_replace regexp_substr
    repeat replace reverse right rpad rtrim soundex space strcmp substr substring substring_index to_base64
    to_char trim ucase unhex upper crc32 md5 sha sha1 sha2
"""
_NUMBERS = """
    abs acos asin atan atan2 bit_count ceil ceiling cos cot degrees exp floor greatest least ln log log10 log2
    mod pi pow power radians rand round sign sin sqrt tan truncate
"""
_DATES = """
    adddate addtime add_months convert_tz curdate curtime date date_add date_format date_sub datediff day
    dayname dayofmonth dayofweek dayofyear from_days from_unixtime get_format hour last_day makedate maketime
    microsecond minute month monthname now period_add period_diff quarter second sec_to_time str_to_date
    subdate subtime sysdate time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days
    to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek
    localtime localtimestamp current_date current_time current_timestamp
"""
_JSON = """
    json_array json_array_append json_array_insert json_arrayagg json_compact
    json_contains json_contains_path json_depth json_detailed json_exists json_extract json_insert
    json_keys json_length json_loose json_merge json_merge_patch json_merge_preserve
    json_object json_objectagg json_query json_quote json_remove json_replace
    json_search json_set json_type json_unquote json_valid json_value
"""
_AGGREGATES = """
    avg bit_and bit_or bit_xor count group_concat max median min percentile_cont percentile_disc std stddev
    stddev_pop stddev_samp sum var_pop var_samp variance
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_OTHERS = """
    coalesce if ifnull inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv6 isnull nullif nvl nvl2 uuid
    uuid_short
"""
FUNCTIONS = frozenset((_TEXT + _NUMBERS + _DATES + _JSON + _AGGREGATES + _OTHERS).split())
"""In small letters. Left out: what reads files, waits, locks, or tells of the session and the server; and
what MariaDB 10.6 does not have, for a server without it would call a function that a user made."""

TABLE_FUNCTIONS: dict[str, tuple[str, ...]] = {}
"""Functions that may stand after FROM, and the columns of their rows."""

_TYPES = """
    text varchar char nchar nvarchar boolean tinyint smallint int mediumint bigint ubigint float double
    decimal date time timestamp timestamptz datetime binary varbinary json
    """
TYPES = frozenset(_TYPES.split())
"""Types that a CAST may have, as sqlglot gives them, in small letters."""

CHARACTER_SETS = ("utf8mb4", "utf8mb3", "utf8", "latin1", "ascii")
"""Character sets that a text may be converted to, in small letters."""

COLLATIONS = frozenset(
    f"{charset}_{rule}"
    for charset in CHARACTER_SETS
    for rule in ("general_ci", "unicode_ci", "unicode_520_ci", "swedish_ci", "bin", "general_nopad_ci")
) | {"binary"}
"""Collations, in small letters."""
