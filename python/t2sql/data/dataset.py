"""A dataset's directory: reading its splits, finding its databases, and its fingerprint."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

from t2sql.data.example import REMEMBERED_TAG, SPLITS, Example, Splits
from t2sql.data.example_files import read_examples
from t2sql.data.info import read_prompt_format
from t2sql.data.left_out import LeftOut
from t2sql.errors import InputError
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat


class Dataset:
    """A directory with `train.jsonl`, `valid.jsonl` and `test.jsonl`, and the databases beside them.

    Attributes:
        path: The directory.
        prompt_format: The format of the examples' prompts.
    """

    def __init__(self, path: Path, splits: Splits, prompt_format: PromptFormat = DEFAULT_FORMAT) -> None:
        """Describe a directory whose splits have been read; see `load`.

        Args:
            path: The directory.
            splits: The examples of the splits whose files exist.
            prompt_format: The format of the examples' prompts.
        """
        self.path = path
        self.prompt_format = prompt_format
        self._splits = splits

    @property
    def train(self) -> list[Example]:
        """The training split; see `split`."""
        return self.split("train")

    @property
    def valid(self) -> list[Example]:
        """The validation split; see `split`."""
        return self.split("valid")

    @property
    def test(self) -> list[Example]:
        """The test split; see `split`."""
        return self.split("test")

    @property
    def counts(self) -> dict[str, int]:
        """The number of examples in each split whose file exists."""
        return {name: len(examples) for name, examples in self._splits.items()}

    @property
    def remembered(self) -> int:
        """The number of training examples that are answers which the user confirmed."""
        return sum(REMEMBERED_TAG in example.tags for example in self._splits.get("train", ()))

    def split(self, name: str) -> list[Example]:
        """Return the examples of a split, at least one.

        Args:
            name: One of `SPLITS`.

        Raises:
            InputError: There is no such split, or it is empty.
        """
        if name not in SPLITS:
            raise InputError("no such split", where=self.path, expected=" or ".join(SPLITS), found=repr(name))
        where = self.path / f"{name}.jsonl"
        if name not in self._splits:
            raise InputError(f"the dataset has no {name} split", where=where, expected="a file of JSON lines")
        if not self._splits[name]:
            raise InputError(f"the {name} split is empty", where=where, expected="at least one line")
        return self._splits[name]

    def db_path(self, example: Example) -> Path | None:
        """Return the SQLite file of an example; None if the example has no database.

        Raises:
            InputError: The file is missing, or lies outside the dataset's directory.
        """
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
        """The SHA-256 over the split files and the databases that the examples name, in hexadecimal."""
        names = [f"{name}.jsonl" for name in SPLITS if name in self._splits]
        names += sorted({e.db for examples in self._splits.values() for e in examples if e.db is not None})
        digest = hashlib.sha256()
        for name in names:
            file = self.path / name
            content = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "missing"
            digest.update(f"{name}\0{content}\n".encode())
        return digest.hexdigest()


def load(path: Path, *, split: str | None = None) -> Dataset:
    """Read a directory of JSONL splits, with lines in any of the accepted formats.

    Args:
        path: The directory.
        split: The only split that is read, if it is there; by default all are.

    Raises:
        InputError: The directory does not exist or has no split, or a line cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError("no such dataset", where=path, expected="a directory with train.jsonl")
    files = {name: path / f"{name}.jsonl" for name in SPLITS}
    strict = LeftOut(strict=True)
    source = path.resolve().name
    splits = {
        name: read_examples(file, name, source, strict)
        for name, file in files.items()
        if split in (None, name) and file.is_file()
    }
    if not splits and not any(file.is_file() for file in files.values()):
        names = ", ".join(sorted(entry.name for entry in path.iterdir())[:5]) or "an empty directory"
        expected = ", ".join(f"{name}.jsonl" for name in SPLITS)
        raise InputError("no split in the dataset", where=path, expected=expected, found=names)
    return Dataset(path, splits, read_prompt_format(path))
