"""Exceptions of SQLAlchemy and of drivers, translated into errors about the user's database."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from t2sql.databases.urls import EXAMPLE_URL, mask_secrets, masked_url
from t2sql.errors import InputError, MissingPartError, T2sqlError

_PACKAGES = {
    "psycopg": "'t2sql[postgres]'",
    "pymysql": "'t2sql[mariadb]'",
    "duckdb": "'t2sql[duckdb]'",
    "duckdb_sqlalchemy": "'t2sql[duckdb]'",
    "MySQLdb": "'t2sql[mariadb]', and begin the URL with mariadb:// or mysql+pymysql://",
    "mariadb": "'t2sql[mariadb]', and begin the URL with mariadb:// or mysql+pymysql://",
}
"""What installs a module whose name is not its package's."""

_NEEDED_PACKAGE = re.compile(r"'(cryptography|pynacl)' package is required")


@contextmanager
def translate_errors(url: str, unreadable: type[T2sqlError] = InputError) -> Iterator[None]:
    """Translate what SQLAlchemy or a driver raises inside the block; no message contains a secret of the URL.

    Args:
        url: The database that the block works on.
        unreadable: The class of the error for a database that cannot be read: `InputError` where the
            user's argument is at fault, `WorkError` where the database worked before.

    Raises:
        InputError: SQLAlchemy has no dialect for this kind of database.
        MissingPartError: The database's driver is not installed.
        T2sqlError: `unreadable`, for every other failure of the database.
    """
    try:
        yield
    except sa.exc.NoSuchModuleError as error:
        raise InputError(
            "an unknown kind of database",
            where=masked_url(url),
            expected=f"a URL such as {EXAMPLE_URL}",
            found=error,
        ) from None
    except ModuleNotFoundError as error:
        name = error.name or ""
        hint = f"Install it: pip install {_PACKAGES.get(name, name)}"
        raise MissingPartError("the database's driver is missing", found=name, hint=hint) from None
    except RuntimeError as error:
        # PyMySQL, of the packages that some ways to log in need.
        if (match := _NEEDED_PACKAGE.match(str(error))) is None:
            raise
        hint = f"Install it: pip install {match[1]}"
        raise MissingPartError("the server's way to log in needs a package", found=error, hint=hint) from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, sa.exc.StatementError) and error.orig else error
        reason = mask_secrets(driver_message(cause), url)
        raise unreadable(
            "the database cannot be read", where=masked_url(url), found=reason, hint=_hint(reason)
        ) from error


@contextmanager
def ignore_unknown_types() -> Iterator[None]:
    """Silence SQLAlchemy's warnings about column types that it does not know.

    Python's warning filters belong to the process, so other threads are silenced for as long as well.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        yield


def driver_message(error: BaseException) -> str:
    """The first line of what a driver says; its class where it says nothing. PyMySQL's code is left out."""
    arguments = error.args
    text = arguments[1] if len(arguments) == 2 and isinstance(arguments[0], int) else error
    lines = str(text).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _hint(reason: str) -> str | None:
    if "locked" in reason:
        return "Another program is writing to it: close it, or copy the file"
    if "not a database" in reason:
        return "It is encrypted, or not an SQLite file"
    if "Loading external extensions is disabled" in reason:
        return "It may be an SQLite file: give it as sqlite:///FILE"
    return None
