"""What killed processes leave is swept by the next; what a living process works on is not touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from t2sql import leftovers
from t2sql.cache import temporary_folder
from t2sql.files import output_directory, write_text
from t2sql.ownership import DATASET

IN_THE_CACHE = """
import sys
from t2sql.cache import temporary_folder
with temporary_folder("scoring") as folder:
    (folder / "model.safetensors").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    sys.stdin.read()
"""
DATASET_OUT = """
import sys
from pathlib import Path
from t2sql.files import output_directory
from t2sql.ownership import DATASET
with output_directory(Path(sys.argv[1]), DATASET) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def begin(code: str, *arguments: str) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_killed_processs_folder_in_the_cache_is_swept_and_a_living_ones_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path))
    dead, left = begin(IN_THE_CACHE)
    living, kept = begin(IN_THE_CACHE)
    try:
        kill(dead)
        assert left.is_dir()
        with temporary_folder("loading") as mine:
            assert not left.exists() and sorted(tmp_path.iterdir()) == sorted([kept, mine])
    finally:
        kill(living)


def test_folders_of_0_1_0_are_swept_when_a_day_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path))
    for name in (
        ".scoring-abc12_xy",
        ".loading-abcdefgh",
        ".scoring-fresh123",
        "models",
        ".scoring-notes.txt",
    ):
        (tmp_path / name).mkdir()
    for name in (".scoring-abc12_xy", ".loading-abcdefgh", "models", ".scoring-notes.txt"):
        os.utime(tmp_path / name, (0, 0))
    with temporary_folder("loading"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".scoring-fresh123", "models", ".scoring-notes.txt"}


def test_unfinished_output_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    dead, left = begin(DATASET_OUT, str(tmp_path / "data"))
    kill(dead)
    assert left.is_dir()
    write_text(tmp_path / "other.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]


def test_names_as_0_1_0_wrote_them_are_swept_in_our_own_folders_only(tmp_path: Path) -> None:
    dead, _ = begin(DATASET_OUT, str(tmp_path / "x" / "data"))
    kill(dead)
    left = tmp_path / f".data.tmp-{dead.pid}-0"
    left.mkdir()
    leftovers.sweep(tmp_path)
    assert left.exists()
    leftovers.sweep(tmp_path, own=True)
    assert not left.exists()


def test_output_that_was_only_put_aside_comes_back(tmp_path: Path) -> None:
    dead, left = begin(DATASET_OUT, str(tmp_path / "data"))
    kill(dead)
    (left / "dataset.json").write_text("whole")
    left.rename(left.with_name(left.name.replace(".tmp-", ".old-")))
    leftovers.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert (tmp_path / "data" / "dataset.json").read_text() == "whole"


def test_link_with_such_a_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / ".x.tmp-1-0").symlink_to(tmp_path / "precious")
    leftovers.sweep(tmp_path, own=True)
    assert (tmp_path / ".x.tmp-1-0").is_symlink() and (tmp_path / "precious").is_dir()


def test_folder_that_is_being_filled_survives_another_output(tmp_path: Path) -> None:
    with output_directory(tmp_path / "data", DATASET) as building:
        write_text(tmp_path / "other.txt", "x")
        assert building.is_dir()
    assert (tmp_path / "data").is_dir()
