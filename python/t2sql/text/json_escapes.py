"""JSON that is safe for a terminal and loses nothing."""

from __future__ import annotations

import json
import re

from t2sql.text.dangerous import DANGEROUS


def json_text(document: object, *, indent: int | None = None) -> str:
    """A document as JSON in which dangerous characters are escapes, which every parser reads back.

    Args:
        document: JSON's own types.
        indent: Blanks of each level; None puts everything on one line.

    Raises:
        ValueError: It holds NaN or infinity, which JSON lacks.
    """
    written = json.dumps(document, ensure_ascii=False, indent=indent, allow_nan=False)
    # Outside of texts JSON has no dangerous character but the line breaks of `indent`.
    return DANGEROUS.sub(_escape, written)


def _escape(match: re.Match[str]) -> str:
    if match[1] is not None or match[0] == "\n":
        return match[0]
    return json.dumps(match[0])[1:-1]
