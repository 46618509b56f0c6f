"""The one statement in a model's text."""

from __future__ import annotations

import re

from t2sql.prompt import strip_end_marks

_QUOTED_OR_SEMICOLON = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(;)""")


def first_statement(text: str) -> str:
    """Cut a model's text to one statement.

    Args:
        text: What the model generated; blank space around it is ignored.

    Returns:
        The first line up to a `;` outside quotes, without end-of-text marks; "" if there is nothing.
    """
    line = text.strip().partition("\n")[0]
    for match in _QUOTED_OR_SEMICOLON.finditer(line):
        if match.group(1):
            line = line[: match.start()]
            break
    return strip_end_marks(line)
