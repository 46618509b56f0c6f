"""Database URLs: parsing them, the secrets in them, and the parts of them that the program shows or uses."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_plus

import sqlalchemy as sa

from t2sql.databases.kinds import database_file_kind, refuse_data_file
from t2sql.errors import InputError

EXAMPLE_URL = "sqlite:///shop.db"
"""The URL that error messages give as an example."""

_MASK = "***"
# A passfile is a path, which is no secret; it is how a password stays out of a URL.
_SECRET_NAME = re.compile(
    r"pass(?!file$)|pwd|secret|token|credential|(private|access|account|api|encryption|sas)[-_ ]?key$|^key$",
    re.IGNORECASE,
)
# "PWD=x" in odbc_connect, "password='x'" in a connection string: names and values within one value.
_SETTING = re.compile(r"([\w -]+?)\s*=\s*('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\{[^}]*\}|[^\s;&]+)")
_AUTHORITY = re.compile(r"://[^:/@\s]*:([^\s]*)@")


def parse_url(url: str | sa.URL) -> sa.URL:
    """Parse a database URL, or the path of a SQLite or DuckDB file.

    Args:
        url: A URL as SQLAlchemy reads it, such as `postgresql://me@host/shop`, one that is parsed already, or
            a path such as `shop.db`.

    Raises:
        InputError: `url` is none of these. The message does not repeat it, since it may hold a password.
    """
    if isinstance(url, str) and "://" not in url:
        if kind := database_file_kind(Path(url)):
            return sa.URL.create(kind, database=url)
        if Path(url).is_file():
            refuse_data_file(Path(url))
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        expected = f"one such as {EXAMPLE_URL}, or a SQLite or DuckDB file"
        raise InputError("not a database URL", expected=expected) from None


def masked_url(url: str | sa.URL) -> str:
    """Return the URL with `***` in place of each of its secrets, so that it may be printed and stored.

    Raises:
        InputError: `url` is not a database URL.
    """
    address = parse_url(url)
    host = (address.host or "").rpartition("@")[2] or None
    query = {
        name: tuple(_masked_value(name, value) for value in ([values] if isinstance(values, str) else values))
        for name, values in address.query.items()
    }
    database = address.database and _mask(address.database, _in_database(address))
    shown = address.set(host=host, query=query, database=database)
    return shown.render_as_string(hide_password=True).replace(quote_plus(_MASK), _MASK)


def has_password(url: str) -> bool:
    """Tell whether the URL contains a password or another secret, wherever a driver would read it.

    Raises:
        InputError: `url` is not a database URL.
    """
    return bool(_secrets(parse_url(url)))


def mask_secrets(text: str, url: str) -> str:
    """Return a text, such as a driver's message, with `***` in place of the secrets of a URL.

    Raises:
        InputError: `url` is not a database URL.
    """
    return _mask(text, _secrets(parse_url(url)))


def _secrets(address: sa.URL) -> set[str]:
    """The password, the values of the query that are secret, and those within other values."""
    secrets = {str(address.password)} if address.password is not None else set()
    # An @ in a password that is not written %40 ends it for SQLAlchemy: the rest of it begins the host.
    secrets |= {(address.host or "").rpartition("@")[0]}
    for name, values in address.query.items():
        for value in [values] if isinstance(values, str) else values:
            secrets |= {value} if _SECRET_NAME.search(name) else _nested(value)
    return (secrets | _in_database(address)) - {""}


def _in_database(address: sa.URL) -> set[str]:
    """The secrets in the database's part, which a server's driver may read as a connection string."""
    return set() if address.get_backend_name() in ("sqlite", "duckdb") else _nested(address.database or "")


def _nested(value: str) -> set[str]:
    """The secrets in a value that is itself a connection string or a URL."""
    secrets = set()
    for text in {value, unquote_plus(value)}:
        named = (match for match in _SETTING.finditer(text) if _SECRET_NAME.search(match[1].strip()))
        secrets |= {match[2].strip("'\"{}") for match in named}
        secrets |= {match[1] for match in _AUTHORITY.finditer(text)}
    return secrets - {""}


def _masked_value(name: str, value: str) -> str:
    return _MASK if _SECRET_NAME.search(name) else _mask(value, _nested(value))


def _mask(text: str, secrets: set[str]) -> str:
    forms = {
        form for secret in secrets for form in (secret, quote(secret), quote(secret, ""), quote_plus(secret))
    }
    for form in sorted(forms, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", _MASK, text)
    return text


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
