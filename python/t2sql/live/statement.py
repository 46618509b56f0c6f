"""A model's statement made fit for a database: one SELECT of allowed parts, in the database's dialect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from t2sql.live import values
from t2sql.live.allowed import refused_part
from t2sql.live.characters import check_characters
from t2sql.live.dialects import OWN, mark_double_quotes, sqlglot_warnings_dropped
from t2sql.live.duckdb_shorthand import write_out
from t2sql.live.grouping import adapt_grouping
from t2sql.live.parser_words import quote_parser_words
from t2sql.live.readers import readers
from t2sql.live.resolving import NameResolver
from t2sql.live.strict_types import adapt_types
from t2sql.live.syntax_words import syntax_words
from t2sql.live.translation import from_sqlite, sqlite_use
from t2sql.live.values import Change, TextIndex
from t2sql.schema import Schema
from t2sql.sql import SqlError
from t2sql.values import Namespaces

MAX_STATEMENT_CHARACTERS = 20_000

_REASON_CHARACTERS = 200
# sqlglot underlines the place of an error with a terminal's control codes.
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Statement:
    """A checked statement.

    Attributes:
        sql: What runs, in `dialect`.
        dialect: sqlglot's name of the dialect.
        changes: Texts that were replaced by the database's spelling.
        unmatched: Texts that no row of their column has, in words: the statement may find nothing for them.
        notes: What else a user should know of its texts.
    """

    sql: str
    dialect: str
    changes: tuple[Change, ...] = ()
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_NAMESPACES: dict[str, tuple[str, ...]] = {
    "sqlite": ("main",),
    "duckdb": ("main",),
    "postgres": ("public",),
    "mysql": (),
}


def prepare(
    sql: str,
    schema: Schema,
    dialect: str,
    lookup: Callable[[str], list[Any]] | None = None,
    *,
    namespaces: Mapping[str, tuple[str, ...]] | None = None,
    index: TextIndex | None = None,
) -> Statement:
    """Check a statement and write it in a database's dialect.

    What runs reads only the schema's tables and columns, through listed functions of the database itself. It
    is written from the checked tree, so that t2sql and the database cannot read it differently. SQLite gets
    the model's own text where that has no comment and nothing had to be changed.

    A statement is read in the database's own dialect. What may not run in that reading, or has a use that
    only SQLite has, is read in SQLite's dialect and translated, and the translation is then checked as if
    it had been written so: there is one gate.

    Args:
        sql: The statement, in the database's dialect or in SQLite's.
        schema: The database's tables.
        dialect: sqlglot's name of the database's dialect.
        lookup: Runs a statement in `dialect` and returns the first column of its rows. With it, a text that
            no row has is replaced by the one spelling, letter case ignored, that rows have.
        index: The texts of the database, where they are known; it is asked before `lookup` is.
        namespaces: What the names of tables are written after: the database's schema, after its catalog if
            that is needed. The others are in the schema that a new database has.

    Returns:
        The statement as it may run.

    Raises:
        SqlError: It is not one SELECT, has a part that is not allowed, or names a table or a column that is
            not in scope.
    """
    sql = quote_parser_words(sql, _names(schema), dialect)
    home = home_of(namespaces or {}, dialect)
    try:
        return _prepare(sql, sql, schema, dialect, lookup, index, home)
    except RecursionError:
        raise SqlError("memory", "the statement is nested too deeply", sql) from None
    except SqlError as own:
        if dialect == "sqlite" or own.kind == "memory":
            raise
        try:
            return _prepare(from_sqlite(sql, dialect), sql, schema, dialect, lookup, index, home)
        except RecursionError:
            raise own from None
        except SqlError as other:
            # The reading that came further has the better reason.
            raise (other if own.kind == "syntax" else own) from None


def home_of(namespaces: Mapping[str, tuple[str, ...]], dialect: str) -> Namespaces:
    """What the name of each table is written after.

    Args:
        namespaces: That of tables that are not in the schema that a new database has.
        dialect: sqlglot's name of the database's dialect.
    """
    return lambda table: namespaces.get(table, _NAMESPACES[dialect])


def _names(schema: Schema) -> Iterator[str]:
    for table in schema.tables:
        yield table.name
        yield from table.column_names


def _prepare(
    read: str,
    sql: str,
    schema: Schema,
    dialect: str,
    lookup: Callable[[str], list[Any]] | None,
    index: TextIndex | None,
    namespaces: Namespaces,
) -> Statement:
    """Check `read`, which is `sql` or its translation."""
    tree = _parse(read, sql, dialect)
    plain = tree.copy() if dialect == "sqlite" else tree
    comments = any(node.comments for node in tree.walk())
    rewritten = NameResolver(schema, namespaces, dialect, sql).resolve(tree)
    changes: list[Change] = []
    unmatched: list[str] = []
    notes: list[str] = []
    if lookup is not None:
        changes, unmatched, notes = values.match_values(
            tree, namespaces, lambda query: lookup(_to_sql(query, dialect, sql)), index
        )
    if dialect == "sqlite" and not rewritten:
        if not (changes or comments):
            return Statement(sql, dialect, (), tuple(unmatched), tuple(notes))
        # Only quotes, texts and comments differ, and without the quotes it is easier to read.
        for literal, changed in zip(plain.find_all(exp.Literal), tree.find_all(exp.Literal), strict=True):
            literal.set("this", changed.name)
        tree = plain
    if dialect != "sqlite":
        adapt_types(tree, dialect)
    if dialect in ("duckdb", "postgres"):
        adapt_grouping(tree, dialect)
    written = _to_sql(tree, dialect, sql)
    _check_written(written, dialect, sql)
    return Statement(written, dialect, tuple(changes), tuple(unmatched), tuple(notes))


def _parse(read: str, sql: str, dialect: str) -> exp.Query | exp.Values:
    if len(read) > MAX_STATEMENT_CHARACTERS:
        raise SqlError("memory", f"a statement of {len(read)} characters is too long", sql)
    trees: list[exp.Expr] = []
    own_readers = readers(sql, dialect)
    for reader in own_readers if read is sql else (OWN[dialect],):
        try:
            with sqlglot_warnings_dropped():
                check_characters(read, reader)
                trees = [tree for tree in sqlglot.parse(read, read=reader) if tree is not None]
            break
        except (SqlglotError, RecursionError, ValueError) as error:
            if reader is own_readers[-1] or read is not sql:
                raise SqlError("syntax", syntax_words(error, sql), sql) from None
    if not trees:
        raise SqlError("syntax", "no statement", sql)
    if len(trees) > 1:
        raise SqlError("multiple", f"{len(trees)} statements", sql)
    tree = trees[0]
    if not isinstance(tree, exp.Query | exp.Values):
        raise SqlError("not_read_only", f"expected SELECT, found {sql.split()[0][:20].upper()}", sql)
    for text in list(tree.find_all(exp.ByteString)):
        # PostgreSQL's E'…', of which the simple escapes are read.
        plain = _unescaped(text.name)
        if plain is not None and dialect == "postgres":
            text.replace(exp.Literal.string(plain))
    if dialect == "mysql":
        mark_double_quotes(tree, read)
        for table in tree.find_all(exp.Table):
            # Hints name indexes and change no row.
            table.set("hints", None)
            if isinstance(table.parent, exp.From) and table.sql().upper() == "DUAL":
                table.parent.pop()
    if dialect == "duckdb":
        write_out(tree)
    for node in tree.walk():
        part = refused_part(node, dialect)
        if part is not None:
            raise SqlError("not_read_only", f"{part} is not among what may run", sql)
        use = sqlite_use(node, dialect)
        if use is not None and read is sql:
            raise SqlError("other", f"{use} is SQLite's, and cannot be translated", sql)
    return tree


def _check_written(written: str, dialect: str, sql: str) -> None:
    """Read what was written as it will be read, and refuse it if that is not what was checked."""
    try:
        with sqlglot_warnings_dropped():
            trees = sqlglot.parse(written, read=OWN[dialect])
            again = trees[0].sql(dialect=OWN[dialect], comments=False) if len(trees) == 1 and trees[0] else ""
    except (SqlglotError, RecursionError, ValueError):
        again = ""
    if again != written:
        raise SqlError("other", "it cannot be written so that it is read in one way only", sql)


def write_query(tree: exp.Expr, dialect: str) -> str:
    """Write a statement of our own in a database's dialect.

    Raises:
        SqlError: The dialect has no way to say it.
    """
    return _to_sql(tree, dialect, "")


def _to_sql(tree: exp.Expr, dialect: str, sql: str) -> str:
    try:
        with sqlglot_warnings_dropped():
            return tree.sql(dialect=OWN[dialect], comments=False, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, RecursionError, ValueError) as error:
        raise SqlError("other", f"it cannot be written in {dialect}: {_first_line(error)}", sql) from None


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}


def _unescaped(text: str) -> str | None:
    """A text without its backslashes; None if it has another escape."""
    pieces = re.split(r"\\(.)", text, flags=re.DOTALL)
    if any(escape not in _ESCAPES for escape in pieces[1::2]):
        return None
    return "".join(_ESCAPES[piece] if index % 2 else piece for index, piece in enumerate(pieces))


def _first_line(error: BaseException) -> str:
    lines = _TERMINAL_CODES.sub("", str(error)).strip().splitlines()
    return lines[0][:_REASON_CHARACTERS] if lines else type(error).__name__
