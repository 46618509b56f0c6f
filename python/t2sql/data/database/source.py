"""The user's database through SQLAlchemy: opening it so that it is only read, and its tables."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.data.database.recipe import Recipe
from t2sql.errors import InputError, MissingPartError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

EXAMPLE_URL = "sqlite:///shop.db"
_BUSY_SECONDS = 5.0


@dataclass(frozen=True)
class SourceColumn:
    """`affinity` is the type that SQLite is told for the column's copy; `binary` values are not read."""

    name: str
    type: str
    affinity: str
    binary: bool


@dataclass(frozen=True)
class Edge:
    """A foreign key: `columns` of `table` point at `to_columns` of `to_table`, pair by pair."""

    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class SourceTable:
    name: str
    columns: tuple[SourceColumn, ...]
    primary_key: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def shown(url: str) -> str:
    """The URL without its password, as it may be printed and kept."""
    return _parsed(url).render_as_string(hide_password=True)


def name_of(url: str) -> str:
    """What the database is called: the stem of its file, or its name on the server."""
    return Path(_parsed(url).database or "database").stem or "database"


def file_of(url: str) -> Path | None:
    """The SQLite file that the URL names; None for a database on a server."""
    parsed = _parsed(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def has_password(url: str) -> bool:
    return _parsed(url).password is not None


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine on the database; whatever goes wrong inside is told as an error about the database."""
    import sqlalchemy as sa

    parsed = _parsed(url)
    try:
        with warnings.catch_warnings():
            # Types that SQLAlchemy does not know are read as they come.
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            engine = _engine(parsed)
            try:
                yield engine
            finally:
                engine.dispose()
    except sa.exc.NoSuchModuleError as error:
        raise InputError(
            "an unknown kind of database",
            where=shown(url),
            expected=f"a URL such as {EXAMPLE_URL}",
            found=error,
        ) from None
    except ModuleNotFoundError as error:
        hint = f"Install it: pip install {error.name}"
        raise MissingPartError("the database's driver is missing", found=error.name, hint=hint) from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise InputError(
            "the database cannot be read", where=shown(url), found=reason, hint=_hint(reason)
        ) from error


def read_tables(engine: Engine, recipe: Recipe) -> list[SourceTable]:
    """The tables that the recipe takes, in the order of their names, with their keys."""
    import sqlalchemy as sa

    inspector = sa.inspect(engine)
    names = list(inspector.get_table_names())
    if recipe.views:
        names += inspector.get_view_names()
    names = sorted(name for name in names if not name.lower().startswith("sqlite_"))
    if not names:
        raise InputError("no table in the database", where=_where(engine))
    taken = [name for name in names if recipe.takes(name)]
    if not taken:
        raise InputError(
            "the recipe takes none of the tables", where=_where(engine), found=", ".join(names[:8])
        )
    tables = []
    for name in taken:
        try:
            tables.append(_table(engine, inspector, name))
        except sa.exc.OperationalError:
            # A view over a table that is gone.
            if name in inspector.get_table_names():
                raise
    by_name = {table.name.lower(): table for table in tables}
    return [_with_known_edges(table, by_name) for table in tables if table.columns]


def _table(engine: Engine, inspector: Any, name: str) -> SourceTable:
    columns = tuple(_column(engine, entry) for entry in inspector.get_columns(name))
    key = tuple(inspector.get_pk_constraint(name).get("constrained_columns") or ())
    edges = tuple(
        Edge(name, tuple(k["constrained_columns"]), k["referred_table"], tuple(k["referred_columns"]))
        for k in inspector.get_foreign_keys(name)
    )
    return SourceTable(name, columns, key, edges)


def _column(engine: Engine, entry: dict[str, Any]) -> SourceColumn:
    import sqlalchemy as sa

    type = entry["type"]
    if isinstance(type, sa.types.NullType):
        return SourceColumn(entry["name"], "TEXT", "", False)
    try:
        spelled = " ".join(type.compile(dialect=engine.dialect).split())
    except sa.exc.CompileError:
        spelled = "TEXT"
    binary = isinstance(type, sa.types.LargeBinary)
    if engine.dialect.name == "sqlite":
        return SourceColumn(entry["name"], spelled, spelled, binary)
    affinity = "TEXT"
    if isinstance(type, (sa.types.Integer, sa.types.Boolean)):
        affinity = "INTEGER"
    elif isinstance(type, sa.types.Numeric):
        affinity = "REAL"
    return SourceColumn(entry["name"], spelled, affinity, binary)


def _with_known_edges(table: SourceTable, by_name: dict[str, SourceTable]) -> SourceTable:
    """Keys into tables that are there, with every column there, spelled as there."""
    edges = []
    for edge in table.edges:
        target = by_name.get(edge.to_table.lower())
        if target is None or len(edge.columns) != len(edge.to_columns) or not edge.columns:
            continue
        spelled = {name.lower(): name for name in target.column_names}
        if {column.lower() for column in edge.to_columns} <= spelled.keys():
            to_columns = tuple(spelled[column.lower()] for column in edge.to_columns)
            edges.append(Edge(table.name, edge.columns, target.name, to_columns))
    return SourceTable(table.name, table.columns, table.primary_key, tuple(dict.fromkeys(edges)))


def _parsed(url: str) -> URL:
    import sqlalchemy as sa

    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InputError("not a database URL", expected=f"one such as {EXAMPLE_URL}") from None


def _engine(url: URL) -> Engine:
    import sqlalchemy as sa

    if url.get_backend_name() != "sqlite":
        engine = sa.create_engine(url)
        with engine.connect():
            return engine
    if url.host or not url.database or url.database == ":memory:":
        raise InputError("the URL names no SQLite file", where=url, expected=f"{EXAMPLE_URL}, three slashes")
    path = Path(url.database)
    if not path.is_file():
        raise InputError("no such database", where=path)
    address = f"{path.resolve().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        return connection

    return sa.create_engine("sqlite://", creator=connect)


def _where(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            row = connection.exec_driver_sql("PRAGMA database_list").fetchone()
            return str(row[2]) if row else "sqlite"
    return engine.url.render_as_string(hide_password=True)


def _hint(reason: str) -> str | None:
    if "locked" in reason:
        return "Another program is writing to it: close it, or copy the file"
    if "not a database" in reason:
        return "It is encrypted, or no SQLite file"
    return None
