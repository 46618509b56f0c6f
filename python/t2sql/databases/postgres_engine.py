"""PostgreSQL through psycopg: connections whose transactions only read, through a pool as well."""

from __future__ import annotations

import re
import shlex
from typing import Any

import sqlalchemy as sa

from t2sql.databases.postgres_values import register_loaders

DRIVER = "postgresql+psycopg"

_CONNECT_SECONDS = 10
"""Long enough for a server on another continent; a wrong host is reported while the user still waits."""

# Every transaction begins read-only, and a backslash in a literal stands for itself, as in the SQL standard.
# Dates and spans come in the form that psycopg reads. The two time limits bound what an abandoned session
# can hold on the user's server.
_SETTINGS = {
    "default_transaction_read_only": "on",
    "standard_conforming_strings": "on",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "5s",
}

_REFUSED = re.compile(r"unsupported startup parameter", re.IGNORECASE)
"""What PgBouncer answers to settings in the start-up packet."""

_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)


def postgres_engine(url: sa.URL) -> sa.Engine:
    """Create an engine for a PostgreSQL server. It does not connect.

    Settings go into the start-up packet. A pool of connections such as PgBouncer, which refuses them there,
    gets them at the beginning of every transaction instead, since the next one may run on another session.

    Args:
        url: The address; its query may hold `options`, as libpq reads them.
    """
    from_url = url.query.get("options")
    given = from_url if isinstance(from_url, str) else " ".join(from_url or ())
    url = url.set(drivername=DRIVER).difference_update_query(["options"])
    options = " ".join([given, *(f"-c {name}={value}" for name, value in _SETTINGS.items())]).strip()
    settings = _settings_of(given) | _SETTINGS
    pooled = False

    # A prepared statement would stay behind on a session of the pool.
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "prepare_threshold": None,
    }
    engine = sa.create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        execution_options={"postgresql_readonly": True},
    )

    def new_connection(dialect: sa.Dialect, positional: Any, named: dict[str, Any]) -> Any:
        nonlocal pooled
        if not pooled:
            try:
                return dialect.connect(*positional, **named, options=options)
            except dialect.loaded_dbapi.OperationalError as error:
                if not _REFUSED.search(str(error)):
                    raise
                pooled = True
        return dialect.connect(*positional, **named)

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: sa.Dialect, record: object, positional: Any, named: dict[str, Any]) -> Any:
        connection = new_connection(dialect, positional, named)
        register_loaders(connection)
        return connection

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if pooled:
            query = sa.text("SELECT pg_catalog.set_config(:name, :value, true)")
            for name, value in settings.items():
                connection.execute(query, {"name": name, "value": value})

    return engine


def _settings_of(options: str) -> dict[str, str]:
    """The settings in libpq's `options`, such as `-c search_path=sales`."""
    try:
        words = shlex.split(options.replace('"', r"\""))
    except ValueError:
        return {}
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "-c":
            joined[-1] = f"-c{word}"
        else:
            joined.append(word)
    matches = [_OPTION.fullmatch(word) for word in joined]
    return {match[1].replace("-", "_"): match[2] for match in matches if match}
