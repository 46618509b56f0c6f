"""What to generate from a database, and how much of each: the default recipe and the user's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.text_files import read_text

_LONGEST_RECIPE = 1 << 22
_FRACTIONS = ("valid", "test", "empty")
_COUNTS = {"examples": 3, "rows": 1, "prompt_tables": 1, "value_length": 1}
_SWITCHES = ("views", "guess_keys")
_LISTS = ("tables", "skip", "private", "public")
_WEIGHTS = ("shares", "conditions")


@dataclass(frozen=True)
class Recipe:
    """What to generate. The attributes are the keys of `recipe.toml`, which explains each for users.

    Attributes:
        examples: The number of examples, all splits together.
        valid: The fraction of them that goes to valid.
        test: The fraction of them that goes to test.
        rows: The most rows of each table that are read.
        prompt_tables: The most tables in a prompt.
        empty: The fraction of examples whose answer may be empty, NULL or 0.
        value_length: The most characters of a text in a question.
        views: Whether views are read as tables.
        guess_keys: Whether foreign keys that are not declared are guessed.
        tables: Patterns of tables to read; all if there is none.
        skip: Patterns of tables to leave out.
        private: Patterns of columns whose values are replaced, as "table.column".
        public: Patterns of columns that look private and are not.
        shares: The weight of each kind of query.
        conditions: The weight of each kind of condition.
        names: What tables and columns ("table.column") are called in questions.
    """

    examples: int
    valid: float
    test: float
    rows: int
    prompt_tables: int
    empty: float
    value_length: int
    views: bool
    guess_keys: bool
    tables: tuple[str, ...]
    skip: tuple[str, ...]
    private: tuple[str, ...]
    public: tuple[str, ...]
    shares: Mapping[str, float]
    conditions: Mapping[str, float]
    names: Mapping[str, str]

    @property
    def sizes(self) -> dict[str, int]:
        """The number of examples in each split, at least one."""
        valid, test = (max(1, round(self.examples * fraction)) for fraction in (self.valid, self.test))
        return {"train": max(1, self.examples - valid - test), "valid": valid, "test": test}

    def includes(self, table: str) -> bool:
        """Tell whether a table is read."""
        return (not self.tables or _matches(table, self.tables)) and not _matches(table, self.skip)

    def says_private(self, table: str, column: str) -> bool | None:
        """Return whether the recipe calls a column private; None if it says nothing of it."""
        name = f"{table}.{column}"
        return False if _matches(name, self.public) else True if _matches(name, self.private) else None

    def with_examples(self, examples: int | None) -> Recipe:
        """Return the recipe with another number of examples, or unchanged if that is None.

        Raises:
            InputError: There are too few examples for three splits.
        """
        return self if examples is None else replace(self, examples=_count("examples", examples, None))


def default_recipe_text() -> str:
    """Return the default recipe, a TOML file with comments."""
    return files("t2sql.data.synthesis").joinpath("recipe.toml").read_text(encoding="utf-8")


def read_recipe(path: Path | None = None) -> Recipe:
    """Read a recipe.

    Args:
        path: The user's file, whose keys replace those of the default recipe; None for the default recipe.

    Raises:
        InputError: The file cannot be read, or a key or a value in it is wrong.
    """
    settings = tomllib.loads(default_recipe_text())
    if path is not None:
        for key, value in _read(path).items():
            if key not in settings:
                raise InputError(
                    "unknown key in the recipe", where=path, expected=_nearest(key, settings), found=repr(key)
                )
            settings[key] = _merged(key, settings[key], value, path)
    return Recipe(**{key: _checked(key, value, path) for key, value in settings.items()})


def _nearest(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), 1, 0.6)
    return repr(close[0]) if close else ", ".join(names)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InputError("no such recipe", where=path)
    try:
        return tomllib.loads(read_text(path, most=_LONGEST_RECIPE))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError("the recipe cannot be read", where=path, found=error) from None


def _merged(key: str, default: Any, value: Any, path: Path) -> Any:
    if not isinstance(default, dict):
        return value
    if not isinstance(value, dict):
        raise InputError(f"'{key}' is not a table of the recipe", where=path, expected=f"[{key}]")
    unknown = [name for name in value if key in _WEIGHTS and name not in default]
    if unknown:
        raise InputError(
            f"unknown name in [{key}]",
            where=path,
            expected=_nearest(unknown[0], default),
            found=", ".join(unknown),
        )
    return {**default, **value}


def _checked(key: str, value: Any, path: Path | None) -> Any:
    if key in _FRACTIONS:
        if not _number(value) or not 0 <= value <= 0.4:
            raise InputError(f"'{key}' is not a fraction", where=path, expected="0 to 0.4", found=repr(value))
        return float(value)
    if key in _COUNTS:
        return _count(key, value, path)
    if key in _SWITCHES:
        if not isinstance(value, bool):
            raise InputError(
                f"'{key}' is not a switch", where=path, expected="true or false", found=repr(value)
            )
        return value
    if key in _LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(
                f"'{key}' is not a list of names", where=path, expected='["a", "b"]', found=value
            )
        return tuple(value)
    if key in _WEIGHTS:
        for name, weight in value.items():
            if not _number(weight) or not 0 <= weight <= 1e6:
                where = f"{path or 'recipe'}: {key}.{name}"
                raise InputError("no weight", where=where, expected="a number, 0 or more", found=repr(weight))
        if not any(value.values()):
            raise InputError(f"every weight in [{key}] is 0", where=path, expected="one that is not")
        return value
    for name, words in value.items():
        if not isinstance(words, str) or not words.strip():
            raise InputError("no name", where=f"{path}: names.{name}", expected="words", found=repr(words))
    return value


def _count(key: str, value: Any, path: Path | None) -> int:
    least = _COUNTS[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 10_000_000:
        raise InputError(
            f"'{key}' is not a count", where=path, expected=f"{least} or more", found=repr(value)
        )
    return value


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
