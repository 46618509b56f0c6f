"""A model's statement made fit for a database: one SELECT of what may be in it, in the database's dialect."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from t2sql.live import values
from t2sql.live.allowed import refusal
from t2sql.live.names import Names
from t2sql.live.values import Change
from t2sql.schema import Schema
from t2sql.sql import SqlError

MAX_STATEMENT_CHARACTERS = 20_000

# It tells of what it cannot read on stderr; here that is refused, and told as an error.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Statement:
    """`sql` is what runs, in `dialect`; `changes` are the values whose letter case was the database's."""

    sql: str
    dialect: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def prepare(
    sql: str, schema: Schema, dialect: str, lookup: Callable[[str], list[Any]] | None = None
) -> Statement:
    """Check a statement in SQLite's dialect against the database's schema and write it in `dialect`.

    Raises SqlError when it is not one SELECT, calls or contains what is not allowed, or names a table
    that the database has not. `lookup(sql)` returns the first column of a statement's rows: with it, text
    that no row has is replaced by the one spelling of it, letter case ignored, that rows have.
    What is run on a server is written from the checked tree, so that the two cannot be read differently.
    """
    tree = _parsed(sql)
    names = Names(tree, schema, sql)
    asked = copy.deepcopy(tree)
    changes, notes = values.resolve(tree, names, _ask(lookup, dialect)) if lookup else ([], [])
    if dialect == "sqlite" and tree == asked and not names.disguised:
        # The model's own words.
        return Statement(sql, dialect, (), tuple(notes))
    if dialect != "sqlite":
        values.adapt(tree, names)
    if dialect != "sqlite" or names.disguised:
        names.spell(tree)
    return Statement(_written(tree, dialect, sql), dialect, tuple(changes), tuple(notes))


def _parsed(sql: str) -> Any:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if "\0" in sql:
        raise SqlError("syntax", "a null character", sql)
    if len(sql) > MAX_STATEMENT_CHARACTERS:
        raise SqlError("memory", f"a statement of {len(sql)} characters is too long", sql)
    try:
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
        reason = refusal(node)
        if reason is not None:
            raise SqlError("not_read_only", f"{reason} is not among what may run", sql)
    return tree


def _written(tree: Any, dialect: str, sql: str) -> str:
    from sqlglot.errors import SqlglotError

    try:
        return str(tree.sql(dialect=dialect, comments=False))
    except (SqlglotError, RecursionError, ValueError) as error:
        raise SqlError("other", f"it cannot be said in {dialect}: {_first_line(error)}", sql) from None


def _ask(lookup: Callable[[str], list[Any]], dialect: str) -> Callable[[Any], list[Any]]:
    return lambda tree: lookup(tree.sql(dialect=dialect))


def _first_line(error: BaseException) -> str:
    from re import sub

    # sqlglot underlines the place with terminal codes.
    lines = sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
