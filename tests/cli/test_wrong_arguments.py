"""Wrong arguments in a newcomer's words: what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.reported_run import make_reported_run

from t2sql.cli import run

ROWS_TO = ["ask", "m.gguf", "q", "--db", "sqlite:///shop.db", "--execute", "--format", "csv", "--out"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("words")
    (tmp_path / "empty").mkdir()
    (tmp_path / "shop.db").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert", "", "out.gguf"], "an argument is empty (argument 2 of t2sql, after convert)"),
        (["data", "demo", "--out", ""], "an argument is empty (argument 4 of t2sql, after --out)"),
        (["ask", "", "q", "--table", "t: a"], "the model's name is empty"),
        (["report", "file.txt"], "not a run directory (file.txt): found a file"),
        (["inspect", "file.txt"], "expected GGUF or safetensors, found a file that begins with b'word'"),
        (["inspect", "shop.db"], "found an empty file"),
        (["test", "--adapter", "file.txt"], "no adapter (file.txt)"),
        (["test", "--adapter", "empty"], "found a directory without one"),
        (["score", "nosuch.jsonl", "--data", "empty"], "empty"),
        (
            [*ROWS_TO, "no/x"],
            "no such directory (no)",
        ),
        (
            [*ROWS_TO, "empty"],
            "a folder, where a file",
        ),
        (
            [*ROWS_TO, "file.txt"],
            "--force",
        ),
    ],
)
def test_the_words_name_what_was_given(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert words in err and "Errno" not in err and err.count("\n") == 1


@pytest.mark.parametrize("command", [["runs", "show"], ["report"]])
def test_the_nearest_run_is_named(
    folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_reported_run(folder / "runs" / "demo")
    assert run([*command, "dmeo"]) == 2
    assert (
        "not a run directory (dmeo): found no such directory. Did you mean runs/demo?"
        in capsys.readouterr().err
    )
    assert run([*command, "runs/dem"]) == 2
    assert "Did you mean runs/demo?" in capsys.readouterr().err
    assert run([*command, "else"]) == 2
    assert "t2sql runs list shows the runs" in capsys.readouterr().err


def test_a_list_of_runs_says_where_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    for place, why in (("nosuch", "there is no such directory"), ("file.txt", "it is a file"), ("empty", "")):
        assert run(["runs", "list", place]) == 0
        assert capsys.readouterr().out.strip() == f"no runs in {place}" + (f": {why}" if why else "")
