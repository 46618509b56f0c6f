"""Chats, and lines that lack something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from t2sql import data
from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.evaluate import score
from t2sql.schema import Schema

DDL = "CREATE TABLE head (age INTEGER, name VARCHAR, born_state VARCHAR)"


def write(path: Path, records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(records) if path.suffix == ".json" else "".join(json.dumps(r) + "\n" for r in records)
    path.write_text(text)
    return path


def all_right(dataset: Dataset) -> None:
    """Gold answers score as right, and others do not."""
    for split in dataset.counts:
        examples = dataset.split(split)
        assert all(answer.correct for answer in score(dataset, examples, [e.sql or "" for e in examples]))
        assert not any(answer.correct for answer in score(dataset, examples, ["SELECT 'no'"] * len(examples)))


def chat(*texts: str) -> dict[str, Any]:
    roles = ("user", "assistant") if len(texts) == 2 else ("system", "user", "assistant")
    return {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)]}


@pytest.mark.parametrize(
    "texts",
    [
        ("table: head\ncolumns: age, name\nQ: Who is 40?", "SELECT name FROM head WHERE age = 40"),
        ("table: head\ncolumns: age, name", "Who is 40?", "SELECT name FROM head WHERE age = 40</s>"),
        (
            "You write SQL. CREATE TABLE head (age INT, name TEXT);",
            "Who is 40?",
            "SELECT name FROM head WHERE age = 40",
        ),
        ("CREATE TABLE head (age INT, name TEXT);\nWho is 40?", "SELECT name FROM head WHERE age = 40"),
    ],
)
def test_a_chat_with_a_schema_becomes_our_prompt(tmp_path: Path, texts: tuple[str, ...]) -> None:
    write(tmp_path / "in" / "test.jsonl", [chat(*texts)])
    made = data.prepare(str(tmp_path / "in"), tmp_path / "out")
    (example,) = made.test
    assert example.prompt == "table: head\ncolumns: age, name\nQ: Who is 40?\nA: "
    assert example.completion == "SELECT name FROM head WHERE age = 40"
    assert example.question == "Who is 40?"
    all_right(made)


def test_another_chat_is_trained_on_as_it_stands(tmp_path: Path) -> None:
    write(
        tmp_path / "test.jsonl",
        [chat("Be brief.", "Count the users of the shop", "SELECT COUNT(*) FROM users")],
    )
    (example,) = data.load(tmp_path).test
    assert example.prompt == "Be brief.\nCount the users of the shop\n"
    assert (example.question, example.schema) == ("Count the users of the shop", Schema(()))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"messages": "hi"}, "'messages' is of the wrong type"),
        ({"messages": [{"role": "user", "content": "x"}]}, "no question and answer.*found user"),
        ({"messages": []}, "no question and answer.*found none"),
        (chat("x", ""), "no 'content'"),
        ({"question": "q", "context": "no ddl", "answer": "a"}, "context is not a schema"),
        ({"question": "q", "context": DDL}, "no 'answer'"),
        ({"context": DDL, "answer": "a", "question": 3}, "no 'question'"),
    ],
)
def test_a_line_that_lacks_something_is_refused(tmp_path: Path, line: Any, message: str) -> None:
    write(tmp_path / "train.jsonl", [line])
    with pytest.raises(InputError, match=message) as caught:
        data.load(tmp_path)
    assert "train.jsonl:1" in str(caught.value)
