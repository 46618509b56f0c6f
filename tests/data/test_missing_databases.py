"""Lines that name a database: it is taken along, and one that is not there is refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from t2sql import data
from t2sql.errors import InputError

LINES = [
    {
        "prompt": f"table: t{n}\ncolumns: a\nQ: What is {n}?\nA: ",
        "completion": f"SELECT a FROM t{n}",
        "db": "db/t.sqlite",
    }
    for n in range(12)
]


def write_lines(folder: Path) -> Path:
    file = folder / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return file


def test_lines_whose_database_is_not_there_are_refused(tmp_path: Path) -> None:
    file = write_lines(tmp_path)
    with pytest.raises(InputError, match=r"t\.sqlite"):
        data.prepare(str(file), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_database_beside_the_lines_is_taken_along(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    with closing(sqlite3.connect(tmp_path / "db/t.sqlite")) as connection:
        connection.execute("CREATE TABLE t (a)")
    data.prepare(str(write_lines(tmp_path)), tmp_path / "out")
    assert (tmp_path / "out/db/t.sqlite").is_file()


def test_a_few_lines_whose_database_is_not_there_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    with closing(sqlite3.connect(tmp_path / "db/t.sqlite")) as connection:
        connection.execute("CREATE TABLE t (a)")
    (tmp_path / "db/other.sqlite").write_text("not a database")
    odd = ["db/none.sqlite", "db/other.sqlite", "../x.sqlite", "a\0b"]
    lines = [*LINES, *({**LINES[0], "prompt": name, "completion": name, "db": name} for name in odd)]
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    warnings: list[str] = []
    made = data.prepare(str(file), tmp_path / "out", warn=warnings.append)
    assert sum(made.counts.values()) == len(LINES)
    assert warnings[0].startswith("4 lines left out: the example's database is missing (lines-00013)")


def test_lines_that_lack_their_database_are_counted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^12 lines: the example's database is missing"):
        data.prepare(str(write_lines(tmp_path)), tmp_path / "out")
