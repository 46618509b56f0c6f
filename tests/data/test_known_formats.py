"""Records in the forms of well-known data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from t2sql import data
from t2sql.errors import InputError

DDL = "CREATE TABLE head (age INTEGER, name VARCHAR(20))"
PROMPT = "table: head\ncolumns: age, name\nQ: Who is 40 (or so)?\nA: "
SQL = "SELECT name FROM head WHERE age = 40"
QUESTION = "Who is 40 (or so)?"


@pytest.mark.parametrize(
    "record",
    [
        {"question": QUESTION, "context": DDL, "answer": SQL},
        {"question": QUESTION, "context": [f"{DDL};"], "answer": f"{SQL};"},
        {"question": QUESTION, "schema": "table: head\ncolumns: age, name", "query": SQL},
        {"nl_question": QUESTION, "ddl": DDL, "sql": SQL},
        {"prompt": QUESTION, "schema": DDL, "sql": SQL},
        {
            "id": 7,
            "domain": "x",
            "sql_prompt": QUESTION,
            "sql_context": f"{DDL}; INSERT INTO head VALUES (1, 'a;b');",
            "sql": SQL,
            "sql_explanation": "x",
        },
        {
            "messages": [
                {"role": "developer", "content": f"You write SQL.\n{DDL};"},
                {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
                {"role": "assistant", "content": f"```sql\n{SQL}\n```"},
            ]
        },
        {"conversations": [{"from": "human", "value": f"{DDL}\n{QUESTION}"}, {"from": "gpt", "value": SQL}]},
        {"instruction": QUESTION, "input": DDL, "output": SQL},
        {"instruction": f"{DDL};\n{QUESTION}", "input": "", "output": f"{SQL}</s>"},
    ],
)
def test_a_record_becomes_our_prompt(tmp_path: Path, record: dict[str, Any]) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps(record) + "\n")
    (example,) = data.load(tmp_path).test
    assert (example.prompt, example.completion, example.sql) == (PROMPT, SQL, SQL)
    assert example.question == QUESTION
    assert example.id == str(record.get("id", "test-00001"))
    assert example.schema.tables[0].column_names == ("age", "name")


def test_a_pair_keeps_its_text_and_takes_its_schema_from_ddl(tmp_path: Path) -> None:
    record = {"prompt": "Who is 40?", "completion": SQL, "schema": DDL, "id": 5.0}
    (tmp_path / "test.jsonl").write_text(json.dumps(record) + "\n")
    (example,) = data.load(tmp_path).test
    assert (example.id, example.prompt) == ("5", "Who is 40?")
    assert [column.type for column in example.schema.tables[0].columns] == ["INTEGER", "VARCHAR(20)"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"phase": 1, "table_id": "1-1", "question": "q", "sql": {"sel": 1}}, "wikisql:FOLDER"),
        ({"db_id": "x", "question": "q", "query": "SELECT 1"}, r"no schema.*tables\.json"),
        ({"question": "q", "sql": "SELECT 1"}, "no schema.*CREATE TABLE"),
        ({"question": "q", "context": "CREATE TABLE t (a", "answer": "x"}, "not a schema.*is missing"),
        ({"question": "q", "context": {"tables": 3}, "answer": "x"}, "context is not a schema"),
        ({"conversations": [{"from": "gpt", "value": "x"}]}, "found assistant"),
        ({"instruction": "x"}, "no known format"),
    ],
)
def test_a_record_that_lacks_something_says_what_to_do(tmp_path: Path, record: Any, message: str) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(InputError, match=message):
        data.load(tmp_path)


def test_a_folder_of_wikisql_s_files_is_told_how_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "train.tables.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=f"wikisql:{tmp_path}"):
        data.prepare(str(tmp_path), tmp_path / "out")
