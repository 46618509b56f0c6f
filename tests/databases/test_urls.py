"""Database URLs: which are refused and why, and that a password never leaves them."""

from __future__ import annotations

import importlib.util

import pytest

from t2sql.databases import database_name, has_password, masked_url, open_engine
from t2sql.errors import InputError, MissingPartError


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///nowhere.db", "no such database"),
        ("sqlite://", "names no SQLite file.*three slashes"),
        ("sqlite://shop.db", "names no SQLite file.*three slashes"),
        ("sqlite:///:memory:", "names no SQLite file"),
        ("nosuchbase://host/db", "unknown kind of database"),
        ("://x", "not a database URL"),
        ("postgresql+nosuchdriver://me:secret@host/db", "unknown kind of database"),
    ],
)
def test_a_url_that_names_no_database_is_refused(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught, open_engine(url):
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("psycopg2") is not None, reason="psycopg2 is installed")
def test_a_missing_driver_is_named_and_the_password_is_not() -> None:
    url = "postgresql+psycopg2://me:secret@localhost/shop"
    message = r"driver is missing.*pip install psycopg2"
    with pytest.raises(MissingPartError, match=message) as caught, open_engine(url):
        pass
    assert "secret" not in str(caught.value)


def test_a_password_is_masked() -> None:
    url = "postgresql://me:secret@host/shop"
    assert has_password(url)
    assert masked_url(url) == "postgresql://me:***@host/shop"


@pytest.mark.parametrize(
    ("url", "name"),
    [("sqlite:///data/shop.db", "shop"), ("postgresql://me@host/sales", "sales"), ("sqlite://", "database")],
)
def test_a_database_is_named_after_its_file_or_as_its_server_does(url: str, name: str) -> None:
    assert database_name(url) == name
