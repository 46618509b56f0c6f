"""Text of any source in what commands print: nothing in it controls the terminal, nothing is misaligned."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support import databases
from support.backends import ScriptedBackend

from t2sql.cli import run
from t2sql.cli.ask_arguments import RowArguments
from t2sql.cli.database_answers import print_answer
from t2sql.cli.output import Output, table
from t2sql.errors import InputError
from t2sql.generate import Asker
from t2sql.live import RowFormat, open_database
from t2sql.text import visible, width

HOSTILE = "\x1b]0;gone\x07\x9b31m\u202e"


@pytest.fixture()
def url(tmp_path: Path) -> str:
    path = tmp_path / "hostile.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f'CREATE TABLE goods (id INTEGER, "name{HOSTILE}" TEXT)')
        connection.execute("INSERT INTO goods VALUES (1, ?), (2, NULL), (3, '')", (HOSTILE,))
        connection.commit()
    return databases.url(path)


def asked(url: str, sql: str, row_format: RowFormat, json: bool = False) -> None:
    rows = RowArguments(execute=True, row_format=row_format, file=None, force=False, timeout=5.0, max_rows=10)
    with open_database(url) as database:
        print_answer(
            Output(json=json), Asker(ScriptedBackend(reply=lambda request: sql)), database, "?", rows
        )


def test_cells_names_and_statements_are_shown_and_not_obeyed(
    url: str, capsys: pytest.CaptureFixture[str], schema_cache: None
) -> None:
    asked(url, f"SELECT * FROM goods WHERE id < 9 OR \"name{HOSTILE}\" = '{HOSTILE}'", "table")
    out, err = capsys.readouterr()
    assert visible(out + err) == out + err
    assert out.count(r"\x1b]0;gone\x07\x9b31m\u202e") == 4
    assert "NULL" in out


def test_rows_for_programs_are_the_data_and_for_a_terminal_safe(
    url: str, capsys: pytest.CaptureFixture[str], schema_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = f'SELECT "name{HOSTILE}" AS name FROM goods ORDER BY id'
    asked(url, statement, "csv")
    assert capsys.readouterr().out == f'name\n{HOSTILE}\n\n""\n'
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    asked(url, statement, "csv")
    assert capsys.readouterr().out == visible(f'name\n{HOSTILE}\n\n""\n')


def test_json_reads_back_and_is_safe(
    url: str, capsys: pytest.CaptureFixture[str], schema_cache: None
) -> None:
    asked(url, f'SELECT "name{HOSTILE}" FROM goods ORDER BY id', "table", json=True)
    out = capsys.readouterr().out
    assert visible(out) == out
    assert json.loads(out)["rows"] == [[HOSTILE], [None], [""]]


def test_an_error_shows_what_a_name_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ([], ["--debug"], ["--json"]):
        assert run(["inspect", str(tmp_path / f"no{HOSTILE}such.gguf"), *options]) == 2
        out, err = capsys.readouterr()
        assert visible(out + err) == out + err and r"\x1b]0;gone" in err


def test_warnings_and_notes_are_safe(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output()
    for say in (out.note, out.warn, out.line):
        say(f"{InputError(HOSTILE)}")
    with out.progress(HOSTILE) as progress:
        progress._began -= 60
        progress._last_line -= 60
        progress(1, 2, HOSTILE)
    printed = "".join(capsys.readouterr())
    assert visible(printed) == printed and printed.count(r"\x1b") == 5


def test_columns_are_aligned_whatever_the_script() -> None:
    names = ["日本語", "می\u200cخواهم", "👩\u200d👩\u200d👧", "e\u0301a", "plain", "a\tb"]
    lines = table(("name", "n", "x"), [(name, 1, "y") for name in names]).splitlines()
    assert len({width(line) for line in lines}) == 1
    assert len({width(line[: line.rindex(" 1 ")]) for line in lines[1:]}) == 1


def test_interactive_lists_names_safely(
    url: str, demo_gguf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\\d\n"))
    assert run(["ask", str(demo_gguf), "--db", url, "--interactive"]) == 0
    out, err = capsys.readouterr()
    assert visible(out + err) == out + err and r"name\x1b]0;gone" in out
