"""The user's database through SQLAlchemy: opening it so that it is only read, and its tables."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from t2sql.databases.engine import EXAMPLE_URL, parsed, read_only_engine
from t2sql.errors import InputError, MissingPartError, T2sqlError

if TYPE_CHECKING:
    from sqlalchemy import Engine


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
    return parsed(url).render_as_string(hide_password=True)


def name_of(url: str) -> str:
    """What the database is called: the stem of its file, or its name on the server."""
    return Path(parsed(url).database or "database").stem or "database"


def file_of(url: str) -> Path | None:
    """The SQLite file that the URL names; None for a database on a server."""
    address = parsed(url)
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None


def has_password(url: str) -> bool:
    return parsed(url).password is not None


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine on the database; whatever goes wrong inside is told as an error about the database."""
    with told(url), unknown_types_allowed():
        engine = read_only_engine(parsed(url))
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def told(url: str, kind: type[T2sqlError] = InputError) -> Iterator[None]:
    """What SQLAlchemy or a driver raises inside, as an error about the database; no password is in it.

    `kind` is what a database that cannot be read is: a wrong argument, or one that went away.
    """
    import sqlalchemy as sa

    try:
        yield
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
        raise kind(
            "the database cannot be read", where=shown(url), found=reason, hint=_hint(reason)
        ) from error


@contextmanager
def unknown_types_allowed() -> Iterator[None]:
    """Types that SQLAlchemy does not know are read as they come. The filter is the whole process's."""
    import sqlalchemy as sa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        yield


def read_tables(
    engine: Engine, *, views: bool, takes: Callable[[str], bool] = lambda name: True
) -> list[SourceTable]:
    """The tables, and views if asked for, that are taken, in the order of their names, with their keys."""
    import sqlalchemy as sa

    inspector = sa.inspect(engine)
    names = list(inspector.get_table_names())
    if views:
        names += inspector.get_view_names()
    names = sorted(name for name in names if not name.lower().startswith("sqlite_"))
    if not names:
        raise InputError("no table in the database", where=_where(engine), **_elsewhere(engine, inspector))
    taken = [name for name in names if takes(name)]
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


def _elsewhere(engine: Engine, inspector: Any) -> dict[str, str]:
    """What to say of PostgreSQL's other schemas, if there are tables in one."""
    if engine.dialect.name != "postgresql":
        return {}
    schemas = [name for name in inspector.get_schema_names() if name != "information_schema"]
    having = [name for name in schemas if inspector.get_table_names(schema=name)]
    if not having:
        return {}
    return {
        "found": f"tables in the schema {', '.join(having[:8])}",
        "hint": f"Choose it in the URL: add ?options=-csearch_path%3D{quote(having[0])}",
    }


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
