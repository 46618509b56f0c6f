"""What the work of the screen for questions posts to it from threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.content import Content
from textual.message import Message

from t2sql.schema import Schema
from t2sql_tui.asking.messages import Reply
from t2sql_tui.asking.places import Place
from t2sql_tui.asking.shown_rows import ShownRows


@dataclass
class Opened(Message):
    """A source is open.

    Attributes:
        schema: Its tables.
    """

    schema: Schema


@dataclass
class Wrote(Message):
    """A model has written something.

    Attributes:
        side: Which model, 0 or 1.
        text: Its text so far.
        reply: The whole answer, once there is one.
    """

    side: int
    text: str
    reply: Reply | None = None


@dataclass
class Checked(Message):
    """A statement was checked.

    Attributes:
        side: Whose statement, 0 or 1.
        sql: The statement.
        verdict: Whether it could run.
        place: Where the mistake is; None where there is none, or no place.
    """

    side: int
    sql: str
    verdict: Content
    place: Place | None = None


@dataclass
class Ran(Message):
    """A statement was run.

    Attributes:
        side: Whose statement it was, 0 or 1.
        rows: Its rows, and what they are of; None where it could not be run.
        problem: Why it could not be run.
    """

    side: int
    rows: ShownRows | None
    problem: str = ""


@dataclass
class Remembered(Message):
    """An answer was remembered.

    Attributes:
        path: The file that it is in.
    """

    path: Path


@dataclass
class Ended(Message):
    """A job has ended.

    Attributes:
        kind: Its kind.
        job: Its number.
        problem: What went wrong; empty if nothing did.
    """

    kind: str
    job: int
    problem: str = ""
