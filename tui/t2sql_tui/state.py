"""What the app remembers between starts: the last choices, and the questions that were asked."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t2sql_tui import clock

MOST_QUESTIONS = 1000
_LONGEST_FILE = 8 << 20


@dataclass(frozen=True)
class Asked:
    """A question that was answered. `source` is without passwords."""

    time: float
    question: str
    sql: str
    model: str
    source: str


def folder() -> Path:
    """`$T2SQL_STATE`, or the user's directory for state."""
    chosen = os.environ.get("T2SQL_STATE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_state_path

    return user_state_path("t2sql", appauthor=False)


def load() -> dict[str, Any]:
    """The last choices; empty where there are none, or where the file cannot be read."""
    try:
        found = json.loads((folder() / "tui.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save(**changes: Any) -> None:
    """Remember these choices beside the others. The app works on where it cannot write."""
    _write(folder() / "tui.json", json.dumps(load() | changes, indent=2))


def questions() -> list[Asked]:
    """What was asked, the latest first; lines that are no such entry are passed over."""
    entries: list[Asked] = []
    for line in _lines():
        try:
            entries.append(Asked(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return entries[::-1]


def remember(question: str, sql: str, model: str, source: str) -> None:
    """Add a question; the oldest are dropped beyond `MOST_QUESTIONS`."""
    entry = json.dumps(asdict(Asked(clock.now(), question, sql, model, source)), ensure_ascii=False)
    _write(folder() / "questions.jsonl", "\n".join([*_lines(), entry][-MOST_QUESTIONS:]) + "\n")


def _lines() -> list[str]:
    path = folder() / "questions.jsonl"
    try:
        if path.stat().st_size > _LONGEST_FILE:
            return []
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _write(path: Path, text: str) -> None:
    # The temporary file is readable by its owner only, and so is what it becomes.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError:
        return
