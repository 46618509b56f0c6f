"""What the app remembers between starts: the last choices, and the questions that were asked."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import platformdirs

from t2sql import files

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
        rows: How many rows the answer gave; None where it was not run, or could not be.
        status: How sure the model was, in a word; nothing where that is not known.
    """

    time: float
    question: str
    sql: str
    model: str
    source: str
    rows: int | None = None
    status: str = ""

    @property
    def same_as(self) -> tuple[str, ...]:
        """What two questions have in common that are listed once."""
        return " ".join(self.question.split()).lower(), self.sql, self.model, self.source


@dataclass(frozen=True)
class Draft:
    """What was typed on the screen for questions and not asked yet.

    Attributes:
        question: The question.
        sql: The statement of the first side.
        second_sql: The statement of the second side.
    """

    question: str = ""
    sql: str = ""
    second_sql: str = ""


def folder() -> Path:
    """Where the app's state is: `$T2SQL_STATE`, or the user's directory for state."""
    chosen = os.environ.get("T2SQL_STATE")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_state_path("t2sql", appauthor=False)


def load() -> Choices:
    """The last choices; the defaults where there are none, or where the file cannot be read."""
    return Choices(**_texts("tui.json", Choices))


def save(choices: Choices) -> None:
    """Remember these choices. Where they cannot be written, the app works on without."""
    _write(folder() / "tui.json", json.dumps(asdict(choices), indent=2))


def draft() -> Draft:
    """What was typed last and not asked; empty where there is nothing, or where the file cannot be read."""
    return Draft(**_texts("draft.json", Draft))


def save_draft(draft: Draft) -> None:
    """Remember what was typed."""
    _write(folder() / "draft.json", json.dumps(asdict(draft), indent=2, ensure_ascii=False))


def questions() -> list[Asked]:
    """The questions that were asked, the latest first and each once; damaged lines are skipped."""
    entries: dict[tuple[str, ...], Asked] = {}
    for line in reversed(_lines()):
        try:
            asked = Asked(**json.loads(line))
            entries.setdefault(asked.same_as, asked)
        except (ValueError, TypeError, AttributeError):
            continue
    return list(entries.values())


def sources() -> list[str]:
    """The databases and table lines that were asked about, the latest first; none that holds a password."""
    return list(dict.fromkeys(asked.source for asked in questions() if "***" not in asked.source))


def remember(asked: Asked) -> None:
    """Add a question in place of the same one before; beyond `MOST_QUESTIONS` the oldest are dropped."""
    entries = [one for one in questions()[::-1] if one.same_as != asked.same_as]
    lines = (json.dumps(asdict(one), ensure_ascii=False) for one in [*entries, asked][-MOST_QUESTIONS:])
    _write(folder() / "questions.jsonl", "\n".join(lines) + "\n")


def _texts(name: str, kind: type[Choices | Draft]) -> dict[str, str]:
    """The fields of a file of texts that are there."""
    try:
        document = json.loads((folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    known = {field.name for field in fields(kind)}
    return {key: value for key, value in document.items() if key in known and isinstance(value, str)}


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
