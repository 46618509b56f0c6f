"""The one statement in a model's text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2sql.generate import first_statement

RIGHT = "SELECT a FROM t"


@pytest.mark.parametrize(
    "text",
    [
        " SELECT a FROM t",
        "SELECT a FROM t\nQ: more",
        "\n\nSELECT a FROM t",
        "SELECT a FROM t; DROP TABLE t",
        "SELECT a FROM t</s>",
        "SELECT a FROM t <|im_end|>",
        "SELECT a FROM t<|im_end|>\n<|im_start|>user",
        "```sql\nSELECT a FROM t;\n```",
        "```\nSELECT a FROM t\n```",
        " ```SELECT a FROM t```",
        "```sql SELECT a FROM t ```",
        "```postgresql\n-- all of them\nSELECT a -- this\nFROM t\n```\nThis selects a.",
        "Text first:\n```python\nx = 1\n```\n```sql\nSELECT a FROM t\n```",
        "~~~sql\nSELECT a FROM t\n~~~",
        "`SELECT a FROM t;`",
        "Sure! The query is `SELECT a FROM t`.",
        "<think>\nSELECT b FROM t?\n</think>\nSELECT a FROM t",
        "no opening tag\n</think>\n\n```sql\nSELECT a FROM t```",
        "SQL: SELECT a FROM t",
        "**SQL:** SELECT a FROM t",
        "Here is the query: SELECT a FROM t; it selects a",
        "Here is the query:\n\nSELECT a\nFROM t\n\nIt selects a.",
        "SELECT\n  a\nFROM t;\nSELECT 2",
        "With pleasure:\nSELECT a FROM t",
        "1. SELECT a FROM t",
        "<sql>SELECT a FROM t</sql>",
        "[SQL] SELECT a FROM t [/SQL]",
        '{"sql": "SELECT a FROM t;"}',
        '```json\n{"query": "SELECT a FROM t"}\n```',
    ],
)
def test_what_is_around_a_statement_is_left_out(text: str) -> None:
    assert first_statement(text) == RIGHT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM t WHERE b = 'x;y'; x", "SELECT a FROM t WHERE b = 'x;y'"),
        ("SELECT a FROM t WHERE b = 'it''s;'", "SELECT a FROM t WHERE b = 'it''s;'"),
        ('SELECT "a;b" FROM t;', 'SELECT "a;b" FROM t'),
        ("SELECT `a;b` FROM `t`", "SELECT `a;b` FROM `t`"),
        ("SELECT a FROM t WHERE b = '</s>```'", "SELECT a FROM t WHERE b = '</s>```'"),
        ("SELECT a FROM t WHERE b < 3 AND c > 2", "SELECT a FROM t WHERE b < 3 AND c > 2"),
        ("WITH x AS (\n  SELECT 1\n)\nSELECT * FROM x", "WITH x AS ( SELECT 1 ) SELECT * FROM x"),
        ("(SELECT 1) UNION (SELECT 2)", "(SELECT 1) UNION (SELECT 2)"),
        ("DROP TABLE t; SELECT 1", "DROP TABLE t"),
        ("I would use SELECT statements.", "I would use SELECT statements."),
        ("<think>never ends: SELECT 1", ""),
        ("", ""),
        (" ; ", ""),
        ("```\n```", ""),
    ],
)
def test_a_statement_stays_as_it_is(text: str, expected: str) -> None:
    assert first_statement(text) == expected


@pytest.mark.slow
@settings(max_examples=200, deadline=5000)
@given(
    st.lists(st.sampled_from(["`", "```", "'", "\n", " ", "(", "SELECT ", "--", "/*", "<think>", ";", "a,"]))
)
def test_any_text_is_taken_in_short_time(parts: list[str]) -> None:
    statement = first_statement("".join(parts) * 100)
    assert "\n" not in statement or "'" in statement or "`" in statement
