"""`runs rm`: what t2sql can prove that it made, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.reported_run import make_reported_run

from t2sql import runs
from t2sql.cli import run as command_line
from t2sql.errors import InputError, WorkError

FIXTURE = Path(__file__).parents[1] / "fixtures" / "run-0.1.0"


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("config", ['title="x"', "", "[t2sql]\nrun_format = 1\n", "not toml ="])
def test_folder_with_any_config_is_left_alone(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "proj"
    project.mkdir()
    (project / "config.toml").write_text(config)
    (project / "precious.txt").write_text("precious")
    before = content(project)
    assert command_line(["runs", "rm", str(project)]) == 2
    err = capsys.readouterr().err
    assert content(project) == before and str(project) in err and "expected config.toml" in err


def test_copy_of_a_runs_config_makes_no_run(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "r")
    project = tmp_path / "proj"
    (project / "data").mkdir(parents=True)
    (project / "data" / "train.jsonl").write_text("precious")
    shutil.copy(run.layout.config, project / "config.toml")
    assert command_line(["runs", "rm", str(project)]) == 2
    assert (project / "data" / "train.jsonl").read_text() == "precious"


def test_run_is_removed_wholly(tmp_path: Path) -> None:
    make_reported_run(tmp_path / "r")
    assert command_line(["runs", "rm", str(tmp_path / "r")]) == 0
    assert list(tmp_path.iterdir()) == []


def test_run_of_0_1_0_is_removed(tmp_path: Path) -> None:
    shutil.copytree(FIXTURE, tmp_path / "quick")
    assert command_line(["runs", "rm", str(tmp_path / "quick")]) == 0
    assert list(tmp_path.iterdir()) == []


def test_other_files_in_a_run_are_named_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "train.jsonl").write_text("precious")
    run = make_reported_run(tmp_path / "r")
    (run.path / "precious.txt").write_text("precious")
    (run.layout.checkpoints / "notes.md").write_text("precious")
    (run.path / "data").symlink_to(outside)
    assert command_line(["runs", "rm", str(run.path)]) == 0
    err = capsys.readouterr().err
    left = sorted(p.relative_to(run.path).as_posix() for p in run.path.rglob("*"))
    assert left == ["checkpoints", "checkpoints/notes.md", "data", "precious.txt"]
    assert all(str(run.path / name) in err for name in ("precious.txt", "checkpoints/notes.md", "data"))
    assert content(outside) == {"train.jsonl": b"precious"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["outside", "r"]


def test_link_to_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_reported_run(tmp_path / "r")
    before = content(run.path)
    (tmp_path / "link").symlink_to(run.path)
    assert command_line(["runs", "rm", str(tmp_path / "link")]) == 2
    assert "symbolic link" in capsys.readouterr().err
    assert content(run.path) == before and (tmp_path / "link").is_symlink()


def test_run_is_refused_as_a_whole_with_others(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "r")
    (tmp_path / "other").mkdir()
    assert command_line(["runs", "rm", str(run.path), str(tmp_path / "other")]) == 2
    assert runs.is_run(run.path) and (tmp_path / "other").is_dir()


KILLED = """
import os, signal, sys
from pathlib import Path
from t2sql import leftovers, runs
from t2sql.runs import directories
directories.remove = lambda path: os.kill(os.getpid(), signal.SIGKILL)
runs.remove_run(Path(sys.argv[1]))
"""


def test_removal_that_was_killed_is_ended_by_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_reported_run(tmp_path / "r")
    subprocess.run([sys.executable, "-c", KILLED, str(run.path)], check=False)
    assert [path.name.startswith(".r.removing-") for path in tmp_path.iterdir()] == [True]
    assert command_line(["runs", "rm", str(run.path)]) == 0
    assert "killed commands left" in capsys.readouterr().err and list(tmp_path.iterdir()) == []
    assert command_line(["runs", "rm", str(run.path)]) == 2


def test_removal_that_fails_names_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_reported_run(tmp_path / "r")

    def fail(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path / "events.jsonl"))

    with monkeypatch.context() as patch:
        patch.setattr("t2sql.runs.directories.remove", fail)
        with pytest.raises(WorkError, match=r"\.r\.removing-.*events\.jsonl.*not permitted"):
            runs.remove_run(run.path)


def test_force_over_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj" / "config.toml").write_text('title="x"')
    with pytest.raises(InputError, match="not a run directory"), runs.replacing(tmp_path / "proj"):
        raise AssertionError
    assert (tmp_path / "proj" / "config.toml").read_text() == 'title="x"'
