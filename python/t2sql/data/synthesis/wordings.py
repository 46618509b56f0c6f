"""The wordings of questions, read once."""

from __future__ import annotations

from functools import cache

from t2sql.data.templates import Templates, read_toml


@cache
def templates() -> Templates:
    """Return the wordings of questions and of their parts."""
    return Templates.from_toml(read_toml("t2sql.data.synthesis", "templates.toml"))
