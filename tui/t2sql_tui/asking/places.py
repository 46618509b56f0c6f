"""Where in a statement a mistake is, from the words that name it."""

from __future__ import annotations

import re
from typing import TypeAlias

Place: TypeAlias = tuple[int, int, int]
"""Line and column of a mistake, from 0, and how many characters it has."""

_LINE = re.compile(r"\(line (\d+), column (\d+)\)")
_NAMED = re.compile(r"no such (?:column|table|function): ([^;\s]+)|the function (\w+)|near \"([^\"]+)\"")
_WORD = re.compile(r"\w+|\S")


def place_of(sql: str, problem: str) -> Place | None:
    """The place of a mistake; None where the words name none that is in the statement.

    Args:
        sql: The statement.
        problem: Why it cannot be run, as `t2sql.live` or a database says it.
    """
    lines = sql.split("\n")
    if found := _LINE.search(problem):
        line, column = int(found[1]) - 1, int(found[2]) - 1
        if not 0 <= line < len(lines):
            return None
        word = _WORD.match(lines[line], max(0, column))
        return line, max(0, column), len(word[0]) if word else 1
    if found := _NAMED.search(problem):
        name = next(group for group in found.groups() if group).rpartition(".")[2].strip('"`[]')
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        for line, text in enumerate(lines):
            if at := pattern.search(text):
                return line, at.start(), len(name)
    return None
