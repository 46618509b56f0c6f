"""How a model is asked: in the format that it was trained on."""

from __future__ import annotations

import pytest
from support.backends import ScriptedBackend

from t2sql.generate import Asker, AskOptions, FailedStatement, GrammarOption
from t2sql.grammar import Width
from t2sql.prompt import PromptFormat, PromptHints, render_prompt, render_retry
from t2sql.schema import Column, ColumnValue, ForeignKey, Schema, Table

SCHEMA = Schema(
    (
        Table(
            "people",
            (Column("id", "INTEGER", primary_key=True), Column("town", "INT")),
            (ForeignKey("town", "towns", "id"),),
        ),
        Table("towns", (Column("id", "INTEGER", primary_key=True), Column("name"))),
    )
)
HINTS = PromptHints((ColumnValue("towns", "name", "Paris"),), "Paris is a town")
SQL = "SELECT id FROM people"


@pytest.mark.parametrize("name", ["t2sql.prompt.1", "t2sql.prompt.2+types+keys", "t2sql.prompt.2+values"])
def test_a_model_is_asked_in_its_own_format(name: str) -> None:
    backend = ScriptedBackend(SQL, SQL, prompt_format=name)
    # Version 1 has no line of its own for evidence.
    question = "Who? (Paris is a town)" if name == "t2sql.prompt.1" else "Who?"
    expected = render_prompt(SCHEMA, question, PromptFormat.of(name), HINTS)
    answer = Asker(backend).ask("Who?", SCHEMA, hints=HINTS)
    assert backend.requests[0].prompt == answer.prompt == expected
    unseen = "has no place for evidence; the model does not see it"
    assert [unseen in warning for warning in answer.warnings] == [True] * ("prompt.2" in name)
    Asker(backend).ask("Who?", SCHEMA, FailedStatement("SELECT x", "no x"), HINTS)
    assert backend.requests[1].prompt == render_retry(expected, question, "SELECT x", "no x")


@pytest.mark.parametrize(
    ("name", "words"),
    [(None, "does not say what prompt"), ("t2sql.prompt.9", "was trained on the prompt t2sql.prompt.9")],
)
def test_a_model_of_no_known_format_is_asked_in_version_1_with_a_warning(
    name: str | None, words: str
) -> None:
    backend = ScriptedBackend(SQL, prompt_format=name)
    answer = Asker(backend).ask("Who?", SCHEMA)
    assert backend.requests[0].prompt == render_prompt(SCHEMA, "Who?")
    [warning] = answer.warnings
    assert words in warning and warning.endswith("it is asked with t2sql.prompt.1")


def test_evidence_is_shown_where_the_format_has_a_line_for_it() -> None:
    name = "t2sql.prompt.2+evidence"
    answer = Asker(ScriptedBackend(SQL, prompt_format=name)).ask("Who?", SCHEMA, hints=HINTS)
    assert "evidence: Paris is a town\nQ: Who?\n" in answer.prompt
    assert not answer.warnings


def test_a_format_can_be_given_where_the_model_does_not_say() -> None:
    prompt_format = PromptFormat.of("2+types")
    backend = ScriptedBackend(SQL, prompt_format=None)
    Asker(backend, AskOptions(prompt_format=prompt_format)).ask("Who?", SCHEMA)
    assert backend.requests[0].prompt == render_prompt(SCHEMA, "Who?", prompt_format)


@pytest.mark.parametrize(
    ("recorded", "option", "wide"),
    [
        (None, None, False),
        ("wide", None, True),
        ("narrow", None, False),
        ("wide", "narrow", False),
        (None, "wide", True),
    ],
)
def test_the_grammar_is_the_models_own_unless_another_is_asked_for(
    recorded: Width | None, option: GrammarOption | None, wide: bool
) -> None:
    backend = ScriptedBackend(SQL, grammar=recorded)
    Asker(backend, AskOptions(grammar=option)).ask("Who?", SCHEMA)
    grammar = backend.requests[0].grammar
    assert grammar is not None
    table = SCHEMA.tables[0].name
    assert grammar.matches(f"SELECT * FROM {table} LIMIT 3 OFFSET 1") == wide
