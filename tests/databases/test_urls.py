"""Database URLs: which are refused and why, and that a password never leaves them."""

from __future__ import annotations

import importlib.util

import pytest

from t2sql.databases import database_name, has_password, mask_secrets, masked_url, open_engine
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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:SECRET@host/shop", "postgresql://me:***@host/shop"),
        ("postgresql://me:SEC@RET@host/shop", "postgresql://me:***@host/shop"),
        ("postgresql://me:a/SECRET?@[::1]:5432/shop", "postgresql://me:***@[::1]:5432/shop"),
        ("postgresql://host/shop?user=u&password=SECRET", "postgresql://host/shop?password=***&user=u"),
        ("postgresql://host/shop?p%61ssword=%53ECRET", "postgresql://host/shop?password=***"),
        (
            "postgresql://host/shop?PASSWORD=a&password=SECRET",
            "postgresql://host/shop?PASSWORD=***&password=***",
        ),
        ("postgresql:///shop?sslpassword=SECRET&host=h", "postgresql:///shop?host=h&sslpassword=***"),
        ("mariadb://host/shop?passwd=SECRET", "mariadb://host/shop?passwd=***"),
        ("sqlite:///shop.db?key=SECRET", "sqlite:///shop.db?key=***"),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3DSECRET",
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D***",
        ),
    ],
)
def test_a_secret_is_masked_wherever_a_driver_would_read_it(url: str, shown: str) -> None:
    assert has_password(url)
    assert masked_url(url) == shown


@pytest.mark.parametrize("database", ["host=h password='SECRET x'", "postgresql://u:SECRET@h/shop"])
def test_a_secret_in_the_place_of_a_database_s_name_is_masked(database: str) -> None:
    url = f"postgresql:///{database}"
    assert has_password(url) and "SECRET" not in masked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/shop?passfile=%2Fhome%2Fme%2F.pgpass",
        "postgresql://host/shop?options=-csearch_path%3Dsales&require_auth=password",
        "sqlite:////data/key=1/shop.db",
    ],
)
def test_what_is_no_secret_is_none(url: str) -> None:
    assert not has_password(url) and "***" not in masked_url(url)


def test_a_secret_is_masked_in_a_driver_s_words() -> None:
    url = "postgresql://host/shop?user=me&password=a%20SECRET"
    found = mask_secrets('invalid value "a SECRET" or a+SECRET or a%20SECRET', url)
    assert found == 'invalid value "***" or *** or ***'


@pytest.mark.parametrize(
    ("url", "name"),
    [("sqlite:///data/shop.db", "shop"), ("postgresql://me@host/sales", "sales"), ("sqlite://", "database")],
)
def test_a_database_is_named_after_its_file_or_as_its_server_does(url: str, name: str) -> None:
    assert database_name(url) == name
