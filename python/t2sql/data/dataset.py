"""Examples, the datasets that hold them, and the directories that datasets are kept in."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, WorkError
from t2sql.schema import Schema

SPLITS = ("train", "valid", "test")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Example:
    """A question over a schema and the text a model should answer with.

    `sql` is the gold statement; `db` the SQLite file it runs on, relative to the dataset's directory,
    or None when there are no rows.
    """

    id: str
    question: str
    schema: Schema
    sql: str | None
    db: str | None
    source: str
    prompt: str
    completion: str
    tags: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON line; `prompt` and `completion` first, as other trainers read them."""
        return {
            "prompt": self.prompt,
            "completion": self.completion,
            "id": self.id,
            "question": self.question,
            "schema": self.schema.to_dict(),
            "sql": self.sql,
            "db": self.db,
            "source": self.source,
            "tags": list(self.tags),
        }


class Dataset:
    """A directory of `train.jsonl`, `valid.jsonl` and `test.jsonl`, and the databases beside them."""

    def __init__(self, path: Path, splits: dict[str, list[Example]]) -> None:
        self.path = path
        self._splits = splits

    @property
    def train(self) -> list[Example]:
        return self.split("train")

    @property
    def valid(self) -> list[Example]:
        return self.split("valid")

    @property
    def test(self) -> list[Example]:
        return self.split("test")

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(examples) for name, examples in self._splits.items()}

    def split(self, name: str) -> list[Example]:
        if name not in SPLITS:
            raise InputError("no such split", where=self.path, expected=" or ".join(SPLITS), found=repr(name))
        where = self.path / f"{name}.jsonl"
        if name not in self._splits:
            raise InputError(f"the dataset has no {name} split", where=where, expected="a file of JSON lines")
        if not self._splits[name]:
            raise InputError(f"the {name} split is empty", where=where, expected="at least one line")
        return self._splits[name]

    def db_path(self, example: Example) -> Path | None:
        """The SQLite file of an example, which must lie in the dataset's directory."""
        if example.db is None:
            return None
        path = self.path / example.db
        if Path(example.db).is_absolute() or ".." in Path(example.db).parts:
            raise InputError(
                "the example's database lies outside the dataset", where=example.id, found=example.db
            )
        if not path.is_file():
            raise InputError("the example's database is missing", where=example.id, expected=path)
        return path

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the split files and the databases that the examples name."""
        names = [f"{name}.jsonl" for name in SPLITS if name in self._splits]
        names += sorted({e.db for examples in self._splits.values() for e in examples if e.db is not None})
        digest = hashlib.sha256()
        for name in names:
            file = self.path / name
            content = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "missing"
            digest.update(f"{name}\0{content}\n".encode())
        return digest.hexdigest()


def load(path: Path) -> Dataset:
    """Read a directory of JSONL splits in any accepted line format."""
    from t2sql.data.lines import read_split

    path = Path(path)
    if not path.is_dir():
        raise InputError("no such dataset", where=path, expected="a directory with train.jsonl")
    files = {name: path / f"{name}.jsonl" for name in SPLITS}
    splits = {name: read_split(file, name) for name, file in files.items() if file.is_file()}
    if not splits:
        found = ", ".join(sorted(entry.name for entry in path.iterdir())[:5]) or "an empty directory"
        expected = ", ".join(f"{name}.jsonl" for name in SPLITS)
        raise InputError("no split in the dataset", where=path, expected=expected, found=found)
    return Dataset(path, splits)


def write_jsonl(path: Path, examples: list[Example]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in examples:
            file.write(json.dumps(example.to_dict(), ensure_ascii=False) + "\n")


def write_dataset(
    folder: Path, splits: dict[str, list[Example]], *, source: str, version: str | None, seed: int
) -> None:
    """The split files, `dataset.json` that says where they come from, and no database without examples."""
    used = {example.db for examples in splits.values() for example in examples}
    for file in sorted(folder.glob("db/*.sqlite")):
        if file.relative_to(folder).as_posix() not in used:
            file.unlink()
    for name, examples in splits.items():
        write_jsonl(folder / f"{name}.jsonl", examples)
    about: dict[str, Any] = {"source": source, "version": version, "seed": seed}
    about["counts"] = {name: len(examples) for name, examples in splits.items()}
    (folder / "dataset.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


@contextmanager
def new_directory(out: Path, *, force: bool) -> Iterator[Path]:
    """A directory to build in, beside `out`; it takes `out`'s place when the block ends well."""
    if out.exists() and not force:
        raise InputError("the output exists", where=out, hint="Use --force to replace it")
    building = out.parent / f".{out.name}.tmp-{os.getpid()}"
    old = out.parent / f".{out.name}.old-{os.getpid()}"
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        yield building
        if out.exists():
            os.replace(out, old)
        os.replace(building, out)
    except OSError as error:
        kind = WorkError if error.errno == errno.ENOSPC else InputError
        raise kind("the dataset cannot be written", where=out, found=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
        if old.exists() and not out.exists():
            os.replace(old, out)
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        elif old.exists():
            old.unlink()
