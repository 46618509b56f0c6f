"""Rows as text, CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import datetime
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from t2sql.errors import InputError
from t2sql.live import format_rows, printable, write_file
from t2sql.sql import Result

ROWS: list[tuple[Any, ...]] = [
    (1, 'say "hi", Ann', Decimal("19.90"), datetime.date(2024, 1, 5), b"\x00\xff", float("nan"), None),
    (2, "two\nlines", Decimal("5.00"), datetime.date(2024, 2, 5), b"", 2.5, True),
]
RESULT = Result(("id", "name", "total", "day", "raw", "x", "x"), ROWS, False, 0.0)


def test_csv_reads_back() -> None:
    rows = list(csv.reader(io.StringIO(format_rows(RESULT, "csv"))))
    assert rows[0] == list(RESULT.columns)
    assert rows[1] == ["1", 'say "hi", Ann', "19.90", "2024-01-05", "00ff", "nan", ""]
    assert rows[2][1] == "two\nlines"


def test_json_has_no_value_that_json_has_not() -> None:
    def refuse(name: str) -> Any:
        raise AssertionError(name)

    document = json.loads(format_rows(RESULT, "json"), parse_constant=refuse)
    assert document["columns"] == list(RESULT.columns)
    assert document["rows"][0] == [1, 'say "hi", Ann', "19.90", "2024-01-05", "00ff", "nan", None]


def test_parquet_keeps_types_and_reads_back(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_file(RESULT, tmp_path / "rows.parquet", "parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == ["id", "name", "total", "day", "raw", "x", "x_2"]
    assert table.column("total").to_pylist() == [Decimal("19.90"), Decimal("5.00")]
    assert table.column("day").to_pylist() == [datetime.date(2024, 1, 5), datetime.date(2024, 2, 5)]


def test_parquet_takes_columns_of_mixed_types_and_no_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    mixed = Result(("a",), [(1,), ("x",), (2**70,), (None,)], False, 0.0)
    write_file(mixed, tmp_path / "mixed.parquet", "parquet")
    assert parquet.read_table(tmp_path / "mixed.parquet").column("a").to_pylist() == [
        "1",
        "x",
        str(2**70),
        None,
    ]
    write_file(Result(("a",), [], False, 0.0), tmp_path / "none.parquet", "parquet")
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_a_file_that_exists_is_kept_without_force(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        write_file(RESULT, path, "csv")
    assert path.read_text() == "mine"
    write_file(RESULT, path, "csv", force=True)
    assert path.read_text().startswith("id,name")
    assert [p.name for p in tmp_path.iterdir()] == ["rows.csv"]


def test_nothing_in_a_value_steers_a_terminal() -> None:
    assert printable("\x1b[2Jgone\u202e\n") == "\\x1b[2Jgone\\u202e\\n"
    assert printable(None) == ""
    assert len(printable("x" * 1000)) == 80
