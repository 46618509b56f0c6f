"""The files of a directory that hold its splits, by their names."""

from __future__ import annotations

import re
from pathlib import Path

from t2sql.data.example import SPLITS
from t2sql.data.record_files import SUFFIXES, suffix_of
from t2sql.errors import InputError

_WORDS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "eval": "valid",
    "test": "test",
}
"""What data sets call the splits."""

_FOLDERS = ("", "data")
"""Where they are: in the directory itself, or as the hub has them."""

_SHOWN = 5


def find_split_files(path: Path) -> dict[str, list[Path]]:
    """Find the files of each split, such as `train.jsonl`, or the hub's `data/train-00000-of-00002.parquet`.

    Returns:
        The files of each split that has some, in the order of `SPLITS`. A directory with one file of
        examples, which is no split, has that file under the name "".

    Raises:
        InputError: There is no file of examples, or there are several and none is a split.
    """
    exact = {name: [path / f"{name}.jsonl"] for name in SPLITS if (path / f"{name}.jsonl").is_file()}
    if exact:
        return exact
    others: list[Path] = []
    for folder in _FOLDERS:
        files = sorted(file for file in (path / folder).glob("*") if file.is_file())
        files = [file for file in files if suffix_of(file) in SUFFIXES and file.name not in _NOT_EXAMPLES]
        found: dict[str, list[Path]] = {name: [] for name in SPLITS}
        for file in files:
            splits = {_WORDS[word] for word in re.findall(r"[a-z]+", file.stem.lower()) if word in _WORDS}
            if len(splits) == 1:
                found[splits.pop()].append(file)
        if any(found.values()):
            return {name: list_of_files for name, list_of_files in found.items() if list_of_files}
        others += files
    if len(others) == 1:
        return {"": others}
    names = ", ".join(file.name for file in others[:_SHOWN])
    if not names:
        names = ", ".join(sorted(entry.name for entry in path.iterdir())[:_SHOWN]) or "an empty directory"
    raise InputError(
        "no split in the directory",
        where=path,
        expected=", ".join(f"{name}.jsonl" for name in SPLITS),
        found=names,
        hint="Name one of the files as the source; it is split" if others else None,
    )


_NOT_EXAMPLES = ("dataset.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""What t2sql and Hugging Face's libraries write beside examples."""
