"""JSON that others wrote: an object whose values are checked where they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.errors import InputError
from t2sql.plain import JsonObject, parse_json

MAX_U32 = (1 << 32) - 1
"""The largest integer that is accepted unless the caller says otherwise; GGUF has sizes in u32."""

MIN_F32, MAX_F32 = 1.1754944e-38, 3.4028234e38
"""The smallest positive normal float32 and the largest."""


@dataclass(frozen=True)
class CheckedJson:
    """A JSON object that others wrote. A value that is null counts as absent, as in transformers.

    Attributes:
        document: The object itself, for storing and showing it. Values are read by the methods, which
            check them.
        where: The file, for errors.
        prefix: The keys that lead to an object inside the file, each with a dot after it.
    """

    document: JsonObject
    where: str
    prefix: str = ""

    def has(self, key: str) -> bool:
        """Whether a setting is there and not null."""
        return self.document.get(key) is not None

    def integer(self, key: str, *, default: int | None = None, least: int = 1, most: int = MAX_U32) -> int:
        """An integer; JSON's 64.0 counts as one.

        Args:
            key: Its key.
            default: What its absence means; None when it must be there.
            least: The least that is accepted.
            most: The most that is accepted.

        Raises:
            InputError: It is missing, no integer, or outside the range.
        """
        value = self.document.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refusal(key, f"an integer from {least} to {most}")
        return value

    def number(
        self, key: str, *, default: float | None = None, least: float = MIN_F32, most: float = MAX_F32
    ) -> float:
        """A finite number, unless the caller says otherwise a positive one in the range of float32.

        Args:
            key: Its key.
            default: What its absence means; None when it must be there.
            least: The least that is accepted.
            most: The most that is accepted.

        Raises:
            InputError: It is missing, no number, or outside the range.
        """
        value = self.document.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            kind = f"a positive number of at most {most:g}"
            raise self.refusal(key, kind if least == MIN_F32 else f"a number from {least:g} to {most:g}")
        return float(value)

    def numbers(self, key: str, count: int) -> list[float]:
        """A list of `count` positive numbers.

        Raises:
            InputError: It is missing, something else, or of another length.
        """
        values = self.document.get(key)
        if not isinstance(values, list) or len(values) != count:
            raise self.refusal(key, f"{count} numbers", len(values) if isinstance(values, list) else None)
        items = replace(self, document={f"{key}[{i}]": value for i, value in enumerate(values)})
        return [items.number(item) for item in items.document]

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false; `default` when it is absent.

        Raises:
            InputError: It is something else.
        """
        value = self.document.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refusal(key, "true or false")
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text.

        Args:
            key: Its key.
            default: What its absence means; None when it must be there.

        Raises:
            InputError: It is missing, no text, or not valid Unicode.
        """
        value = self.document.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not is_unicode(value):
            raise self.refusal(key, "a text")
        return value

    def texts(self, key: str, *, single: bool = False) -> tuple[str, ...]:
        """A list of texts; empty when it is absent.

        Args:
            key: Its key.
            single: Whether a text alone stands for a list of one.

        Raises:
            InputError: It is something else.
        """
        value = self.document.get(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        texts = tuple(item for item in items if isinstance(item, str) and is_unicode(item))
        if len(texts) != len(items) or not (single or isinstance(value, list)):
            raise self.refusal(key, "a list of texts")
        return texts

    def token_id(self, key: str) -> int | None:
        """A token id; of a list the first, None when there is none.

        An id may be outside the vocabulary: some models say -1 for no token.

        Raises:
            InputError: It is no integer and no list of integers.
        """
        value = self.document.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        ids = [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
        if len(ids) != len(items):
            raise self.refusal(key, "a token id or a list of token ids")
        return ids[0] if ids else None

    def section(self, key: str) -> CheckedJson:
        """An object inside this one; an empty one when it is absent.

        Raises:
            InputError: It is something else.
        """
        value = self.document.get(key)
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise self.refusal(key, "an object")
        return CheckedJson(value, self.where, f"{self.prefix}{key}.")

    def find_section(self, key: str) -> CheckedJson | None:
        """As `section`, but None when it is absent."""
        return self.section(key) if self.has(key) else None

    def objects(self, key: str) -> list[CheckedJson]:
        """A list of objects; empty when it is absent.

        Raises:
            InputError: It is something else.
        """
        values = self.document.get(key)
        if values is None:
            return []
        if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
            raise self.refusal(key, "a list of objects")
        items = CheckedJson({f"{key}[{i}]": value for i, value in enumerate(values)}, self.where, self.prefix)
        return [items.section(item) for item in items.document]

    def refusal(self, key: str, expected: str, found: object = None) -> InputError:
        """The error for a setting that is missing or not what was expected.

        Args:
            key: Its key.
            expected: What would be accepted.
            found: What is there; None for the setting's own value.
        """
        what = "setting not supported" if self.has(key) else "setting missing"
        if found is None and self.has(key):
            found = json.dumps(self.document[key])[:80]
        return InputError(what, where=f"{self.where}: {self.prefix}{key}", expected=expected, found=found)


def read_json(path: Path) -> JsonObject:
    """The JSON object in a file.

    Raises:
        InputError: The file cannot be read or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith("\ufeff"):
            raise InputError(
                "file does not parse",
                where=path,
                expected="JSON in UTF-8 without a byte order mark, as transformers and mlx-lm read it",
                found="one at the start",
                hint="Save it as UTF-8 without BOM",
            )
        document = parse_json(text)
    except (ValueError, OSError) as error:
        raise InputError("file does not parse", where=path, expected="JSON", found=error) from None
    if not isinstance(document, dict):
        raise InputError("file does not parse", where=path, expected="a JSON object")
    return document


def is_unicode(text: str) -> bool:
    """Whether a text has a form in UTF-8: JSON can hold half of a surrogate pair."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
