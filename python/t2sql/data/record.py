"""A JSON object of somebody else's file: typed access to its fields, with errors that name the place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from t2sql.errors import InputError

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

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; none if the key is missing.

        Raises:
            InputError: The value is not a list of strings.
        """
        values = self.fields.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise InputError(f"'{key}' is of the wrong type", where=self.where, expected="a list of strings")
        return tuple(values)


def parse_json(raw: bytes, where: str) -> object:
    """Parse JSON in UTF-8.

    Args:
        raw: One line of a file, or a whole file.
        where: Its place, for error messages.

    Raises:
        InputError: The bytes are not UTF-8, not JSON, or nested too deeply.
    """
    try:
        document: object = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError("the line is not UTF-8", where=where, found=error.reason) from error
    except json.JSONDecodeError as error:
        raise InputError(
            "the line is not JSON", where=where, expected="a JSON object", found=str(error)
        ) from error
    except RecursionError as error:
        raise InputError("the line is not JSON", where=where, found="too many nested values") from error
    return document


def json_type(value: object) -> str:
    """Name the JSON type of a value for an error message, such as "a list"."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
