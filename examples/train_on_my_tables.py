"""Tune a model on questions made from your database.

    python examples/train_on_my_tables.py sqlite:///shop.db runs/shop model=demo minutes=20

Settings are those of `t2sql run`. Started again with the same directory it goes on where it was stopped.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from t2sql import pipeline
from t2sql.pipeline import prepare_run


def main() -> None:
    """Make questions from the database, train, convert, compare, and name the files."""
    url, out, *settings = sys.argv[1:]
    given = {"data": url, "preset": "quick"} | dict(map(setting, settings))
    run, resolved = prepare_run(Path(out), given, say=print)
    pipeline.execute(run, resolved, say=print)
    for file in sorted(Path(out, "gguf").glob("*.gguf")):
        print(file)


def setting(text: str) -> tuple[str, object]:
    """A setting's name and value; what is no JSON is a text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    main()
