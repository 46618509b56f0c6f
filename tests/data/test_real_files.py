"""Files of examples as hubs, exports and people have them: encodings, containers and bad lines."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from t2sql import data
from t2sql.errors import InputError

LINES = [
    {"question": f"q{n}?", "context": f"CREATE TABLE t{n} (a INT, b TEXT)", "answer": f"SELECT a FROM t{n}"}
    for n in range(5)
]
AS_LINES = "".join(json.dumps(line) + "\n" for line in LINES)
BAD = '{"question": "x", "cont'


def prepare(source: Path, **options: Any) -> tuple[set[str], list[str]]:
    """The statements of a dataset that is made of the source, and the warnings."""
    warnings: list[str] = []
    out = source.parent / f"{source.name}-out"
    made = data.prepare(data.DataSource(str(source), **options), out, warn=warnings.append)
    return {str(e.sql) for split in made.counts for e in made.split(split)}, warnings


ALL = {f"SELECT a FROM t{n}" for n in range(5)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bom.jsonl", AS_LINES.encode("utf-8-sig")),
        ("bom.json", json.dumps(LINES).encode("utf-8-sig")),
        ("windows.jsonl", AS_LINES.replace("\n", "\r\n").encode("utf-16")),
        ("indented.json", json.dumps(LINES, indent=2).encode()),
        ("wrapped.json", json.dumps({"version": "1.0", "data": LINES}).encode()),
        ("lines.json", AS_LINES.encode()),
        ("list.jsonl", json.dumps(LINES).encode()),
        ("packed.jsonl.gz", gzip.compress(AS_LINES.encode(), mtime=0)),
    ],
)
def test_json_is_read_in_every_form(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert prepare(tmp_path / name) == (ALL, [])


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.tsv", "\t"), ("a.csv", ";")])
def test_tables_are_read_by_their_header(tmp_path: Path, name: str, delimiter: str) -> None:
    with (tmp_path / name).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["", "Question", "SQL Query", "Schema", "score"])
        for n, line in enumerate(LINES):
            writer.writerow([n, line["question"], line["answer"], line["context"].replace(",", ",\n"), ""])
    assert prepare(tmp_path / name) == (ALL, [])


def test_a_hub_s_folder_of_parquet_files_is_read_split_by_split(tmp_path: Path) -> None:
    (tmp_path / "hub/data").mkdir(parents=True)
    for name, lines in (("train-00000-of-00002", LINES[:2]), ("train-00001-of-00002", LINES[2:])):
        pq.write_table(pa.Table.from_pylist(lines), tmp_path / f"hub/data/{name}.parquet")
    pq.write_table(pa.Table.from_pylist(LINES), tmp_path / "hub/data/test-00000-of-00001.parquet")
    (tmp_path / "hub/README.md").write_text("x")
    made = data.prepare(str(tmp_path / "hub"), tmp_path / "out")
    assert made.counts == {"train": 5, "test": 5}
    assert len({example.id for example in made.train}) == 5


def test_a_folder_with_one_file_that_is_no_split_is_split(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/sql_create_context_v4.json").write_text(json.dumps(LINES))
    assert prepare(tmp_path / "hub") == (ALL, [])


@pytest.mark.parametrize("at", [0, 2, 5])
def test_a_bad_line_is_left_out_and_named_or_refused(tmp_path: Path, at: int) -> None:
    lines = AS_LINES.splitlines(keepends=True)
    source = tmp_path / "x.jsonl"
    source.write_text("".join([*lines[:at], BAD + "\n", *lines[at:]]))
    statements, (warning,) = prepare(source)
    assert statements == ALL
    assert f"1 line left out: the line is not JSON ({source}:{at + 1})" in warning
    with pytest.raises(InputError, match=rf"not JSON .*x\.jsonl:{at + 1}"):
        data.prepare(data.DataSource(str(source), strict=True), tmp_path / "strict")


def test_of_many_bad_lines_the_first_three_are_named(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    odd = [BAD, '{"prompt": "\\ud83d", "completion": "x"}', "[]", '{"text": NaN}', '{"question": "x"}']
    source.write_bytes(AS_LINES.encode() + "\n".join(odd).encode() + b'\n{"text": "\xff"}\n')
    statements, (warning,) = prepare(source)
    assert statements == ALL
    assert warning.startswith("6 lines left out: ") and "x.jsonl:8" in warning and "; and 3 more" in warning


def test_a_file_of_nothing_but_bad_lines_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    source.write_text(f"{BAD}\n" * 4)
    with pytest.raises(InputError, match=r"none of 4 lines can be read.*x\.jsonl:1"):
        prepare(source)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no example in the file"),
        (b"PK\x03\x04", "zip archive.*Unpack it"),
        (b"\x1f\x8bbroken", "gzip file is damaged"),
        (b'{"question": {"0": "q"}}', "no known format|no schema"),
    ],
)
def test_a_file_without_examples_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        prepare(tmp_path / "x.jsonl")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("https://me:secret@host/x.jsonl", "Download it"),
        ("b-mc2/sql-create-context", "hf download --repo-type dataset b-mc2/sql-create-context --local-dir"),
        ("nosuch.jsonl", "no such data source"),
    ],
)
def test_what_is_not_on_this_machine_is_not_fetched(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        data.prepare(source, tmp_path / "out")
    assert "secret" not in str(caught.value)


def test_folders_and_databases_are_told_how_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no split in the directory"):
        data.prepare(str(tmp_path / "empty"), tmp_path / "out")
    for name in ("shop.db", "shop.data"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute("CREATE TABLE t (a)")
        with pytest.raises(InputError, match="sqlite:///"):
            data.prepare(str(tmp_path / name), tmp_path / "out")


def test_equal_ids_are_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    lines = [{**line, "id": 5} for line in LINES]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    made = data.prepare(str(source), tmp_path / "out")
    ids = {example.id for split in made.counts for example in made.split(split)}
    assert ids == {"5", "5-2", "5-3", "5-4", "5-5"}
