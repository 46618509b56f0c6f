"""Files of examples: their records as examples, and the databases that they name."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from t2sql.data.example import Example
from t2sql.data.formats import read_example
from t2sql.data.left_out import LeftOut
from t2sql.data.record_files import read_rows
from t2sql.errors import InputError

_SQLITE_HEADER = b"SQLite format 3\x00"


def read_examples(path: Path, name: str, source: str, left_out: LeftOut) -> list[Example]:
    """Read a file of examples.

    Args:
        path: The file.
        name: With which the ids of examples begin that have none, such as the split's name.
        source: The source of examples that name none.
        left_out: Counts the lines that cannot be read.

    Raises:
        InputError: The file cannot be read, or none of its lines.
        MissingPartError: It is a Parquet file, and pyarrow is not installed.
    """
    examples: list[Example] = []
    ids: set[str] = set()
    before = left_out.count
    for row in read_rows(path, left_out):
        example_id = f"{name}-{row.number:05d}"
        with left_out.line():
            example = read_example(row.value, row.where, example_id, source)
            if example.id in ids:
                # Scores go by the id: two questions with one id could not be told apart.
                example = replace(example, id=f"{example.id}-{row.number}")
            ids.add(example.id)
            examples.append(example)
    left_out.check_some(len(examples), before)
    return examples


def with_databases(examples: Iterable[Example], base: Path, folder: Path, left_out: LeftOut) -> list[Example]:
    """Copy the databases that examples name, each once, and leave out examples whose database is not there.

    Args:
        examples: The examples.
        base: The directory that the names of the databases are relative to.
        folder: The directory of the new dataset.
        left_out: Counts the examples that are left out.

    Raises:
        InputError: Half of the examples or more would be left out.
    """
    examples = list(examples)
    names = Counter(example.db for example in examples if example.db is not None)
    refused = {name: error for name in names if (error := _copy(name, base, folder)) is not None}
    if not refused:
        return examples
    lines = sum(names[name] for name in refused)
    first = next(iter(refused.values()))
    if 2 * lines >= len(examples):
        raise InputError(
            f"{lines} line{'' if lines == 1 else 's'}: {first.what}",
            where=first.where,
            expected=first.expected,
            found=first.found or (f"{len(refused)} such databases" if len(refused) > 1 else None),
            hint='Put it there, or leave "db" out of the lines',
        )
    kept = []
    for example in examples:
        with left_out.line():
            if example.db is not None and example.db in refused:
                error = refused[example.db]
                raise InputError(error.what, where=example.id, expected=error.expected, found=error.found)
            kept.append(example)
    return kept


def _copy(name: str, base: Path, folder: Path) -> InputError | None:
    """Copy a database; the error if it cannot be taken."""
    relative = Path(name)
    source = base / relative
    if relative.is_absolute() or ".." in relative.parts:
        return InputError("the example's database lies outside the dataset", where=base, found=name)
    try:
        with source.open("rb") as file:
            head = file.read(len(_SQLITE_HEADER))
    except (OSError, ValueError) as error:
        found = None if isinstance(error, FileNotFoundError) else str(error)
        return InputError("the example's database is missing", where=base, expected=source, found=found)
    if head and head != _SQLITE_HEADER:
        return InputError("the example's database is not SQLite's", where=source)
    target = folder / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return None
