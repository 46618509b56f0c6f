"""What a prompt shows of a live database: the same as in training, and nothing private."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases
from support.backends import ScriptedBackend

from t2sql import data
from t2sql.data import DataSource
from t2sql.generate import Asker
from t2sql.live import ask_database, open_database
from t2sql.prompt import PROMPT_PARTS, PromptFormat, parse_prompt, render_prompt

SCRIPT = """
CREATE TABLE towns (id INTEGER PRIMARY KEY, name VARCHAR(40), country VARCHAR(20));
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(40), town_id INTEGER, email VARCHAR(60),
                        phone VARCHAR(40), note VARCHAR(200), joined DATE);
INSERT INTO towns VALUES (1, 'Zürich', 'Switzerland'), (2, 'Paris', 'France'), (3, 'Lyon', 'France');
INSERT INTO customers VALUES
  (1, 'Wang Junjian', 1, 'wang@example.org', '+41 44 000 00 01', 'prefers mail', '2020-01-02'),
  (2, 'Ann Lee', 2, 'ann@example.org', '+41 44 000 00 02', 'write to ann@example.org', '2021-01-02'),
  (3, 'Jon Smith', 3, 'jon@example.org', '+41 44 000 00 03', 'call 0044 7700 900 123', '2022-01-02');
"""
PRIVATE = ("example.org", "44 000", "7700")
QUESTION = "Which customers of zurich wrote to ann@example.org or called 0044 7700 900 123?"
SQL = "SELECT name FROM customers"
WHOLE = PromptFormat(2, PROMPT_PARTS)


def prompt_of(url: str, question: str, prompt_format: PromptFormat) -> str:
    backend = ScriptedBackend(SQL, prompt_format=prompt_format.name)
    with closing(open_database(url)) as database:
        ask_database(Asker(backend), database, question)
    return backend.requests[0].prompt


@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_a_prompt_has_types_keys_values_and_samples_of_every_kind_of_database(
    kind: str, request: Any, tmp_path: Path, schema_cache: Path
) -> None:
    url = live_databases.make(kind, tmp_path, request, SCRIPT)
    prompt = prompt_of(url, QUESTION, WHOLE)
    lines = {line.partition(":")[0]: line for line in prompt.split("\n")}
    assert lines["table customers"].startswith("table customers: id int*, name (")
    assert "town_id int = towns, email, phone, note (prefers mail), joined date" in lines["table customers"]
    assert lines["table towns"].endswith("name (Zürich, Paris), country (France, Switzerland)")
    assert lines["values"] == "values: towns.name = 'Zürich', customers.name = 'Ann Lee'"
    shown = prompt.replace(QUESTION, "")
    assert not [text for text in PRIVATE if text in shown]


def test_training_and_asking_see_the_same_lines(tmp_path: Path, schema_cache: Path) -> None:
    (tmp_path / "db").mkdir()
    file = tmp_path / "db/shop.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCRIPT)
    with closing(open_database(f"sqlite:///{file}")) as database:
        schema = database.schema()
    questions = [f"Which {number} customers live in Paris or lyons?" for number in range(10)]
    lines = [
        {
            "prompt": render_prompt(schema, question),
            "completion": f"SELECT name FROM customers LIMIT {number}",
            "schema": schema.to_dict(),
            "db": "db/shop.sqlite",
        }
        for number, question in enumerate(questions)
    ]
    source = tmp_path / "lines.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    first = data.prepare(str(source), tmp_path / "first")
    for part in ("", *PROMPT_PARTS):
        prompt_format = PromptFormat.of(f"2+{part}" if part else "2")
        made = data.prepare(DataSource(str(first.path), prompt=prompt_format), tmp_path / f"made{part}")
        for example in made.test:
            assert example.prompt == prompt_of(f"sqlite:///{file}", example.question, prompt_format)


@pytest.mark.parametrize("private", [None, True])
def test_no_prompt_of_a_dataset_has_private_texts(private: bool | None, tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCRIPT)
    made = data.prepare(
        DataSource(f"sqlite:///{file}", examples=60, private=private, prompt=WHOLE), tmp_path / "made"
    )
    shown = []
    for example in (*made.train, *made.valid, *made.test):
        parsed = parse_prompt(example.prompt)
        shown.append(example.prompt.replace(parsed.question, ""))
    assert "\nvalues: " in "".join(shown) and "name (" in "".join(shown)
    assert not [text for text in PRIVATE for prompt in shown if text in prompt]
    assert not [prompt for prompt in shown if "private-" in prompt]
