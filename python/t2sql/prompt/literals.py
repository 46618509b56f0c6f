"""Values in a prompt: as SQL has them, or shorter where that can be read all the same."""

from __future__ import annotations

import re

from t2sql.prompt.texts import on_one_line

QUOTED = r"'(?:[^']|'')*'"
"""The pattern of a text as SQL has it."""

_BARE = re.compile(r"[^\W\d_][^,()'\"]*")
_NUMBER = re.compile(r"(inf|infinity|nan)\Z", re.IGNORECASE)


def literal(text: str) -> str:
    """A text as SQL has it, on one line; "" for no text."""
    text = on_one_line(text)
    return "'" + text.replace("'", "''") + "'" if text else ""


def read_literal(text: str) -> str:
    """The text that `literal` wrote."""
    return text[1:-1].replace("''", "'")


def sample_text(value: str | int | float) -> str:
    """A value among a column's samples: a text is quoted only where it might be read as something else."""
    if not isinstance(value, str):
        return repr(value)
    value = on_one_line(value)
    if _BARE.fullmatch(value) and not _NUMBER.match(value):
        return value
    return "'" + value.replace("'", "''") + "'"
