"""SQLite's lexical rules: quoting names and values, and splitting SQL into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_TOKEN = re.compile(
    r"""
      (?P<string>'(?:[^']|'')*')
    | (?P<double>"(?:[^"]|"")*")
    | (?P<name>`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<space>\s+)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<operator><=|>=|<>|!=|==|\|\||<<|>>|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_WORDS = """
    ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN
    BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS
    CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE
    DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL
    FALSE FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS HAVING IF IGNORE
    IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY LAST
    LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR
    ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE
    REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS
    SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER TRUE UNBOUNDED UNION
    UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT
"""
KEYWORDS = frozenset(_WORDS.split())
"""SQLite's keywords, in capitals: https://www.sqlite.org/lang_keywords.html."""


def quote(identifier: str) -> str:
    """Write a name as SQL, in double quotes if it is not a plain word or is a keyword."""
    if _PLAIN.match(identifier) and identifier.upper() not in KEYWORDS:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str | int | float | None) -> str:
    """Write a value as an SQL literal: text in single quotes, with quotes inside it doubled."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def tokens(sql: str) -> Iterator[tuple[str, str]]:
    """Split SQL into tokens. Any text can be split: what fits no other kind is an operator.

    Yields:
        (kind, text) of each token. The kinds are string, double (a name in double quotes), name (in
        backquotes or brackets), comment, space, number, word and operator. The texts joined are `sql` again.
    """
    for match in _TOKEN.finditer(sql):
        yield str(match.lastgroup), match.group()


def without_string_fallback(sql: str) -> str:
    """Rewrite double-quoted names in backquotes, so that an unknown name is an error.

    SQLite takes an unknown name in double quotes for a string: https://www.sqlite.org/quirks.html#dblquote.
    """
    if '"' not in sql:
        return sql
    out = []
    for kind, text in tokens(sql):
        if kind == "double":
            text = "`" + text[1:-1].replace('""', '"').replace("`", "``") + "`"
        out.append(text)
    return "".join(out)


def is_ordered(sql: str) -> bool:
    """Tell whether the outermost statement has an ORDER BY, so that the order of its rows counts."""
    depth = 0
    previous = ""
    for kind, text in tokens(sql):
        if kind in ("space", "comment"):
            continue
        if text in ("(", ")"):
            depth += 1 if text == "(" else -1
        word = text.upper() if kind == "word" and depth == 0 else ""
        if previous == "ORDER" and word == "BY":
            return True
        previous = word
    return False
