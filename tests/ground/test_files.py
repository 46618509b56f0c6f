"""Outputs that are whole or not there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from t2sql import files
from t2sql.errors import InputError, WorkError


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1}, indent=None)
    with files.output_file(path) as building:
        building.write_text("new")
        assert path.read_text() == '{"a": 1}\n'
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), files.output_file(path) as building:
        building.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "secret", private=True)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600


def test_an_output_that_exists_is_refused_without_force(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(InputError, match="output exists"):
        files.check_free(tmp_path / "a.txt", force=False)
    files.check_free(tmp_path / "a.txt", force=True)


def test_a_directory_takes_the_place_of_another_of_its_kind(tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "config.json").write_text("{}")
    (out / "old").write_text("")
    with files.output_directory(out, force=True) as building:
        (building / "config.json").write_text("{}")
    assert [entry.name for entry in out.iterdir()] == ["config.json"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_a_directory_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "letters").write_text("")
    with pytest.raises(InputError, match="not a model directory"), files.output_directory(out, force=True):
        pytest.fail("nothing may be built")
    assert (out / "letters").is_file()


def test_a_failed_directory_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "config.json").write_text("old")
    with pytest.raises(ZeroDivisionError), files.output_directory(out, force=True):
        raise ZeroDivisionError
    assert (out / "config.json").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".a.tmp-1").write_text("half")
    (tmp_path / ".b.tmp-2-0").mkdir()
    (tmp_path / ".hidden").write_text("")
    files.remove_unfinished(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [".hidden"]


def test_a_full_disk_is_no_wrong_input() -> None:
    full = files.write_error("dataset", Path("x"), OSError(errno.ENOSPC, "No space left on device"))
    denied = files.write_error("dataset", Path("x"), OSError(errno.EACCES, "Permission denied"))
    assert isinstance(full, WorkError) and isinstance(denied, InputError)
