"""The wide grammar: one language in two notations, of statements that SQLite and sqlglot accept."""

from __future__ import annotations

import random

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grammars import mutate, sample, shop
from support.llama_grammars import LlamaGrammar

from t2sql.errors import InputError
from t2sql.generate import AskOptions
from t2sql.grammar import grammar_of, rewritten
from t2sql.schema import Column, ForeignKey, Schema, Table, read_ddl, read_table_lines
from t2sql.sql import open_reader

SHOP = shop()
GRAMMAR = grammar_of(SHOP, width="wide")
LLAMA = LlamaGrammar(GRAMMAR.gbnf)

STAFF = Schema(
    (
        Table(
            "staff",
            (
                Column("id", "INTEGER", primary_key=True),
                Column("name"),
                Column("pay", "REAL"),
                Column("boss", "INTEGER"),
                Column("team_id", "INTEGER"),
                Column("hired", "DATE"),
            ),
            (ForeignKey("boss", "staff", "id"),),
        ),
        Table("team", (Column("team_id", "INTEGER", primary_key=True), Column("name"))),
        Table("office", (Column("city"), Column("floors", "INTEGER"))),
    )
)
WIDE = grammar_of(STAFF, width="wide")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**64))
def test_every_statement_is_taken_by_both_engines_sqlglot_and_sqlite(seed: int) -> None:
    text = sample(GRAMMAR, random.Random(seed))
    assert (GRAMMAR.matches(text), LLAMA.takes(text)) == (True, True), text
    assert len(sqlglot.parse(text, read="sqlite")) == 1
    with open_reader(SHOP) as reader:
        assert reader.check(text.strip()) is None, text


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**64))
def test_both_engines_agree_on_what_is_nearly_a_statement(seed: int) -> None:
    rng = random.Random(seed)
    text = mutate(sample(GRAMMAR, rng), rng)
    taken = GRAMMAR.matches(text)
    assert LLAMA.takes(text) == taken, text
    if taken:
        with open_reader(SHOP) as reader:
            assert reader.check(text.strip()) is None, text


@pytest.mark.parametrize(
    "text",
    [
        "SELECT name, pay FROM staff ORDER BY pay DESC, name LIMIT 3 OFFSET 1",
        "SELECT T1.name, T2.name FROM staff AS T1 JOIN staff AS T2 ON T1.boss = T2.id",
        "SELECT T2.name FROM staff AS T1 LEFT JOIN team AS T2 ON T1.team_id = T2.team_id GROUP BY T2.name",
        "SELECT team.name FROM team JOIN staff ON staff.team_id = team.team_id WHERE staff.pay > 10",
        "SELECT name FROM staff WHERE pay = (SELECT MAX(pay) FROM staff)",
        "SELECT name FROM staff WHERE id NOT IN (SELECT boss FROM staff)",
        "SELECT name FROM staff UNION SELECT city FROM office",
        "SELECT name FROM staff WHERE pay > 3 INTERSECT SELECT name FROM staff WHERE pay < 9",
        "SELECT COUNT(DISTINCT name) FROM staff WHERE hired > '2020-01-01'",
        "SELECT name, CASE WHEN pay > 100 THEN 'much' ELSE 'little' END FROM staff",
        "SELECT pay * 12, UPPER(name) FROM staff WHERE strftime('%Y', hired) = '2024'",
        "SELECT name FROM staff GROUP BY name HAVING AVG(pay) > (SELECT AVG(pay) FROM staff)",
        "SELECT floors FROM office WHERE floors = 12345678901234567890123",
    ],
)
def test_what_people_ask_for_is_taken(text: str) -> None:
    assert WIDE.first_refused(text) is None
    with open_reader(STAFF) as reader:
        assert reader.check(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "SELECT T2.name FROM staff AS T1",
        "SELECT T1.name FROM staff",
        "SELECT T1.city FROM staff AS T1",
        "SELECT staff.name FROM team JOIN office ON team.name = office.city",
        "SELECT name FROM staff JOIN office ON staff.name = office.city",
        "SELECT AVG(name) FROM staff",
        "SELECT name FROM staff WHERE pay = 'much'",
        "SELECT name FROM staff WHERE name = 3",
        "SELECT name FROM staff WHERE pay IN (SELECT name FROM team)",
        "SELECT name FROM staff WHERE name = (SELECT MAX(pay) FROM staff)",
        "SELECT name FROM staff UNION SELECT floors FROM office",
        "SELECT name, pay FROM staff UNION SELECT city FROM office",
        "SELECT name FROM staff ORDER BY name UNION SELECT city FROM office",
        "SELECT name FROM staff WHERE id = (SELECT id FROM staff)",
        "SELECT name FROM staff LIMIT 0",
    ],
)
def test_what_is_out_of_scope_or_of_another_type_is_refused(text: str) -> None:
    assert WIDE.first_refused(text) is not None


def test_columns_of_unknown_type_are_compared_with_anything() -> None:
    wide = grammar_of(read_table_lines(["cats: name, age"]), width="wide")
    for text in ("SELECT AVG(age) FROM cats", "SELECT name FROM cats WHERE age > 3", "SELECT 1"):
        assert (wide.first_refused(text) is None) == (text != "SELECT 1")


def test_texts_are_words_of_the_question_or_values_of_a_column() -> None:
    schema = Schema((Table("cats", (Column("name", values=("Old Tom", "Ann")), Column("age", "INTEGER"))),))
    wide = grammar_of(schema, "Which cats are called ann?", width="wide")
    known = {"ann": True, "Ann": True, "ANN": True, "Old Tom": True, "%called%": True, "2024-01-31": True}
    for value, taken in (known | {"Tom": False, "dogs": False}).items():
        assert wide.matches(f"SELECT age FROM cats WHERE name LIKE '{value}'") == taken, value


def test_numbers_are_those_of_the_question_and_plain_ones() -> None:
    schema = Schema((Table("cats", (Column("name"), Column("age", "INTEGER"))),))
    question = "Which cats are over twelve, or weigh 1,500.5 g at -3 degrees in 2010-2020?"
    wide = grammar_of(schema, question, width="wide")
    known = dict.fromkeys(("12", "1500.5", "-3", "2010", "2020", "0", "1"), True)
    for value, taken in (known | dict.fromkeys(("3", "-2020", "15", "1200"), False)).items():
        assert wide.matches(f"SELECT name FROM cats WHERE age > {value}") == taken, value


def test_a_value_of_the_database_may_be_a_text() -> None:
    schema = Schema((Table("cats", (Column("name"),)),))
    wide = grammar_of(schema, "Where is old tom?", width="wide", known=["Old Tom Jr"])
    assert wide.matches("SELECT name FROM cats WHERE name = 'Old Tom Jr'")


def test_a_grammar_is_narrow_wide_or_off_and_free_is_off() -> None:
    constrained = [AskOptions(grammar=name).constrained for name in ("narrow", "wide", "off")]
    assert constrained == [True, True, False]
    assert (AskOptions().constrained, AskOptions(free=True).constrained) == (True, False)
    for options in ({"grammar": "broad"}, {"grammar": "wide", "free": True}):
        with pytest.raises(InputError, match="--grammar"):
            AskOptions(**options)  # type: ignore[arg-type]


def test_of_many_tables_the_nearest_to_the_question_stay_and_the_others_are_named() -> None:
    names = [f"things_{'abcdefghijklmnopqrst'[i]}" for i in range(20)]
    schema = read_table_lines([f"{name}: id, name" for name in [*names, "lorries"]])
    wide = grammar_of(schema, width="wide", about="How many lorries are there?")
    assert len(wide.left_out) == 5 and "lorries" not in wide.left_out
    assert wide.matches("SELECT COUNT(*) FROM lorries")
    assert not wide.matches(f"SELECT COUNT(*) FROM {wide.left_out[0]}")


PAPERS = read_ddl(
    "CREATE TABLE author (aid INTEGER PRIMARY KEY, name TEXT, oid INTEGER REFERENCES org(oid));"
    "CREATE TABLE org (oid INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE writes (aid INTEGER REFERENCES author(aid), pid INTEGER REFERENCES paper(pid));"
    "CREATE TABLE paper (pid INTEGER PRIMARY KEY, title TEXT, year INTEGER);"
    "CREATE TABLE about (pid INTEGER REFERENCES paper(pid), kid INTEGER REFERENCES word(kid));"
    "CREATE TABLE word (kid INTEGER PRIMARY KEY, word TEXT);"
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT w.word FROM author a, writes b, paper p, about c, word w WHERE a.name = 'Ann' "
        "AND a.aid = b.aid AND b.pid = p.pid AND p.pid = c.pid AND c.kid = w.kid",
        "SELECT p.title FROM org o JOIN author a ON a.oid = o.oid JOIN writes b ON a.aid = b.aid "
        "JOIN paper p ON p.pid = b.pid WHERE o.name = 'ETH' AND p.year > 2000",
        "SELECT p.title FROM paper p, writes b, writes c, author a, author d WHERE b.pid = p.pid "
        "AND c.pid = p.pid AND b.aid = a.aid AND c.aid = d.aid AND a.name = 'Ann' AND d.name = 'Bob'",
        "SELECT COUNT(DISTINCT p.title), o.name FROM paper p, writes b, author a, org o "
        "WHERE b.pid = p.pid AND b.aid = a.aid AND a.oid = o.oid GROUP BY o.name",
    ],
)
def test_joins_of_four_and_more_tables_are_taken_once_they_are_rewritten(sql: str) -> None:
    text = rewritten(sql, PAPERS)
    assert grammar_of(PAPERS, width="wide").first_refused(text) is None, text
    with open_reader(PAPERS) as reader:
        assert reader.check(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "SELECT name FROM staff WHERE EXISTS (SELECT * FROM team WHERE team.team_id = staff.team_id)",
        "SELECT name FROM team WHERE (SELECT COUNT(*) FROM staff WHERE staff.team_id = team.team_id) > 3",
        "SELECT T1.name FROM staff AS T1 WHERE T1.pay > "
        "(SELECT AVG(T2.pay) FROM staff AS T2 WHERE T2.team_id = T1.team_id)",
        "SELECT COUNT(*) FROM (SELECT name FROM staff GROUP BY name HAVING COUNT(*) > 1) AS T1",
        "SELECT MAX(T1.amount) FROM (SELECT COUNT(name) AS amount FROM staff GROUP BY team_id) AS T1",
        "WITH T1 AS (SELECT SUM(pay) AS amount FROM staff GROUP BY team_id) SELECT AVG(T1.amount) FROM T1",
        "SELECT staff.name, staff_2.name FROM staff JOIN staff AS staff_2 ON staff.boss = staff_2.id",
    ],
)
def test_subqueries_of_every_place_are_taken(text: str) -> None:
    assert WIDE.first_refused(text) is None
    assert LlamaGrammar(WIDE.gbnf).takes(text)
    with open_reader(STAFF) as reader:
        assert reader.check(text) is None
