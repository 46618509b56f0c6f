"""What the app remembers between starts: the last choices, and the questions that were asked."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import platformdirs

from t2sql import files
from t2sql_tui import clock

MOST_QUESTIONS = 1000
_LONGEST_FILE = 8 << 20


@dataclass(frozen=True)
class Choices:
    """What was chosen last on the screen for questions.

    Attributes:
        model: The model, as it was typed.
        second: The second model, or nothing.
        backend: "auto", "llama" or "mlx".
        source: A database or table lines; nothing where it held a password.
    """

    model: str = ""
    second: str = ""
    backend: str = "auto"
    source: str = ""


@dataclass(frozen=True)
class Asked:
    """A question that was answered.

    Attributes:
        time: Seconds since 1970.
        question: The question.
        sql: The model's answer.
        model: The model, as it was typed.
        source: The database or table lines, without passwords.
    """

    time: float
    question: str
    sql: str
    model: str
    source: str


def folder() -> Path:
    """Where the app's state is: `$T2SQL_STATE`, or the user's directory for state."""
    chosen = os.environ.get("T2SQL_STATE")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_state_path("t2sql", appauthor=False)


def load() -> Choices:
    """The last choices; the defaults where there are none, or where the file cannot be read."""
    try:
        document = json.loads((folder() / "tui.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Choices()
    if not isinstance(document, dict):
        return Choices()
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    return Choices(**{field.name: texts[field.name] for field in fields(Choices) if field.name in texts})


def save(choices: Choices) -> None:
    """Remember these choices. Where they cannot be written, the app works on without."""
    _write(folder() / "tui.json", json.dumps(asdict(choices), indent=2))


def questions() -> list[Asked]:
    """The questions that were asked, the latest first; damaged lines are skipped."""
    entries: list[Asked] = []
    for line in _lines():
        try:
            entries.append(Asked(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return entries[::-1]


def remember(question: str, sql: str, model: str, source: str) -> None:
    """Add a question; beyond `MOST_QUESTIONS` the oldest are dropped.

    Args:
        question: The question.
        sql: The model's answer.
        model: The model, as it was typed.
        source: The database or table lines, without passwords.
    """
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
    # Questions and databases' names are the user's own affair.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, text, private=True)
