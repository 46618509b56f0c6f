"""MariaDB and MySQL through PyMySQL: sessions whose transactions can only read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from t2sql.databases.urls import masked_url
from t2sql.errors import InputError

DRIVER = "mysql+pymysql"
"""SQLAlchemy's dialect for both; its dialect "mariadb" refuses to speak to MySQL."""

_CONNECT_SECONDS = 10

# sqlglot writes a backslash in a text as two, so NO_BACKSLASH_ESCAPES stays off. What is not named here, such
# as ONLY_FULL_GROUP_BY, is off as well: SQLite, whose statements models write, takes them loosely too.
_SESSION = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION sql_mode = 'PIPES_AS_CONCAT,NO_UNSIGNED_SUBTRACTION'",
    "SET SESSION lock_wait_timeout = 5, innodb_lock_wait_timeout = 5",
)


def mariadb_engine(url: sa.URL) -> sa.Engine:
    """Create an engine for a MariaDB or MySQL server. It does not connect.

    The password is the URL's, else that of the environment variable MYSQL_PWD, else what `~/.my.cnf` says in
    its section [client].

    Args:
        url: The address; its driver is replaced by PyMySQL.

    Raises:
        InputError: The URL names no database.
        ModuleNotFoundError: PyMySQL is not installed.
    """
    # An extra: without it there is no MariaDB.
    from pymysql import converters
    from pymysql.constants import FIELD_TYPE

    if not url.database:
        raise InputError(
            "the URL names no database of the server",
            where=masked_url(url),
            expected="mariadb://USER@HOST/NAME",
        )
    decoders = dict(converters.conversions)
    # A time of MariaDB is a span of up to 838 hours; its own text says so, and 24:00:00 is one.
    decoders[FIELD_TYPE.TIME] = lambda text: text
    decoders[FIELD_TYPE.BIT] = lambda data: int.from_bytes(data, "big")
    arguments: dict[str, Any] = {
        "conv": decoders,
        "connect_timeout": _CONNECT_SECONDS,
        "charset": "utf8mb4",
        # A server could otherwise ask for any file of this machine.
        "local_infile": False,
    }
    if url.password is None:
        arguments |= _password()
    url = url.set(drivername=DRIVER).difference_update_query(["local_infile", "charset"])
    engine = sa.create_engine(url, connect_args=arguments, pool_pre_ping=True)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)

    return engine


def _password() -> dict[str, str]:
    if password := os.environ.get("MYSQL_PWD"):
        return {"password": password}
    options = Path.home() / ".my.cnf"
    return {"read_default_file": str(options)} if options.is_file() else {}
