"""`/v1/chat/completions` as OpenAI's client and people with curl use it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.openai_bodies import CHAT
from support.serving import Served

ASKED = [{"role": "user", "content": "How many products are there?"}]
STUDENTS = {
    "role": "system",
    "content": "Answer in SQL.\nCREATE TABLE students (Name TEXT, Age INT)\n/* 3 rows */",
}


def post(served: Served, **body: Any) -> Any:
    with served.client() as client:
        return client.post("/v1/chat/completions", json={"messages": ASKED, "max_tokens": 24, **body})


def test_a_question_over_the_database_is_answered_with_a_statement(tiny_shop: Served) -> None:
    answer = post(tiny_shop, max_tokens=None, **CHAT)
    assert answer.status_code == 200
    document = answer.json()
    assert document["object"] == "chat.completion" and document["id"].startswith("chatcmpl-")
    (choice,) = document["choices"]
    assert choice["message"]["role"] == "assistant" and choice["message"]["content"].startswith("SELECT")
    assert choice["finish_reason"] in ("stop", "length")
    assert set(choice["t2sql"]) == {"status", "doubts", "warnings", "error"}
    usage = document["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_has_the_role_first_and_the_same_text(tiny_shop: Served) -> None:
    whole = post(tiny_shop, n=2, temperature=0).json()
    lines = post(tiny_shop, n=2, stream=True, stream_options={"include_usage": True}).text.splitlines()
    events = [line.removeprefix("data: ") for line in lines if line]
    assert events[-1] == "[DONE]"
    documents = [json.loads(event) for event in events[:-1]]
    assert {one["object"] for one in documents} == {"chat.completion.chunk"}
    assert documents[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert documents[-1]["choices"] == [] and documents[-1]["usage"] == whole["usage"]
    for choice in whole["choices"]:
        own = [part for one in documents for part in one["choices"] if part["index"] == choice["index"]]
        assert "".join(part["delta"].get("content", "") for part in own) == choice["message"]["content"]
        assert own[-1]["finish_reason"] == choice["finish_reason"]
        assert own[-1]["t2sql"] == choice["t2sql"]


@pytest.mark.parametrize(
    ("system", "question"),
    [
        (STUDENTS["content"], "How old is Ann?"),
        ("table: students\ncolumns: Name, Age", "How old is Ann?"),
        ("You know:\ntable students: Name, Age int", "How old is Ann?"),
        ("", "table: students\ncolumns: Name, Age\nQ: How old is Ann?"),
    ],
)
def test_the_messages_may_hold_the_tables(tiny_served: Served, system: str, question: str) -> None:
    messages = [{"role": "system", "content": system}] if system else []
    answer = post(tiny_served, messages=[*messages, {"role": "user", "content": question}], max_tokens=60)
    assert answer.status_code == 200
    assert "students" in answer.json()["choices"][0]["message"]["content"]


def test_without_tables_and_database_a_question_is_refused(tiny_served: Served) -> None:
    error = post(tiny_served).json()["error"]
    assert error["code"] == "no_database" and "CREATE TABLE" in error["message"]


def test_earlier_turns_are_in_the_prompt(tiny_served: Served) -> None:
    turns = [
        {"role": "user", "content": "Who is the oldest?"},
        {"role": "assistant", "content": [{"type": "text", "text": "SELECT Name FROM students"}]},
        {"role": "user", "content": "And the youngest?"},
        {"role": "assistant", "content": "I do not know."},
    ]
    alone = post(tiny_served, messages=[STUDENTS, *ASKED]).json()["usage"]["prompt_tokens"]
    with_turn = post(tiny_served, messages=[STUDENTS, *turns[:2], *ASKED]).json()["usage"]["prompt_tokens"]
    with_both = post(tiny_served, messages=[STUDENTS, *turns, *ASKED]).json()["usage"]["prompt_tokens"]
    assert alone < with_turn == with_both


def test_a_stop_cuts_the_statement(tiny_shop: Served) -> None:
    choice = post(tiny_shop, stop="FROM").json()["choices"][0]
    assert "FROM" not in choice["message"]["content"] and choice["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"messages": []}, "messages", "question"),
        ({"messages": None}, "messages", "missing"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role", "role"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "SELECT"}]}, "messages", "question"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages", "empty"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages.0.content",
            "image_url",
        ),
        ({"messages": [{"role": "user", "content": "x", "tool_calls": [{}]}]}, "messages.0", "tool_calls"),
        (
            {"messages": [{"role": "system", "content": "CREATE TABLE t ("}, *ASKED]},
            "messages",
            "CREATE TABLE",
        ),
        ({"tools": [{"type": "function"}]}, "tools", "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format", "response_format"),
        ({"logprobs": True}, "logprobs", "logprobs"),
        ({"prompt": "x"}, "prompt", "messages"),
        ({"max_completion_tokens": 5}, "max_completion_tokens", "max_tokens"),
        ({"unheard_of": 1}, "unheard_of", "unheard_of"),
    ],
)
def test_what_is_not_done_is_refused_by_its_name(
    tiny_shop: Served, body: dict[str, Any], param: str, words: str
) -> None:
    answer = post(tiny_shop, **body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == param and words in error["message"] and "Value error" not in error["message"]


def test_openais_own_client_is_understood(tiny_shop: Served) -> None:
    openai = pytest.importorskip("openai", reason="OpenAI's client was not tested: pip install openai")
    with openai.OpenAI(base_url=tiny_shop.address + "/v1", api_key="none", max_retries=0) as client:
        whole = client.chat.completions.create(model="any", messages=ASKED, max_tokens=24)
        text = whole.choices[0].message.content
        pieces = client.chat.completions.create(model="any", messages=ASKED, max_tokens=24, stream=True)
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == text
        with pytest.raises(openai.BadRequestError, match="response_format"):
            client.chat.completions.create(
                model="any", messages=ASKED, response_format={"type": "json_object"}
            )
        completion = client.completions.create(model="any", prompt="1, 2,", max_tokens=4)
        assert completion.usage is not None and completion.usage.completion_tokens > 0
        assert client.models.list().data[0].id == whole.model
