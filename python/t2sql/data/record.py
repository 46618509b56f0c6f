"""A JSON object of somebody else's file: typed access to its fields, with errors that name the place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from t2sql.errors import InputError
from t2sql.text_files import ENCODING_HINT, is_text

_HALF = re.compile(r"\\u[dD][89a-fA-F]")

_MOST_KEYS = 6
"""An error message lists at most this many of a record's keys."""


@dataclass(frozen=True)
class Record:
    """A JSON object whose fields are not known to have the right types.

    Attributes:
        fields: The object.
        where: The file, and the line or index in it, for error messages.
        what: What a record of this file is, for error messages: "line" or "question".
        expected: The formats that a record may have, for error messages.
    """

    fields: Mapping[str, object]
    where: str
    what: str = "line"
    expected: str | None = None

    @property
    def keys(self) -> str:
        """The first keys, joined by commas, for an error message."""
        return ", ".join(map(str, list(self.fields)[:_MOST_KEYS])) or "no key"

    def string(self, key: str) -> str:
        """Return a string, which may be empty.

        Raises:
            InputError: There is no such key, or its value is not a string.
        """
        if key not in self.fields:
            raise InputError(
                f"the {self.what} has no '{key}'", where=self.where, expected=self.expected, found=self.keys
            )
        value = self.fields[key]
        if not isinstance(value, str):
            raise InputError(
                f"'{key}' is of the wrong type",
                where=self.where,
                expected="a string",
                found=json_type(value),
            )
        return value

    def text(self, key: str) -> str:
        """Return a string that is not blank.

        Raises:
            InputError: There is no such string, or it is blank.
        """
        value = self.fields.get(key)
        if not isinstance(value, str) or not value.strip():
            raise InputError(
                f"the {self.what} has no '{key}'",
                where=self.where,
                expected="a text",
                found=self.keys if value is None else repr(value)[:40],
            )
        return value

    def optional_string(self, key: str) -> str | None:
        """Return a string; None if the key is missing or its value is null.

        Raises:
            InputError: The value is neither a string nor null.
        """
        return None if self.fields.get(key) is None else self.string(key)

    def identifier(self, key: str) -> str | None:
        """Return a string, or a whole number as one; None if the key is missing or its value is null or "".

        Raises:
            InputError: The value is of another type.
        """
        value = self.fields.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise InputError(
                f"'{key}' is of the wrong type",
                where=self.where,
                expected="a string or a whole number",
                found=json_type(value),
            )
        return value or None

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; none if the key is missing.

        Raises:
            InputError: The value is not a list of strings.
        """
        values = self.fields.get(key) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise InputError(f"'{key}' is of the wrong type", where=self.where, expected="a list of strings")
        return tuple(values)


def parse_json(text: str, where: str, what: str = "line") -> object:
    """Parse JSON that somebody else wrote.

    Args:
        text: One line of a file, or a whole file.
        where: Its place, for error messages.
        what: Which of the two it is, for error messages.

    Raises:
        InputError: It is not JSON or nested too deeply, has numbers that JSON does not know (NaN, Infinity,
            or too large), or holds half of a character.
    """
    if not is_text(text):
        raise InputError(f"the {what} is not text in UTF-8", where=where, hint=ENCODING_HINT)
    try:
        document: object = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise InputError(f"the {what} is not JSON", where=where, found="too many nested values") from error
    except ValueError as error:
        raise InputError(f"the {what} is not JSON", where=where, expected="JSON", found=str(error)) from error
    # In UTF-8 text, only an escape such as \\ud83d can stand for half of a character.
    if _HALF.search(text) and not is_text(json.dumps(document, ensure_ascii=False)):
        found = "an escape without its pair"
        raise InputError(f"the {what} holds half of a character", where=where, found=found)
    return document


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name}, which is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text}, which is too large a number")
    return value


def json_type(value: object) -> str:
    """Name the JSON type of a value for an error message, such as "a list"."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
