"""Datasets whose prompts are written in another format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t2sql import data
from t2sql.data import DataSource, asked_in
from t2sql.errors import InputError
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat, parse_prompt

TYPES = PromptFormat.of("2+types+keys")
LINES = [
    {
        "question": f"Which name has the id {number}?",
        "context": "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, town INT REFERENCES towns(id));"
        "CREATE TABLE towns (id INTEGER PRIMARY KEY, name TEXT)",
        "answer": f"SELECT name FROM people WHERE id = {number}",
        "evidence": "an id  is a number",
    }
    for number in range(12)
]
TABLES = "table people: id int*, name, town int = towns\ntable towns: id int*, name\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


def test_a_dataset_is_written_in_the_format_that_is_asked_for(source: Path, tmp_path: Path) -> None:
    made = data.prepare(DataSource(str(source), prompt=TYPES), tmp_path / "made")
    assert made.prompt_format == TYPES
    assert json.loads((tmp_path / "made/dataset.json").read_text())["prompt_format"] == TYPES.name
    for example in made.train:
        question = example.question.removesuffix(" (an id is a number)")
        assert example.prompt == f"{TABLES}Q: {question}\nA: "


def test_without_a_format_the_lines_are_those_of_version_1(source: Path, tmp_path: Path) -> None:
    made = data.prepare(str(source), tmp_path / "made")
    assert made.prompt_format == DEFAULT_FORMAT
    prompt = made.train[0].prompt
    assert prompt.startswith("table: people\ncolumns: id, name, town\ntable: towns\ncolumns: id, name\nQ: ")
    assert prompt.endswith(" (an id is a number)\nA: ")


def test_evidence_is_a_line_of_its_own(source: Path, tmp_path: Path) -> None:
    made = data.prepare(DataSource(str(source), prompt=PromptFormat.of("2+evidence")), tmp_path / "made")
    parsed = parse_prompt(made.train[0].prompt)
    assert parsed.hints.evidence == "an id is a number" and "(" not in parsed.question


def test_a_dataset_as_source_keeps_its_format_or_gets_another(source: Path, tmp_path: Path) -> None:
    first = data.prepare(str(source), tmp_path / "first")
    second = data.prepare(DataSource(str(tmp_path / "first"), prompt=TYPES), tmp_path / "second")
    third = data.prepare(str(tmp_path / "second"), tmp_path / "third")
    assert third.prompt_format == TYPES
    assert [e.prompt for e in third.train] == [e.prompt for e in second.train]
    fourth = data.prepare(DataSource(str(tmp_path / "third"), prompt=DEFAULT_FORMAT), tmp_path / "fourth")
    for name in ("train", "valid", "test"):
        again, before = (d.path / f"{name}.jsonl" for d in (fourth, first))
        assert again.read_bytes() == before.read_bytes()


def test_questions_are_asked_in_the_format_of_the_model(source: Path, tmp_path: Path) -> None:
    old = data.prepare(str(source), tmp_path / "old")
    new = data.prepare(DataSource(str(source), prompt=TYPES), tmp_path / "new")
    assert asked_in(old, old.test, TYPES) == [example.prompt for example in new.test]
    assert asked_in(new, new.test, DEFAULT_FORMAT) == [example.prompt for example in old.test]
    assert asked_in(new, new.test, None) == [example.prompt for example in new.test]


def test_prompts_of_others_stay_as_they_are(tmp_path: Path) -> None:
    lines = [{"prompt": f"Translate: {n}", "completion": f"SELECT {n}"} for n in range(12)]
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    made = data.prepare(DataSource(str(path), prompt=TYPES), tmp_path / "made")
    assert {e.prompt for e in made.train} <= {line["prompt"] for line in lines}


def test_a_paraphrase_keeps_the_format(source: Path, tmp_path: Path) -> None:
    made = data.prepare(DataSource(str(source), prompt=TYPES), tmp_path / "made")
    said = data.paraphrase(made.train[0], ("columns", "opening"), 1, 0)
    parsed = parse_prompt(said.prompt)
    assert said.prompt != made.train[0].prompt
    assert parsed.question == said.question
    assert {column.type for table in parsed.schema.tables for column in table.columns} == {"INTEGER", "TEXT"}


def test_a_format_of_a_newer_version_is_an_error(source: Path, tmp_path: Path) -> None:
    made = data.prepare(str(source), tmp_path / "made")
    info = made.path / "dataset.json"
    info.write_text(info.read_text().replace("t2sql.prompt.1", "t2sql.prompt.9"))
    with pytest.raises(InputError, match="unknown prompt format"):
        data.load(made.path)
