"""The names in a recipe against those in the database: one that is misspelt would hold nothing back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase

from t2sql.data.synthesis.recipe import Recipe
from t2sql.databases import DatabaseTable
from t2sql.errors import InputError

_SHOWN = 8


def nearest(name: str, names: Iterable[str]) -> str:
    """What an error expects in place of a name that does not exist: the nearest one, or the first of all.

    Args:
        name: The name.
        names: Those that exist.
    """
    known = list(names)
    folded = {other.lower(): other for other in reversed(known)}
    ends = [other for other in known if other.lower().endswith(f".{name.lower()}")]
    close = ends or [folded[match] for match in get_close_matches(name.lower(), folded, 1, 0.6)]
    return " or ".join(repr(other) for other in close) or ", ".join(known[:_SHOWN])


def check_names(recipe: Recipe, table_names: Iterable[str], tables: Iterable[DatabaseTable]) -> list[str]:
    """Check that tables and columns that a recipe names exist.

    Args:
        recipe: The recipe.
        table_names: The names of all tables of the database, those that the recipe leaves out too.
        tables: The tables that are read.

    Returns:
        Warnings about patterns that match nothing: the recipe may be for several databases.

    Raises:
        InputError: A name without a "*" is none of the database's.
    """
    all_tables = list(table_names)
    columns = [f"{table.name}.{column.name}" for table in tables for column in table.columns]
    # The columns of tables that are left out were not read.
    left_out = {name.lower() for name in all_tables} - {table.name.lower() for table in tables}
    columns_known: Mapping[str, tuple[str, ...]] = {"private": recipe.private, "public": recipe.public}
    warnings = []
    for key, patterns in {"tables": recipe.tables, "skip": recipe.skip, **columns_known}.items():
        names = columns if key in columns_known else all_tables
        for pattern in patterns:
            if _matches(pattern, names):
                continue
            if key in columns_known and pattern.lower().rpartition(".")[0] in left_out:
                continue
            if any(letter in pattern for letter in "*?["):
                warnings.append(f"the recipe's {key} matches nothing: {pattern!r}")
            else:
                raise _unknown(key, pattern, names)
    for name in recipe.names:
        if name not in all_tables and name not in columns and name.partition(".")[0].lower() not in left_out:
            raise _unknown("names", name, [*columns, *all_tables] if "." in name else [*all_tables, *columns])
    return warnings


def _matches(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names)


def _unknown(key: str, name: str, names: Iterable[str]) -> InputError:
    return InputError(
        "the recipe names what the database does not have",
        where=f"recipe: {key}",
        expected=nearest(name, names),
        found=repr(name),
    )
