"""What a question says and a statement leaves out is a reason to doubt the answer."""

from __future__ import annotations

import pytest
from support.backends import ScriptedBackend

from t2sql.generate import Asker, omissions
from t2sql.schema import read_table_lines

SCHEMA = read_table_lines(
    ["singer: id, name, age, country", "concert: id, singer_id, year", "order: id, number, full_name"]
)


@pytest.mark.parametrize(
    ("question", "sql", "gap"),
    [
        ("Singers under age 30?", "SELECT name FROM singer WHERE age > 9", "the question says 30"),
        ("At least three singers?", "SELECT name FROM singer", "the question says three"),
        ("Which singers gave concerts?", "SELECT name FROM singer", "the question names concert"),
        ("Name and country of singers?", "SELECT name FROM singer", "the question names singer.country"),
        ("Singers not from Peru?", "SELECT name FROM singer WHERE country = 'Peru'", "negates something"),
        ("Who doesn't sing?", "SELECT name FROM singer", "negates something"),
        ("Names?", "SELECT name, Name FROM singer", "one thing twice"),
        ("How many?", "SELECT COUNT(*) FROM singer ORDER BY age", "orders a result of one row"),
        ("Which singer is the oldest?", "SELECT name FROM singer", "the most or the least"),
        ("What are the names?", "SELECT name FROM singer ORDER BY age LIMIT 1", "only the first rows"),
        ("What are the ages?", "SELECT MAX(age) FROM singer", "the largest or the smallest"),
        ("What is the average age?", "SELECT age FROM singer", "asks for an average"),
        ("What are their ages?", "SELECT AVG(age) FROM singer", "an average, which"),
        ("How many are 30?", "SELECT name FROM singer WHERE age = 30", "asks how many"),
        ("Count for each country", "SELECT country, COUNT(*) FROM singer", "has no groups"),
        ("The different countries?", "SELECT country FROM singer", "may repeat them"),
        ("Names in descending order of age?", "SELECT name FROM singer ORDER BY age", "the other way round"),
        ("Names in alphabetical order?", "SELECT name FROM singer", "asks for an order"),
        ("Singers older than 30?", "SELECT name FROM singer WHERE age >= 30", "older than 30"),
        (
            "Over two concerts?",
            "SELECT singer_id FROM concert GROUP BY singer_id HAVING COUNT(*) >= 2",
            "Over two",
        ),
        ("Order by full name?", 'SELECT id FROM "order" ORDER BY id', "the question names order.full_name"),
    ],
)
def test_a_gap_is_said(question: str, sql: str, gap: str) -> None:
    [reason] = omissions(question, SCHEMA, sql)
    assert gap in reason


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("Singers under age 30?", "SELECT name FROM singer WHERE age < 30"),
        ("Singers with more than two concerts?", "SELECT singer_id FROM concert GROUP BY singer_id "
         "HAVING COUNT(*) >= 3"),
        ("Which singers gave no concert?", "SELECT name FROM singer WHERE id NOT IN "
         "(SELECT singer_id FROM concert)"),
        ("Singers of no more than 7 years?", "SELECT name FROM singer WHERE age <= 7"),
        ("Singers not older than 1,000?", "SELECT name FROM singer WHERE age <= 1000"),
        ("List the number of singers in order", "SELECT COUNT(*) FROM singer"),
        ("The singer of 2014?", "SELECT name FROM singer WHERE country = '2014-01-01'"),
        ("Name, age and country of singers", "SELECT * FROM singer"),
        ("Name of each singer and concerts", "SELECT name, COUNT(*) FROM singer JOIN concert ON 1 = 1 "
         "GROUP BY name ORDER BY COUNT(*)"),
        ("Who is oldest?", "SELECT name FROM singer ORDER BY age DESC LIMIT 1"),
        ("The 3 first names?", "SELECT name FROM singer ORDER BY name LIMIT 3"),
        ("Show five of the singers", "SELECT name FROM singer LIMIT 5"),
        ("Names from the oldest to the youngest?", "SELECT name FROM singer ORDER BY age DESC"),
        ("Singers of at least three concerts?", "SELECT singer_id FROM concert GROUP BY singer_id "
         "HAVING COUNT(*) > 2"),
        ("Singers who are not over 30?", "SELECT name FROM singer WHERE age <= 30"),
        ("How many different countries?", "SELECT COUNT(DISTINCT country) FROM singer"),
        ("What do most of the singers earn?", "SELECT age FROM singer"),
        ("Das Durchschnittsalter?", "SELECT AVG(age) FROM singer"),
        ("Der teuerste Wagen?", "SELECT name FROM singer ORDER BY age DESC LIMIT 1"),
        ("When was the last concert?", "SELECT MAX(year) FROM concert"),
        ("Wie alt ist Ann?", "SELECT age FROM singer WHERE name = 'Ann'"),
        ("Singers?", "SELECT nothing that can be read ((("),
        ("Singers?", ""),
    ],
)  # fmt: skip
def test_what_is_there_in_other_words_is_no_gap(question: str, sql: str) -> None:
    assert not omissions(question, SCHEMA, sql)


def test_a_gap_makes_an_answer_uncertain_whatever_its_probability() -> None:
    model = ScriptedBackend("SELECT name FROM singer", logprob=-0.001, min_logprob=-1.0)
    answer = Asker(model).ask("Name and country of the singers?", SCHEMA)
    assert answer.status == "uncertain"
    assert answer.doubts == ("the question names singer.country, which the statement does not use",)
    assert answer.to_json()["doubts"] == list(answer.doubts)
