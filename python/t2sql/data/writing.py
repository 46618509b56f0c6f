"""Writing a dataset's directory: as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2sql.data.example import Example, Splits
from t2sql.data.info import INFO_FILE, DatasetInfo
from t2sql.files import output_directory, write_error, write_json
from t2sql.ownership import DATASET
from t2sql.plain import JsonObject


@contextmanager
def dataset_directory(out: Path, *, force: bool) -> Iterator[Path]:
    """Provide a directory to fill; it becomes `out` when the block ends without an error.

    Args:
        out: The dataset's directory.
        force: Whether to replace a dataset that is there.

    Raises:
        InputError: `out` exists and may not be replaced, or the directory cannot be written.
        WorkError: The disk is full.
    """
    try:
        with output_directory(out, DATASET, force=force) as folder:
            yield folder
    except OSError as error:
        raise write_error("dataset", out, error) from error


def write_dataset(folder: Path, splits: Splits, info: DatasetInfo) -> None:
    """Write the split files and `dataset.json`, and delete the databases that no example runs on.

    Args:
        folder: A directory whose folder `db` holds the databases.
        splits: The examples of each split.
        info: Where they come from.
    """
    used = {example.db for examples in splits.values() for example in examples}
    for file in sorted(folder.glob("db/*.sqlite")):
        if file.relative_to(folder).as_posix() not in used:
            file.unlink()
    for name, examples in splits.items():
        _write_lines(folder / f"{name}.jsonl", examples)
    (folder / INFO_FILE).write_text(
        json.dumps(info.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )


def note_grammar(folder: Path, coverage: JsonObject) -> None:
    """Add to a dataset's `dataset.json` how many of its gold statements the grammar can write.

    Args:
        folder: The dataset's directory.
        coverage: The numbers.

    Raises:
        InputError: The file cannot be written.
        WorkError: The disk is full.
    """
    path = folder / INFO_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        write_json(path, {**document, "grammar": coverage})
    except OSError as error:
        raise write_error("dataset", path, error) from error


def _write_lines(path: Path, examples: list[Example]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in examples:
            file.write(json.dumps(example.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")
