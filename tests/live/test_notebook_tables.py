"""Results and answers in a notebook, and as tables of other libraries."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from support import backends, databases

import t2sql
from t2sql.errors import InputError
from t2sql.generate import Asker, Generation, Timings
from t2sql.live import ask_database, open_database
from t2sql.sql import Result

RESULT = Result(("id", "<b>", "id"), [(1, "<script>\x1b", None), (2, "x", 0.5)], True, 0.1)


def test_a_result_shows_as_a_table_with_everything_escaped() -> None:
    html = RESULT._repr_html_()
    assert "<th>&lt;b&gt;</th>" in html and "<td>&lt;script&gt;\\x1b</td>" in html
    assert "<td>NULL</td>" in html and "2 or more rows" in html


def test_a_long_result_shows_its_first_rows() -> None:
    html = Result(("n",), [(n,) for n in range(200)], False, 0.1)._repr_html_()
    assert html.count("<tr>") == 51 and "200 rows, the first 50" in html


def test_an_answer_shows_its_statement_and_how_sure_it_is() -> None:
    generation = Generation("SELECT '<i>'", 1, 1, 0.1, 0.1, "length")
    answer = t2sql.Answer("", "m", "llama", "cpu", "q8_0", generation, Timings(0, 1, 0, 1, 0))
    html = answer._repr_html_()
    assert "&lt;i&gt;" in html and "<i>" not in html
    assert "uncertain" in html and "cut off" in html


def test_rows_become_a_table_of_arrow() -> None:
    pytest.importorskip("pyarrow", reason="Arrow was not tested: pip install pyarrow")
    table = RESULT.to_arrow()
    assert table.column_names == ["id", "<b>", "id_2"]
    assert table.to_pylist()[1] == {"id": 2, "<b>": "x", "id_2": 0.5}


def test_rows_become_a_table_of_pandas() -> None:
    pytest.importorskip("pandas", reason="pandas was not tested: pip install pandas")
    frame = Result(("day", "n"), [(datetime.date(2024, 1, 2), 3)], False, 0.1).to_pandas()
    assert list(frame.columns) == ["day", "n"] and frame["n"].sum() == 3
    assert RESULT.to_pandas().shape == (2, 3) and Result(("n",), [], False, 0.1).to_pandas().empty


def test_an_answer_over_a_database_has_its_rows(tmp_path: Path, schema_cache: Path) -> None:
    backend = backends.ScriptedBackend(*["SELECT COUNT(*) FROM products"] * 2)
    with open_database(databases.url(databases.shop(tmp_path / "shop.db"))) as database:
        answer = ask_database(Asker(backend), database, "How many products are there?", execute=True)
        asked = ask_database(Asker(backend), database, "How many products are there?")
    assert "<td>40</td>" in answer._repr_html_() and "SELECT COUNT(*)" in answer._repr_html_()
    assert answer.to_arrow().num_rows == 1
    with pytest.raises(InputError, match="no rows"):
        asked.to_arrow()
