"""What is wrong with the arguments of a command line, in one line."""

from __future__ import annotations

from typing import Any, TypeAlias

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

Click: TypeAlias = Any
"""An object of Click: the package's, or that of the copy inside newer versions of Typer, which is private."""

_USAGE_ERROR = typer.BadParameter.__mro__[1]
"""Click's `UsageError`, the base of all errors about arguments; newer versions of Typer do not export it."""
_USAGE_EXIT_CODE = 2


def usage_message(error: BaseException) -> str | None:
    """What Click says about wrong arguments, as one line; None for any other exception."""
    if not isinstance(error, _USAGE_ERROR):
        return None
    usage_error: Click = error
    if usage_error.exit_code != _USAGE_EXIT_CODE:
        return None
    command = usage_error.ctx.command_path if usage_error.ctx is not None else "t2sql"
    text = " ".join(usage_error.format_message().split()).rstrip(".")
    if isinstance(error.__cause__, ValidationError):
        first = error.__cause__.errors()[0]
        text = text.replace(first["msg"], f"expected {_expected(first)}, found {first['input']}")
    # Raised where a group has no command; its message is the whole help page. Only newer versions have it.
    if not text or type(error).__name__ == "NoArgsIsHelpError":
        return f"a command is missing. Try: {command} --help"
    stop = "" if text.endswith("?") else "."
    return f"{text[0].lower()}{text[1:]}{stop} Try: {command} --help"


def _expected(error: ErrorDetails) -> str:
    """What a value has to be, in words, of an error of pydantic, which newer versions of Typer check with."""
    limits = error.get("ctx", {})
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in limits:
            return f"{words} {limits[name]}"
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false", "path": "a path"}
    return kinds.get(error["type"].partition("_")[0], error["msg"].removeprefix("Input should be "))
