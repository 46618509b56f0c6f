"""What people already have: chats, questions with CREATE TABLE, Spider's and BIRD's layout, a DDL file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import databases

from t2sql import data, sql
from t2sql.cli import run
from t2sql.data import Dataset
from t2sql.data.partition import partition
from t2sql.databases import open_engine, read_schema
from t2sql.errors import InputError
from t2sql.evaluate import score
from t2sql.schema import read_ddl
from t2sql.sql import with_single_quotes

DDL = "CREATE TABLE head (age INTEGER, name VARCHAR, born_state VARCHAR)"


CONTEXT = [
    {
        "question": "How many heads are older than 56 ?",
        "context": DDL,
        "answer": "SELECT COUNT(*) FROM head WHERE age > 56",
    },
    {
        "question": "Who was not born in California?",
        "context": DDL + "; CREATE TABLE states (name VARCHAR)",
        "answer": 'SELECT T1.name AS "who" FROM head AS T1 WHERE T1.born_state <> "California";',
    },
    {"question": "List the names", "context": DDL, "answer": 'SELECT "name" FROM head WHERE name = "it\'s"'},
]


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


def test_questions_with_create_table_are_read_split_and_scored(tmp_path: Path) -> None:
    source = write(tmp_path / "context.json", CONTEXT)
    made = data.prepare(str(source), tmp_path / "out")
    assert made.counts == {"train": 1, "valid": 1, "test": 1}
    by_question = {e.question: e for split in made.counts for e in made.split(split)}
    first, second, third = (by_question[" ".join(record["question"].split())] for record in CONTEXT)
    assert first.prompt == (
        "table: head\ncolumns: age, name, born_state\nQ: How many heads are older than 56 ?\nA: "
    )
    assert first.schema.tables[0].columns[0].type == "INTEGER"
    assert len(second.schema.tables) == 2
    # SQLite would take the text in double quotes; nothing else would.
    assert second.sql == """SELECT T1.name AS "who" FROM head AS T1 WHERE T1.born_state <> 'California'"""
    assert third.sql == """SELECT "name" FROM head WHERE name = 'it''s'"""
    assert second.completion == second.sql
    for example in by_question.values():
        assert sql.check(example.schema, example.sql or "") is None
    all_right(made)


def test_such_lines_are_read_from_a_directory_too(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        write(tmp_path / "in" / f"{split}.jsonl", CONTEXT)
    made = data.prepare(str(tmp_path / "in"), tmp_path / "out")
    assert made.counts == {"train": 3, "valid": 3, "test": 3}
    all_right(made)


def chat(*texts: str) -> dict[str, Any]:
    roles = ("user", "assistant") if len(texts) == 2 else ("system", "user", "assistant")
    return {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)]}


def test_a_pair_s_schema_is_read_from_its_create_table(tmp_path: Path) -> None:
    prompt = f"### Schema\n{DDL};\n### Question\nHow old are they?\n### SQL\n"
    write(tmp_path / "test.jsonl", [{"prompt": prompt, "completion": "SELECT age FROM head"}])
    (example,) = data.load(tmp_path).test
    assert example.prompt == prompt
    assert example.schema == read_ddl(DDL)
    all_right(data.load(tmp_path))


@pytest.mark.parametrize(
    ("text", "message"), [("{}", "not a list"), ("[1]", "not an example"), ("[", "not JSON")]
)
def test_a_json_file_that_is_no_list_of_examples_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=message):
        data.prepare(str(tmp_path / "x.json"), tmp_path / "out")


def test_one_file_is_split_by_seed_and_equal_answers_stay_together(tmp_path: Path) -> None:
    lines = [
        {"prompt": f"table: t\ncolumns: a\nQ: q{i}\nA: ", "completion": f"SELECT {i // 2} FROM t"}
        for i in range(100)
    ]
    source = write(tmp_path / "all.jsonl", lines)
    made = data.prepare(str(source), tmp_path / "out")
    assert made.counts == {"train": 80, "valid": 10, "test": 10}
    answers = [{e.completion for e in made.split(split)} for split in made.counts]
    assert not answers[0] & answers[1] and not answers[0] & answers[2] and not answers[1] & answers[2]
    other = data.prepare(str(source), tmp_path / "other", seed=1)
    assert {e.question for e in other.test} != {e.question for e in made.test}
    with pytest.raises(InputError, match="too few examples for three splits"):
        partition(made.train[:1], seed=0, where="x")


CONCERT = "CREATE TABLE singer (Singer_ID INT PRIMARY KEY, Name TEXT, Country TEXT);"


PETS = "CREATE TABLE pets (id INT PRIMARY KEY, kind TEXT, owner INT);"


def tables(db: str, name: str, columns: list[str], foreign: list[list[int]] | None = None) -> dict[str, Any]:
    return {
        "db_id": db,
        "table_names_original": [name],
        "table_names": [name.lower()],
        "column_names_original": [[-1, "*"], *([0, column] for column in columns)],
        "column_names": [[-1, "*"], *([0, column.lower()] for column in columns)],
        "column_types": ["text", "number", *(["text"] * (len(columns) - 1))],
        "primary_keys": [1],
        "foreign_keys": foreign or [],
    }


def spider(folder: Path) -> Path:
    train = [
        {
            "db_id": db,
            "question": f"Which kind is pet {i} ?",
            "query": f"SELECT kind FROM pets WHERE id = {i};",
        }
        for i, db in enumerate(("pets_1", "pets_2", "pets_3") * 4)
    ]
    dev = [
        {
            "db_id": "concert",
            "question": "Who is French?",
            "query": 'SELECT Name FROM singer WHERE Country = "France"',
        }
    ]
    write(folder / "train_spider.json", train)
    write(folder / "dev.json", dev)
    pets = [tables(f"pets_{n}", "pets", ["id", "kind", "owner"], [[3, 1]]) for n in (1, 2, 3)]
    write(folder / "tables.json", [*pets, tables("concert", "singer", ["Singer_ID", "Name", "Country"])])
    singers = [(1, "Ada", "France"), (2, "Bo", "Peru")]
    databases.build(folder / "database" / "concert" / "concert.sqlite", CONCERT, {"singer": singers})
    for n in (1, 2, 3):
        rows = [(i, ("cat", "dog")[i % 2], 1) for i in range(12)]
        databases.build(folder / "database" / f"pets_{n}" / f"pets_{n}.sqlite", PETS, {"pets": rows})
    return folder


@pytest.mark.slow
def test_a_ddl_file_gets_rows_made_up_and_questions(tmp_path: Path) -> None:
    ddl = tmp_path / "school.sql"
    ddl.write_text(
        """
        CREATE TABLE teachers (id INT PRIMARY KEY, name TEXT, hired_on DATE, is_head BOOLEAN);
        CREATE TABLE courses (code VARCHAR(8) PRIMARY KEY, title TEXT, credits INT, fee DECIMAL(8, 2),
                              teacher_id INT REFERENCES teachers);
        CREATE TABLE grades (course VARCHAR(8) REFERENCES courses (code), student INT, grade REAL,
                             PRIMARY KEY (course, student));
        """
    )
    made = data.prepare(data.DataSource(str(ddl), examples=200), tmp_path / "out")
    assert made.counts == {"train": 160, "valid": 20, "test": 20}
    assert any("JOIN teachers ON" in (e.sql or "") for e in made.train)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dataset.json",
        "db",
        "test.jsonl",
        "train.jsonl",
        "valid.jsonl",
    ]
    again = data.prepare(data.DataSource(str(ddl), examples=200), tmp_path / "again")
    assert again.fingerprint == made.fingerprint
    all_right(made)
    ddl.write_text("SELECT 1")
    with pytest.raises(InputError, match="no table in the schema"):
        data.prepare(str(ddl), tmp_path / "none")


def test_a_schema_reads_primary_and_foreign_keys_from_ddl_and_from_sqlite_alike(tmp_path: Path) -> None:
    ddl = """
    CREATE TABLE a (x INTEGER PRIMARY KEY, y TEXT);
    CREATE TABLE b (p TEXT, q INTEGER REFERENCES a, PRIMARY KEY (p, q));
    """
    path = databases.build(tmp_path / "keys.db", ddl)
    with open_engine(databases.url(path)) as engine:
        from_file = read_schema(engine).schema
    from_text = read_ddl(ddl)
    assert from_text.tables[1].primary_key == from_file.tables[1].primary_key == ("p", "q")
    assert from_text.tables[1].foreign_keys == from_file.tables[1].foreign_keys
    assert from_text.tables[1].foreign_keys[0].to_column == "x"


def test_names_in_double_quotes_stay_names() -> None:
    schema = read_ddl('CREATE TABLE t (a TEXT, "b c" TEXT)')
    for statement, want in (
        ('SELECT "b c" FROM "t" WHERE a = "b d"', """SELECT "b c" FROM "t" WHERE a = 'b d'"""),
        ('SELECT a AS "x y" FROM t ORDER BY "x y"', 'SELECT a AS "x y" FROM t ORDER BY "x y"'),
        ("SELECT a FROM t WHERE a = 'say \"hi\"'", "SELECT a FROM t WHERE a = 'say \"hi\"'"),
    ):
        assert with_single_quotes(statement, schema) == want


@pytest.mark.slow
def test_every_line_that_is_written_is_one_that_mlx_lm_reads(tmp_path: Path) -> None:
    made = data.prepare(
        data.DataSource(databases.url(databases.shop(tmp_path / "shop.db")), examples=30), tmp_path / "out"
    )
    code = (
        "import sys; from pathlib import Path; from mlx_lm.tuner.datasets import load_local_dataset as load;"
        "splits = load(Path(sys.argv[1]), None, type('', (), {'mask_prompt': False})());"
        "print([type(s).__name__ for s in splits], [len(s) for s in splits])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made.path)], capture_output=True, text=True)
    assert done.stdout.strip() == f"{['CompletionsDataset'] * 3} {[24, 3, 3]}", done.stderr


def test_the_command_s_answer_hides_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "mysql+nosuch://me:secret@h/d", "--out", str(tmp_path / "out"), "--json"]) == 2
    printed = capsys.readouterr()
    assert "secret" not in printed.out + printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["chat", "context", "spider", "database"])
def test_a_model_is_trained_on_it(tiny_llama: Path, tmp_path: Path, kind: str) -> None:
    if kind == "spider":
        source = str(spider(tmp_path / "spider"))
    elif kind == "database":
        source = databases.url(databases.shop(tmp_path / "shop.db"))
    elif kind == "chat":
        chats = [
            chat("table: t\ncolumns: a", f"What is {i}?", f"SELECT a FROM t WHERE a = {i}") for i in range(6)
        ]
        source = str(write(tmp_path / "chats.jsonl", chats))
    else:
        source = str(write(tmp_path / "context.json", CONTEXT))
    made = data.prepare(source, tmp_path / "data", limit=6)
    train = ["train", "--model", str(tiny_llama), "--data", str(made.path), "--out", str(tmp_path / "run")]
    few = "--iters 1 --num-layers 1 --rank 2 --batch-size 1 --save-every 1 --steps-per-eval 1"
    assert run([*train, *few.split()]) == 0
    assert (tmp_path / "run" / "checkpoints" / "0000001" / "adapters.safetensors").is_file()


def test_a_run_takes_a_database_but_keeps_no_password(tmp_path: Path) -> None:
    from t2sql.pipeline.settings import resolve_settings

    path = databases.shop(tmp_path / "shop.db")
    assert resolve_settings({"data": databases.url(path)}).data == databases.url(path)
    for url in ("postgresql://me:secret@host/shop", "postgresql://host/shop?user=me&password=secret"):
        with pytest.raises(InputError, match="password would be kept") as caught:
            resolve_settings({"data": url})
        assert "secret" not in str(caught.value)


def test_what_a_source_holds_tells_whether_it_changed(tmp_path: Path) -> None:
    path = databases.shop(tmp_path / "shop.db")
    before = data.source_state(databases.url(path))
    assert before == data.source_state(databases.url(path)) and set(before) == {"sha256"}
    path.write_bytes(path.read_bytes() + b"\0")
    assert data.source_state(databases.url(path)) != before
    assert data.source_state("postgresql://host/shop") == data.source_state("wikisql") == {}
