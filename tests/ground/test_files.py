"""Outputs that are whole or not there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from t2sql import files
from t2sql.errors import InputError, WorkError
from t2sql.ownership import DATASET, MODEL, OutputKind


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


def dataset(path: Path) -> Path:
    path.mkdir()
    (path / "dataset.json").write_text('{"source": "demo", "version": null, "seed": 0, "counts": {}}')
    (path / "train.jsonl").write_text("old")
    return path


def test_a_directory_takes_the_place_of_another_of_its_kind(tmp_path: Path) -> None:
    out = dataset(tmp_path / "data")
    with files.output_directory(out, DATASET, force=True) as building:
        (building / "dataset.json").write_text("{}")
    assert [entry.name for entry in out.iterdir()] == ["dataset.json"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("path", [".", "../data", "../data/../data"])
def test_a_directory_is_replaced_by_whatever_path_it_is_named(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dataset(tmp_path / "data"))
    with files.output_directory(Path(path), DATASET, force=True) as building:
        (building / "dataset.json").write_text("{}")
    assert [entry.name for entry in (tmp_path / "data").iterdir()] == ["dataset.json"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (DATASET, "letters", "precious"),
        (DATASET, "dataset.json", '{"name": "mine"}'),
        (DATASET, "dataset.json", "[" * 100_000),
        (MODEL, "config.json", '{"model_type": "llama"}'),
        (MODEL, "config.json", '{"t2sql": true}'),
        (MODEL, "README.md", "# Mine"),
    ],
)
def test_a_directory_that_t2sql_did_not_write_is_not_replaced(
    kind: OutputKind, name: str, text: str, tmp_path: Path
) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / name).write_text(text)
    with pytest.raises(InputError, match=f"not a {kind.name}"), files.output_directory(out, kind, force=True):
        pytest.fail("nothing may be built")
    assert (out / name).read_text() == text


def test_other_files_in_a_directory_of_ours_are_named_and_keep_it(tmp_path: Path) -> None:
    out = dataset(tmp_path / "data")
    (out / "precious.txt").write_text("precious")
    with pytest.raises(InputError, match=r"precious\.txt"), files.output_directory(out, DATASET, force=True):
        pytest.fail("nothing may be built")
    assert (out / "precious.txt").is_file()


def test_a_file_and_a_link_are_not_replaced_by_a_directory(tmp_path: Path) -> None:
    whole = dataset(tmp_path / "data")
    (tmp_path / "file").write_text("precious")
    (tmp_path / "link").symlink_to(whole)
    for name in ("file", "link"):
        with pytest.raises(InputError), files.output_directory(tmp_path / name, DATASET, force=True):
            pytest.fail("nothing may be built")
    assert (tmp_path / "file").read_text() == "precious" and (whole / "train.jsonl").read_text() == "old"


def test_a_failed_directory_leaves_the_old_one(tmp_path: Path) -> None:
    out = dataset(tmp_path / "data")
    with pytest.raises(ZeroDivisionError), files.output_directory(out, DATASET, force=True):
        raise ZeroDivisionError
    assert (out / "train.jsonl").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_is_no_wrong_input() -> None:
    full = files.write_error("dataset", Path("x"), OSError(errno.ENOSPC, "No space left on device"))
    denied = files.write_error("dataset", Path("x"), OSError(errno.EACCES, "Permission denied"))
    assert isinstance(full, WorkError) and isinstance(denied, InputError)


def test_errors_name_the_output_and_not_the_place_where_it_is_built(tmp_path: Path) -> None:
    out = tmp_path / "data"
    with pytest.raises(InputError) as caught, files.output_directory(out, DATASET) as building:
        raise InputError("a wrong line", where=building / "train.jsonl")
    assert str(caught.value) == f"a wrong line ({out / 'train.jsonl'})"
    with pytest.raises(OSError) as full, files.output_directory(out, DATASET) as building:
        raise OSError(errno.ENOSPC, "No space left on device", str(building / "db"))
    assert full.value.filename == str(out / "db")
    with pytest.raises(OSError) as copying, files.output_directory(out, DATASET) as building:
        raise OSError(errno.ENOSPC, "No space left on device", "source.txt", None, str(building / "a.txt"))
    assert copying.value.filename == str(out)
    assert str(files.write_error("dataset", out, full.value)).endswith("Free some space and run it again")
