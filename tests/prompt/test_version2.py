"""Version 2 of the prompt: what its lines look like, and that they can be read again."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2sql.errors import InputError
from t2sql.prompt import PROMPT_PARTS, PromptFormat, PromptHints, parse_prompt, render_prompt, render_retry
from t2sql.schema import Column, ColumnValue, ForeignKey, Schema, Table

MUSIC = Schema(
    (
        Table(
            "albums",
            (
                Column("id", "INTEGER", primary_key=True),
                Column("title", "VARCHAR(40)", values=("Blue", "O'Neil, live", "1999")),
                Column("artist_id", "BIGINT"),
                Column("price", "DECIMAL(8, 2)", values=(9.99, 12), comment="in euros, it's gross"),
                Column("release date", "DATE"),
            ),
            (ForeignKey("artist_id", "artists", "id"), ForeignKey("title", "gone", "x")),
            "all records",
        ),
        Table("artists", (Column("id", "INTEGER", primary_key=True), Column("name"))),
        Table(
            "order lines",
            (Column("a, b", "BOOLEAN"), Column("number", "INT")),
            (ForeignKey("number", "albums", "price"),),
        ),
    )
)
HINTS = PromptHints(
    (
        ColumnValue("artists", "name", "Joni M'"),
        ColumnValue("albums", "id", "7"),
        ColumnValue("gone", "x", "left out"),
    ),
    "cheap means\nbelow 10",
)
LINES = {
    "": 'table albums: id, title, artist_id, price, "release date"\ntable artists: id, name\n'
    'table order lines: "a, b", number\n',
    "+types": 'table albums: id int, title, artist_id int, price real, "release date" date\n'
    'table artists: id int, name\ntable order lines: "a, b" bool, number int\n',
    "+keys": 'table albums: id*, title, artist_id = artists, price, "release date"\n'
    'table artists: id*, name\ntable order lines: "a, b", number = albums.price\n',
    "+samples": "table albums: id, title (Blue, 'O''Neil, live', '1999'), artist_id, price (9.99, 12), "
    '"release date"\ntable artists: id, name\ntable order lines: "a, b", number\n',
    "+comments": "table albums 'all records': id, title, artist_id, price 'in euros, it''s gross', "
    '"release date"\ntable artists: id, name\ntable order lines: "a, b", number\n',
    "+evidence": "evidence: cheap means below 10\n",
    "+values": "values: name = 'Joni M''', albums.id = '7'\n",
}


def lines(name: str) -> str:
    return LINES[name] if name.startswith(("+e", "+v")) is False else LINES[""] + LINES[name]


@pytest.mark.parametrize("part", list(LINES))
def test_each_part_alone(part: str) -> None:
    prompt = render_prompt(MUSIC, "Which\ncheap ones?", PromptFormat.of("2" + part), HINTS)
    assert prompt == lines(part) + "Q: Which cheap ones?\nA: "


@pytest.mark.parametrize("count", range(len(PROMPT_PARTS) + 1))
def test_every_format_is_read_as_it_was_written(count: int) -> None:
    for parts in combinations(PROMPT_PARTS, count):
        prompt_format = PromptFormat(2, parts)
        question = "Which titles of artists are in order lines?"
        prompt = render_prompt(MUSIC, question, prompt_format, HINTS)
        parsed = parse_prompt(prompt + "SELECT 1</s>")
        assert (parsed.question, parsed.answer) == (question, "SELECT 1")
        assert [table.column_names for table in parsed.schema.tables] == [
            table.column_names for table in MUSIC.tables
        ]
        assert render_prompt(parsed.schema, parsed.question, prompt_format, parsed.hints) == prompt
        assert render_prompt(parsed.schema, parsed.question, parsed.prompt_format, parsed.hints) == prompt


def test_the_names_that_a_question_mentions_come_after_it() -> None:
    question = "Which albums of artists have a price below 10?"
    prompt = render_prompt(MUSIC, question, PromptFormat.of("2+keys+names"))
    assert prompt.endswith(f"\nQ: {question}\nnames: albums, artists: albums.price\nA: ")
    single = render_prompt(MUSIC, "Titles of albums", PromptFormat.of("2+names"))
    assert single.endswith("\nQ: Titles of albums\nnames: albums: title\nA: ")


def test_keys_and_values_are_read_whole() -> None:
    whole = PromptFormat(2, PROMPT_PARTS)
    parsed = parse_prompt(render_prompt(MUSIC, "Which?", whole, HINTS))
    albums, artists, order_lines = parsed.schema.tables
    assert albums.primary_key == artists.primary_key == ("id",)
    assert albums.foreign_keys == (ForeignKey("artist_id", "artists", "id"),)
    assert order_lines.foreign_keys == (ForeignKey("number", "albums", "price"),)
    assert albums.columns[1].values == ("Blue", "O'Neil, live", "1999")
    assert albums.columns[3].values == (9.99, 12)
    assert albums.columns[3].comment == "in euros, it's gross"
    assert parsed.hints == PromptHints(HINTS.values[:2], "cheap means below 10")


NAME = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=8)
WORDS = st.lists(NAME, min_size=1, max_size=2).map(" ".join)
COLUMN = st.builds(
    Column,
    WORDS | st.sampled_from(["date", "start date", "int", "x real"]),
    st.sampled_from(["INTEGER", "TEXT", "DATE", "REAL", "BOOLEAN", "TIMESTAMP"]),
    st.booleans(),
    st.lists(st.integers() | WORDS, max_size=2).map(tuple),
    st.just("") | WORDS.map("its {}".format),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(COLUMN, min_size=1, max_size=4, unique_by=lambda c: c.name.lower()), WORDS, WORDS, WORDS)
def test_any_names_and_texts_are_read_as_they_were_written(
    columns: list[Column], name: str, comment: str, value: str
) -> None:
    keys = tuple(ForeignKey(column.name, name, columns[0].name) for column in columns[1:])
    schema = Schema((Table(name, tuple(columns), keys, f"the {comment}"),))
    hints = PromptHints((ColumnValue(name, columns[-1].name, value),))
    whole = PromptFormat(2, PROMPT_PARTS)
    parsed = parse_prompt(render_prompt(schema, "Which?", whole, hints))
    assert parsed.schema == schema
    assert parsed.hints == hints


@pytest.mark.parametrize(
    "text",
    [
        "table a\nQ: x",
        'table a: b, "c\nQ: x',
        "table a: b (c\nQ: x",
        "table a: b\nvalues: b = c\nQ: x",
        "table a: b\nelse: c",
    ],
)
def test_what_is_no_prompt_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(InputError, match=r"not a t2sql prompt"):
        parse_prompt(text)


def test_asking_again_repeats_the_whole_prompt() -> None:
    prompt = render_prompt(MUSIC, "Which?", PromptFormat.of("2+types+values"), HINTS)
    again = render_retry(prompt, "Which?", "SELECT  x\nFROM y", "no such column: x")
    assert again == prompt + "SELECT x FROM y\nQ: no such column: x. Which?\nA: "


@pytest.mark.parametrize(
    ("declared", "word"),
    [
        ("BIGINT UNSIGNED", "int"),
        ("int4", "int"),
        ("double precision", "real"),
        ("NUMBER(10, 2)", "real"),
        ("number", "int"),
        ("timestamp with time zone", "time"),
        ("tinyint(1)", "int"),
        ("character varying(20)", ""),
        ("POINT", ""),
        ("INTEGER[]", ""),
        ("enum('date', 'int')", ""),
        ("uuid", ""),
        ("LONGBLOB", "bytes"),
        ("jsonb", "json"),
        ("", ""),
    ],
)
def test_types_of_all_databases_get_a_word(declared: str, word: str) -> None:
    prompt = render_prompt(Schema((Table("t", (Column("c", declared),)),)), "?", PromptFormat.of("2+types"))
    assert prompt.splitlines()[0] == f"table t: c {word}".rstrip()


def test_a_comment_is_short_and_says_more_than_the_name() -> None:
    columns = (
        Column("unit_price", comment="Unit price."),
        Column("a", comment="a word " * 20),
        Column("b", comment="b" * 80),
    )
    prompt = render_prompt(Schema((Table("t", columns, comment="T"),)), "?", PromptFormat.of("2+comments"))
    words = ("a word " * 20)[:60].rpartition(" ")[0]
    assert prompt.splitlines()[0] == f"table t: unit_price, a '{words}', b '{'b' * 60}'"
