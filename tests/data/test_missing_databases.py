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
