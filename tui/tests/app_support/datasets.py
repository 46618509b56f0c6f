"""Training data and a database for tests that start real runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

SIZES = {"train": 40, "valid": 8, "test": 8}


def write_examples(folder: Path) -> Path:
    """A directory of JSONL files with prompts and completions about one table.

    Args:
        folder: The directory to make.

    Returns:
        The directory.
    """
    folder.mkdir()
    for split, count in SIZES.items():
        lines = [
            {
                "prompt": f"table: goods\ncolumns: name, price\nQ: What costs {n}?\nA: ",
                "completion": f"SELECT name FROM goods WHERE price = {n}",
            }
            for n in range(count)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def write_shop(path: Path) -> Path:
    """An SQLite file with five goods and their prices."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE goods (name TEXT, price INTEGER)")
        connection.executemany("INSERT INTO goods VALUES (?, ?)", [(f"thing {n}", n) for n in range(5)])
    return path
