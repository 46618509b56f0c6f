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
from t2sql.live import format_rows, write_file
from t2sql.sql import Result, printable
from t2sql.text import width

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
    assert width(printable("x" * 1000)) == width(printable("日本語" * 100)) + 1 == 80


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "NULL"),
        ("", ""),
        (True, "true"),
        ({"a": 1, "b": None}, '{"a": 1, "b": null}'),
        ([Decimal("1.50"), None], '["1.50", null]'),
        ([datetime.date(2024, 1, 1)], '["2024-01-01"]'),
        (Decimal("2.0000000000000000"), "2.0"),
        (Decimal("2.3333333333333333"), "2.3333333333333333"),
        (Decimal("19.90"), "19.90"),
        (Decimal("0E-20"), "0.0"),
        (Decimal("-0E-4"), "-0.0000"),
        (0.1 + 0.2, "0.3"),
        (2.0, "2.0"),
        (float("inf"), "inf"),
        (b"\x00\xff", "x'00ff'"),
        ("می\u200cخواهم 👩\u200d👩\u200d👧", "می\u200cخواهم 👩\u200d👩\u200d👧"),
    ],
)
def test_a_value_as_people_see_it(value: Any, shown: str) -> None:
    assert printable(value) == shown


def test_csv_tells_null_from_an_empty_text_and_writes_lists_as_json() -> None:
    result = Result(("a", "b"), [(None, ""), ({"k": [1, None]}, True), (" x", 0.1 + 0.2)], False, 0.0)
    assert format_rows(result, "csv").split("\n") == [
        "a,b",
        ',""',
        '"{""k"": [1, null]}",true',
        '" x",0.30000000000000004',
    ]


def test_json_keeps_integers_that_many_readers_would_round() -> None:
    result = Result(("a",), [(2**53 - 1,), (-(2**63),), ([2**60],)], False, 0.0)
    rows = json.loads(format_rows(result, "json"))["rows"]
    assert rows == [[2**53 - 1], [str(-(2**63))], [[str(2**60)]]]


def test_json_has_control_characters_as_escapes_alone() -> None:
    written = format_rows(Result(("\x9b",), [("\u202e",)], False, 0.0), "json")
    assert written.isascii() and json.loads(written) == {"columns": ["\x9b"], "rows": [["\u202e"]]}
