"""Other forms of a training line keep its meaning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from t2sql.data import Example
from t2sql.data.paraphrases import WAYS, paraphrase
from t2sql.prompt import parse_prompt, render_prompt
from t2sql.schema import Schema, read_table_lines

SCHEMA = read_table_lines(["races: Driver, Team, Position, Date"])


def example(question: str, sql: str, schema: Schema = SCHEMA) -> Example:
    return Example("e1", question, schema, sql, None, "t", render_prompt(schema, question), sql)


WIN = example("What is the position of ann LEE?", "SELECT Position FROM races WHERE Driver = 'Ann Lee'")


def test_form_0_is_the_line_and_others_are_the_same_each_time() -> None:
    assert paraphrase(WIN, WAYS, 0, 5) is WIN
    assert paraphrase(WIN, WAYS, 3, 5) == paraphrase(WIN, WAYS, 3, 5)
    assert len({paraphrase(WIN, WAYS, n, 5).prompt for n in range(8)}) > 5
    assert paraphrase(WIN, WAYS, 3, 5) != paraphrase(WIN, WAYS, 3, 6)


@pytest.mark.parametrize("number", range(1, 9))
def test_columns_are_the_same_in_another_order(number: int) -> None:
    said = paraphrase(WIN, ("columns",), number, 0)
    schema, question, *_ = parse_prompt(said.prompt)
    assert sorted(schema.tables[0].column_names) == sorted(SCHEMA.tables[0].column_names)
    assert question == WIN.question and said.completion == WIN.completion


def test_examples_of_a_schema_get_one_order() -> None:
    other = example("Which teams raced?", "SELECT Team FROM races")
    for number in range(1, 9):
        heads = [paraphrase(e, ("columns",), number, 0).prompt.split("\nQ:")[0] for e in (WIN, other)]
        assert heads[0] == heads[1]


def test_a_name_with_a_comma_is_not_torn() -> None:
    text = read_table_lines(["t: Height (m", "u: x"][:1])
    torn = "table: t\ncolumns: Height (m, roof), City, Year\nQ: How many?\nA: "
    line = Example(
        "e", "How many?", text, "SELECT COUNT(*) FROM t", None, "t", torn, "SELECT COUNT(*) FROM t"
    )
    assert all(paraphrase(line, ("columns",), n, 0).prompt == torn for n in range(1, 6))


def test_a_value_has_one_spelling_in_question_and_answer() -> None:
    spellings = set()
    for number in range(1, 30):
        said = paraphrase(WIN, ("case",), number, 0)
        value = re.search(r"'(.*)'", said.completion).group(1)  # type: ignore[union-attr]
        assert value.lower() == "ann lee" and value in said.question
        assert said.question.lower() == WIN.question.lower()
        spellings.add(value)
    assert {"ann lee", "ANN LEE", "Ann Lee", "ann LEE"} <= spellings


def test_a_value_that_the_question_lacks_or_a_number_stays() -> None:
    line = example("Who won in 1999?", "SELECT Driver FROM races WHERE Date = '1999' AND Team = 'Red'")
    assert all(paraphrase(line, ("case",), n, 0).completion == line.completion for n in range(1, 6))


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("What is the position of Ann?", "position of Ann?"),
        ("How many teams are there?", "teams are there?"),
        ("which team won?", "team won?"),
        ("Name the team of Ann", "team of Ann"),
    ],
)
def test_an_opening_is_replaced_and_nothing_else(question: str, rest: str) -> None:
    line = example(question, "SELECT Team FROM races")
    said = {paraphrase(line, ("opening",), n, 0).question for n in range(1, 20)}
    assert len(said) > 2 and all(q.endswith(rest) for q in said)


def test_a_prompt_of_another_form_is_left_alone(tmp_path: Path) -> None:
    line = Example("e", "q", SCHEMA, "SELECT 1", None, "t", "Translate: q ->", "SELECT 1")
    assert paraphrase(line, WAYS, 2, 0) is line
