"""PostgreSQL's functions that a statement may call, from chapter 9 of its documentation."""

from __future__ import annotations

_TEXT = """
    ascii bit_count bit_length btrim char_length character_length chr concat concat_ws convert_from convert_to
    decode encode format
    get_bit get_byte initcap left length lower lpad ltrim md5 normalize octet_length overlay position
    quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad
    rtrim set_bit set_byte sha224 sha256 sha384 sha512 split_part starts_with string_to_array string_to_table
    strpos substr substring to_ascii to_hex to_bin to_oct translate trim unistr upper casefold
    to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd
    ts_headline strip setweight numnode array_to_tsvector json_to_tsvector jsonb_to_tsvector querytree
    ts_delete ts_filter tsquery_phrase tsvector_to_array
"""
_NUMBERS = """
    abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot
    cotd degrees div erf erfc exp factorial floor gcd lcm ln log log10 min_scale mod pi pow power radians
    random random_normal round scale sign sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket
"""
_DATES = """
    age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days
    justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz now
    overlaps statement_timestamp timeofday timezone to_char to_date to_number to_timestamp
    transaction_timestamp date time timestamp
"""
_ARRAYS = """
    array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle
    array_sort array_to_json array_to_string array_upper cardinality generate_series generate_subscripts
    trim_array unnest
    int4range int8range numrange tsrange tstzrange daterange isempty lower_inc lower_inf upper_inc upper_inf
    range_merge range_agg range_intersect_agg int4multirange int8multirange nummultirange tsmultirange
    tstzmultirange datemultirange multirange
"""
_JSON = """
    json_agg json_agg_strict json_array json_array_elements json_array_elements_text json_array_length
    json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text
    json_object json_object_agg json_object_agg_unique json_object_keys json_strip_nulls json_typeof jsonb_agg
    jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
    jsonb_build_object jsonb_concat jsonb_delete jsonb_delete_path jsonb_each jsonb_each_text jsonb_exists
    jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys
    jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first
    jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_tz jsonb_path_query_array_tz
    jsonb_path_query_first_tz
    jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_typeof row_to_json to_json to_jsonb
"""
_AGGREGATES = """
    any_value avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every grouping max
    min mode percentile_cont percentile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
    regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_NETWORK = """
    abbrev broadcast family host hostmask inet_merge inet_same_family masklen netmask network set_masklen
"""
_OTHERS = """
    all array coalesce gen_random_uuid greatest least nullif num_nonnulls num_nulls row some
    uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7
"""
FUNCTIONS = frozenset(
    (_TEXT + _NUMBERS + _DATES + _ARRAYS + _JSON + _AGGREGATES + _NETWORK + _OTHERS).split()
)
"""In small letters; all are in pg_catalog. Left out: what reads files, settings, catalogs and sequences, runs
text as SQL (query_to_xml, ts_stat, ts_rewrite), writes, locks, or waits."""

AGGREGATES = frozenset(_AGGREGATES.split())
"""Those that make one value of a group's rows, and those of windows."""

TABLE_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "generate_series": ("",),
    "generate_subscripts": ("",),
    "unnest": ("",),
    "regexp_matches": ("",),
    "regexp_split_to_table": ("",),
    "string_to_table": ("",),
    "json_array_elements": ("value",),
    "json_array_elements_text": ("value",),
    "json_each": ("key", "value"),
    "json_each_text": ("key", "value"),
    "json_object_keys": ("",),
    "jsonb_array_elements": ("value",),
    "jsonb_array_elements_text": ("value",),
    "jsonb_each": ("key", "value"),
    "jsonb_each_text": ("key", "value"),
    "jsonb_object_keys": ("",),
    "jsonb_path_query": ("",),
    # Their columns are those that the alias defines.
    "json_to_record": (),
    "json_to_recordset": (),
    "jsonb_to_record": (),
    "jsonb_to_recordset": (),
}
"""Functions that may stand after FROM, and the columns of their rows; "" is the function's own name, for
which an alias stands where there is one."""

_TYPES = """
    text varchar char nchar nvarchar boolean smallint int bigint float double decimal bigdecimal
    date time timetz timestamp timestampntz timestamptz timestampltz datetime interval uuid json jsonb
    varbinary bit array
    int4range int8range numrange tsrange tstzrange daterange inet tsvector tsquery money
    """
TYPES = frozenset(_TYPES.split())
"""Types that a CAST may have, as sqlglot gives them, in small letters. Left out: those whose values are names
that PostgreSQL looks up in its catalogs, such as regclass."""

COLLATIONS = frozenset({"c", "posix", "default", "und-x-icu", "en-x-icu", "en_us", "en_us.utf8", "c.utf8"})
"""Collations, in small letters."""
