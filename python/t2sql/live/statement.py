"""A model's statement made fit for a database: one SELECT of allowed parts, in the database's dialect."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from t2sql.live import values
from t2sql.live.allowed import refused_part
from t2sql.live.characters import check_characters
from t2sql.live.functions import translate_functions
from t2sql.live.resolving import NameResolver
from t2sql.live.values import Change
from t2sql.schema import Schema
from t2sql.sql import SqlError

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
        notes: What else a user should know of its texts.
    """

    sql: str
    dialect: str
    changes: tuple[Change, ...] = ()
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
    namespace: tuple[str, ...] | None = None,
) -> Statement:
    """Check a statement and write it in a database's dialect.

    What runs reads only the schema's tables and columns, through listed functions of the database itself. It
    is written from the checked tree, so that t2sql and the database cannot read it differently. SQLite gets
    the model's own text where that has no comment and nothing had to be changed.

    Args:
        sql: The model's statement, in SQLite's dialect.
        schema: The database's tables.
        dialect: sqlglot's name of the database's dialect.
        lookup: Runs a statement in `dialect` and returns the first column of its rows. With it, a text that
            no row has is replaced by the one spelling, letter case ignored, that rows have.
        namespace: The database's schema that the tables are in, after its catalog if that is needed; None
            for the one that a new database has.

    Returns:
        The statement as it may run.

    Raises:
        SqlError: It is not one SELECT, has a part that is not allowed, or names a table or a column that is
            not in scope.
    """
    try:
        return _prepare(sql, schema, dialect, lookup, namespace or _NAMESPACES[dialect])
    except RecursionError:
        raise SqlError("memory", "the statement is nested too deeply", sql) from None


def _prepare(
    sql: str,
    schema: Schema,
    dialect: str,
    lookup: Callable[[str], list[Any]] | None,
    namespace: tuple[str, ...],
) -> Statement:
    tree = _parse(sql)
    plain = tree.copy() if dialect == "sqlite" else tree
    comments = any(node.comments for node in tree.walk())
    rewritten = NameResolver(schema, namespace, dialect, sql).resolve(tree)
    changes: list[Change] = []
    notes: list[str] = []
    if lookup is not None:
        changes, notes = values.match_letter_case(
            tree, namespace, lambda query: lookup(query.sql(dialect=dialect))
        )
    if dialect == "sqlite" and not rewritten:
        if not (changes or comments):
            return Statement(sql, dialect, (), tuple(notes))
        # Only quotes, texts and comments differ, and without the quotes it is easier to read.
        for literal, changed in zip(plain.find_all(exp.Literal), tree.find_all(exp.Literal), strict=True):
            literal.set("this", changed.name)
        tree = plain
    if dialect != "sqlite":
        values.adapt_types(tree)
        translate_functions(tree, dialect, sql)
    return Statement(_to_sql(tree, dialect, sql), dialect, tuple(changes), tuple(notes))


def _parse(sql: str) -> exp.Query:
    if len(sql) > MAX_STATEMENT_CHARACTERS:
        raise SqlError("memory", f"a statement of {len(sql)} characters is too long", sql)
    try:
        with _sqlglot_warnings_dropped():
            check_characters(sql)
            trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
    except (SqlglotError, RecursionError, ValueError) as error:
        raise SqlError("syntax", _first_line(error), sql) from None
    if not trees:
        raise SqlError("syntax", "no statement", sql)
    if len(trees) > 1:
        raise SqlError("multiple", f"{len(trees)} statements", sql)
    tree = trees[0]
    if not isinstance(tree, exp.Query):
        raise SqlError("not_read_only", f"expected SELECT, found {sql.split()[0][:20].upper()}", sql)
    for node in tree.walk():
        part = refused_part(node)
        if part is not None:
            raise SqlError("not_read_only", f"{part} is not among what may run", sql)
    return tree


def _to_sql(tree: exp.Expr, dialect: str, sql: str) -> str:
    try:
        with _sqlglot_warnings_dropped():
            return tree.sql(dialect=dialect, comments=False)
    except (SqlglotError, RecursionError, ValueError) as error:
        raise SqlError("other", f"it cannot be written in {dialect}: {_first_line(error)}", sql) from None


@contextmanager
def _sqlglot_warnings_dropped() -> Iterator[None]:
    """Drop what sqlglot logs below an error inside the block, in this thread.

    It warns of what it reads as a plain command; such a statement is refused here with an error.
    """
    logger, thread = logging.getLogger("sqlglot"), threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or record.thread != thread

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)


def _first_line(error: BaseException) -> str:
    lines = _TERMINAL_CODES.sub("", str(error)).strip().splitlines()
    return lines[0][:_REASON_CHARACTERS] if lines else type(error).__name__
