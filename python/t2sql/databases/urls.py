"""Database URLs: parsing them, and the parts of them that the program shows or uses."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from t2sql.errors import InputError

EXAMPLE_URL = "sqlite:///shop.db"
"""The URL that error messages give as an example."""


def parse_url(url: str) -> sa.URL:
    """Parse a database URL.

    Args:
        url: A URL as SQLAlchemy reads it, such as `postgresql://me@host/shop`.

    Raises:
        InputError: `url` is not a database URL. The message does not repeat it, since it may hold a password.
    """
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InputError("not a database URL", expected=f"one such as {EXAMPLE_URL}") from None


def masked_url(url: str) -> str:
    """Return the URL with `***` in place of its password, so that it may be printed and stored.

    Raises:
        InputError: `url` is not a database URL.
    """
    return parse_url(url).render_as_string(hide_password=True)


def database_name(url: str) -> str:
    """Return the stem of the database's file, or its name on the server; "database" if it has neither.

    Raises:
        InputError: `url` is not a database URL.
    """
    return Path(parse_url(url).database or "database").stem or "database"


def sqlite_file(url: str) -> Path | None:
    """Return the SQLite file that the URL names; None for every other kind of database.

    Raises:
        InputError: `url` is not a database URL.
    """
    address = parse_url(url)
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None


def has_password(url: str) -> bool:
    """Tell whether the URL contains a password.

    Raises:
        InputError: `url` is not a database URL.
    """
    return parse_url(url).password is not None
