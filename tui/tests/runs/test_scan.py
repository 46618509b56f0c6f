"""Finding runs: what changed is read again, what did not is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from app_support.made_runs import make_run

from t2sql import runs
from t2sql.runs import records
from t2sql_tui.runs.scan import Scanner


def test_only_changed_runs_are_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        make_run(root, name, steps=20)
    scanner = Scanner(root)
    assert {run.name for run in scanner.scan()} == {"a", "b", "c"}
    read: list[str] = []
    summarize = runs.summarize
    monkeypatch.setattr(runs, "summarize", lambda path: read.append(path.name) or summarize(path))
    assert not list(scanner.scan())
    assert not read
    run = runs.open_run(root / "b")
    with run.lock():
        run.emit("train", records.TrainEvent(step=30, loss=0.01))
        assert [(one.name, one.state) for one in scanner.scan()] == [("b", "running")]
    assert [one.name for one in scanner.scan()] == ["b"]
    assert set(read) == {"b"}


def test_removed_runs_go_away(root: Path) -> None:
    make_run(root, "a", steps=20)
    scanner = Scanner(root)
    list(scanner.scan())
    shutil.rmtree(root / "a")
    assert not list(scanner.scan())
    assert not scanner.summaries


def test_a_root_that_is_not_there_holds_no_runs(tmp_path: Path) -> None:
    assert not list(Scanner(tmp_path / "nowhere").scan())


def test_directories_that_are_not_runs_are_left_out(root: Path) -> None:
    (root / "notes").mkdir()
    (root / "file").write_text("x")
    (root / "dangling").symlink_to(root / "gone")
    assert not list(Scanner(root).scan())


def test_a_broken_run_is_listed_with_its_problem(root: Path) -> None:
    run = make_run(root, "half", steps=20)
    (run.path / "stages.json").write_text("{")
    (summary,) = Scanner(root).scan()
    assert summary.state == "unreadable"
    assert "stages" in str(summary.problem)
