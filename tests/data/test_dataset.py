"""Datasets: the accepted line formats, what is refused, and how a directory is made."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t2sql import data
from t2sql.data import Example
from t2sql.errors import InputError, WorkError
from t2sql.prompt import render_prompt
from t2sql.schema import Schema, read_table_lines

pytestmark = pytest.mark.slow

OURS = '{"source": "demo", "version": null, "seed": 0, "counts": {}}'
TUTORIAL_LINES = [
    "table: 1-100-16\ncolumns: Player, No., School/Club Team\nQ: Which team is al smith's?\n"
    "A: SELECT School/Club Team FROM 1-100-16 WHERE Player = 'Al Smith'</s>",
    "table: 1-200-1\ncolumns: Date, Pole Position\nQ: how many A: or Q: were there\n"
    "A: SELECT COUNT Date FROM 1-200-1 WHERE Pole Position = 'O'Hara'",
]


def write(path: Path, *lines: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


@pytest.fixture()
def tutorial(tmp_path: Path) -> Path:
    for name in ("train", "valid", "test"):
        write(tmp_path / "wiki" / f"{name}.jsonl", *({"text": text} for text in TUTORIAL_LINES))
    return tmp_path / "wiki"


def test_the_tutorials_lines_parse_back_into_schema_question_and_sql(tutorial: Path) -> None:
    first, second = data.load(tutorial).train
    assert first.schema == read_table_lines(["1-100-16: Player, No., School/Club Team"])
    assert first.question == "Which team is al smith's?"
    assert first.sql == first.completion == "SELECT School/Club Team FROM 1-100-16 WHERE Player = 'Al Smith'"
    assert first.prompt + first.completion + "</s>" == TUTORIAL_LINES[0]
    assert (first.id, first.source, first.db) == ("train-00001", "wiki", None)
    assert second.question == "how many A: or Q: were there"
    assert second.prompt + second.completion == TUTORIAL_LINES[1]
    assert data.load(tutorial).db_path(first) is None


def test_prompt_and_completion_lines_keep_what_they_say(tmp_path: Path) -> None:
    prompt = render_prompt(read_table_lines(["t: a, b"]), "what is a?")
    path = write(
        tmp_path / "d" / "test.jsonl",
        {"prompt": prompt, "completion": "SELECT a FROM t</s>"},
        {"prompt": "Translate: ", "completion": " SELECT 1", "id": "mine", "tags": ["x"], "sql": None},
    ).parent
    ours, other = data.load(path).test
    assert (ours.question, ours.completion, ours.sql) == ("what is a?", "SELECT a FROM t", "SELECT a FROM t")
    assert ours.schema.tables[0].column_names == ("a", "b")
    assert (other.id, other.prompt, other.completion, other.sql) == ("mine", "Translate: ", " SELECT 1", None)
    assert (other.question, other.schema, other.tags) == ("Translate:", Schema(()), ("x",))


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    line = json.dumps({"text": TUTORIAL_LINES[0]}).encode()
    (tmp_path / "train.jsonl").write_bytes(b"\xef\xbb\xbf" + line + b"\r\n\r\n\n" + line)
    assert [example.id for example in data.load(tmp_path).train] == ["train-00001", "train-00004"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": ', "not JSON"),
        ("[1, 2]", "expected a JSON object, found a list"),
        ("7", "found a number"),
        ('{"question": "x"}', "no known format.*found question"),
        ("{}", "no known format.*found no key"),
        ('{"prompt": "x"}', "has no 'completion'"),
        ('{"completion": "x"}', "has no 'prompt'"),
        ('{"text": 5}', "'text' is of the wrong type.*expected a string, found a number"),
        ('{"prompt": "x", "completion": " </s> "}', "completion is empty"),
        ('{"prompt": "x", "completion": "y", "schema": {"tables": 3}}', "schema cannot be read"),
        ('{"prompt": "x", "completion": "y", "tags": "z"}', "'tags' is of the wrong type"),
        ('{"prompt": "x", "completion": "y", "id": [3]}', "'id' is of the wrong type"),
        ('{"prompt": "x", "completion": "y", "id": true}', "'id' is of the wrong type.*found a boolean"),
        ('{"prompt": "x", "completion": "y", "weight": NaN}', "not JSON.*NaN"),
        ('{"prompt": "x", "completion": "y", "weight": -Infinity}', "not JSON.*Infinity"),
        ('{"prompt": "x", "completion": "y", "weight": 1e999}', "not JSON.*1e999"),
        ('{"prompt": "x\\ud83d", "completion": "y"}', "half of a character"),
        ('{"promt": "x", "completion": "y"}', "has no 'prompt'"),
        ('{"questoin": "x", "contxt": "y"}', "'questoin' is perhaps meant as 'question'"),
        ('{"text": "no table here"}', "expected a 'table:' line, found 'no table here'"),
        ('{"text": "table: t\\ncolumns: a\\nQ: x"}', "no answer"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_refused_by_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    write(tmp_path / "valid.jsonl", {"text": TUTORIAL_LINES[0]}, "", line)
    with pytest.raises(InputError, match=message) as caught:
        data.load(tmp_path)
    assert f"{tmp_path / 'valid.jsonl'}:3" in str(caught.value)


def test_bytes_that_are_not_utf8_are_refused_by_line(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_bytes(b'{"text": "\xff"}\n')
    with pytest.raises(InputError, match=r"train\.jsonl:1.*|not UTF-8"):
        data.load(tmp_path)


def test_a_missing_or_empty_split_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", {"text": TUTORIAL_LINES[0]})
    write(tmp_path / "valid.jsonl")
    dataset = data.load(tmp_path)
    with pytest.raises(InputError, match="valid split is empty"):
        dataset.split("valid")
    with pytest.raises(InputError, match="no test split"):
        dataset.split("test")
    with pytest.raises(InputError, match="no such split"):
        dataset.split("dev")


def test_one_split_is_read_without_the_others(tutorial: Path) -> None:
    (tutorial / "train.jsonl").write_text("not an example\n")
    dataset = data.load(tutorial, split="test")
    assert list(dataset.counts) == ["test"] and dataset.test


def test_a_directory_without_splits_or_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no split in the dataset.*expected train\.jsonl"):
        data.load(tmp_path)
    with pytest.raises(InputError, match="no such dataset"):
        data.load(tmp_path / "nowhere")


def test_a_database_outside_the_dataset_or_missing_is_refused(tmp_path: Path) -> None:
    def example(db: str) -> Example:
        return Example("x", "q", Schema(()), None, db, "s", "p", "c")

    write(tmp_path / "train.jsonl", {"text": TUTORIAL_LINES[0]})
    dataset = data.load(tmp_path)
    for db in ("../secret.sqlite", "/etc/passwd", "db/../../x"):
        with pytest.raises(InputError, match="outside the dataset"):
            dataset.db_path(example(db))
    with pytest.raises(InputError, match="database is missing"):
        dataset.db_path(example("db/none.sqlite"))


def test_prepare_from_a_directory_normalizes_and_comes_back_the_same(tutorial: Path, tmp_path: Path) -> None:
    made = data.prepare(str(tutorial), tmp_path / "out")
    assert made.train == data.load(tutorial).train
    assert json.loads((made.path / "train.jsonl").read_text().splitlines()[0])["completion"]
    again = data.prepare(str(made.path), tmp_path / "again")
    assert again.fingerprint == made.fingerprint
    limited = data.prepare(str(tutorial), tmp_path / "one", limit=1)
    assert limited.counts == {"train": 1, "valid": 1, "test": 1}


def test_prepare_copies_databases_and_leaves_out_unused_ones(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    first = data.prepare("demo", tmp_path / "demo", limit=5, progress=lambda *event: seen.append(event))
    files = {path.name for path in (first.path / "db").iterdir()}
    assert files == {Path(e.db or "").name for name in ("train", "valid", "test") for e in first.split(name)}
    second = data.prepare(str(first.path), tmp_path / "copy")
    assert second.fingerprint == first.fingerprint
    assert second.db_path(second.test[0]) == second.path / str(second.test[0].db)
    assert (6000, 6000, "train") in seen


def test_an_output_that_exists_is_kept_without_force_and_replaced_whole_with_it(
    tutorial: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    data.prepare("demo", out, limit=1)
    with pytest.raises(InputError, match=r"output exists.*--force"):
        data.prepare(str(tutorial), out)
    assert (out / "db").exists()
    data.prepare(str(tutorial), out, force=True)
    assert sorted(path.name for path in out.iterdir()) == [
        "dataset.json",
        "test.jsonl",
        "train.jsonl",
        "valid.jsonl",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "wiki"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_failure_leaves_nothing_behind_and_the_old_output_whole(
    tutorial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    out = tmp_path / "out"
    write(out / "dataset.json", OURS)

    def fail(*_: object) -> Iterator[None]:
        raise failure

    monkeypatch.setattr("t2sql.data.writing._write_lines", fail)
    with pytest.raises(KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else WorkError):
        data.prepare(str(tutorial), out, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "wiki"]
    assert (out / "dataset.json").read_text() == OURS + "\n"


def test_a_failure_at_the_exchange_puts_the_old_output_back(
    tutorial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write(out / "dataset.json", OURS)
    rename = os.rename

    def fail(source: Path, target: Path) -> None:
        if Path(source).name.startswith(".out.tmp"):
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr("t2sql.files.os.rename", fail)
    with pytest.raises(InputError, match="dataset not written"):
        data.prepare(str(tutorial), out, force=True)
    assert (out / "dataset.json").read_text() == OURS + "\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "wiki"]


def test_an_output_path_that_cannot_be_written_is_an_input_error(tutorial: Path, tmp_path: Path) -> None:
    write(tmp_path / "file", "x")
    with pytest.raises(InputError, match="output folder not writable"):
        data.prepare(str(tutorial), tmp_path / "file" / "out")


def test_an_unknown_source_and_a_limit_of_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such data source.*demo"):
        data.prepare("spider", tmp_path / "out")
    with pytest.raises(InputError, match="limit is too small"):
        data.prepare("demo", tmp_path / "out", limit=0)


def test_the_fingerprint_changes_with_a_line_and_with_a_database(tmp_path: Path) -> None:
    made = data.prepare("demo", tmp_path / "demo", limit=2)
    before = made.fingerprint
    database = made.db_path(made.train[0])
    assert database is not None
    database.write_bytes(database.read_bytes() + b"\0")
    changed = data.load(made.path).fingerprint
    lines = made.path / "train.jsonl"
    lines.write_text(lines.read_text() + "\n")
    assert len({before, changed, data.load(made.path).fingerprint}) == 3


def test_data_and_sql_import_neither_mlx_nor_other_heavy_parts() -> None:
    code = (
        "import sys, t2sql.data.preparation, t2sql.data.demo.generator, t2sql.data.wikisql.reader;"
        "import t2sql.sql.reader;"
        "heavy = {'mlx', 'mlx_lm', 'transformers', 'numpy', 'sqlglot', 'rich', 'pydantic', 'gguf'};"
        "heavy.add('sqlalchemy');"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
