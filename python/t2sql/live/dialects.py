"""How a statement is read and written in each database's own dialect: calls of functions as they stand.

sqlglot reads many functions as kinds of their own, so that it can translate them, and writes some of them
otherwise than they were. Here almost every call stays a name with arguments. A list of a database's functions
is then a list of the names that its documentation has, and what is written is what was read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.tokens import TokenType

_AGGREGATES = ("COUNT", "SUM", "AVG", "MIN", "MAX")
"""What stays a kind of its own, because values are adapted in it."""
_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "OVERLAY")
"""Functions whose arguments have keywords between them."""


class JsonArrow(exp.Expression, exp.Binary, exp.Condition):
    """`a -> b`, the part of a JSON value as JSON."""


class JsonTextArrow(exp.Expression, exp.Binary, exp.Condition):
    """`a ->> b`, the part of a JSON value as text."""


def _arrow(kind: type[exp.Expression]) -> Any:
    def build(parser: Any, this: exp.Expr, path: exp.Expr) -> exp.Expr:
        return kind(this=this, expression=path)

    return build


_ARROWS = {TokenType.ARROW: _arrow(JsonArrow), TokenType.DARROW: _arrow(JsonTextArrow)}


def _functions(parser: Any) -> dict[str, Any]:
    return {name: parser.FUNCTIONS[name] for name in _AGGREGATES}


def _syntax(parser: Any, *more: str) -> dict[str, Any]:
    kept = (*_SYNTAX, *more)
    return {name: parse for name, parse in parser.FUNCTION_PARSERS.items() if name in kept}


def _binary_arrows(generator: Any) -> dict[Any, Any]:
    return {
        **generator.TRANSFORMS,
        JsonArrow: lambda self, node: self.binary(node, "->"),
        JsonTextArrow: lambda self, node: self.binary(node, "->>"),
    }


class OwnSQLite(SQLite):
    """SQLite's dialect."""

    class Parser(SQLite.parser_class):  # type: ignore[misc,name-defined] # sqlglot makes the class at run time.
        """Reads calls as they stand."""

        FUNCTIONS = {
            **_functions(SQLite.parser_class),
            "MAX": exp.Max.from_arg_list,
            "MIN": exp.Min.from_arg_list,
        }
        FUNCTION_PARSERS = {"CAST": SQLite.parser_class.FUNCTION_PARSERS["CAST"]}
        CONCAT_OPERATORS = {**SQLite.parser_class.CONCAT_OPERATORS, **_ARROWS}

    class Generator(SQLite.generator_class):  # type: ignore[misc,name-defined]
        """Writes arrows as they stand."""

        TRANSFORMS = _binary_arrows(SQLite.generator_class)


class OwnDuckDB(DuckDB):
    """DuckDB's dialect."""

    class Parser(DuckDB.parser_class):  # type: ignore[misc,name-defined]
        """Reads calls as they stand."""

        FUNCTIONS = _functions(DuckDB.parser_class)
        FUNCTION_PARSERS = _syntax(DuckDB.parser_class)
        JSON_OPERATORS = {**DuckDB.parser_class.JSON_OPERATORS, **_ARROWS}

    class Generator(DuckDB.generator_class):  # type: ignore[misc,name-defined]
        """Writes arrows as they stand."""

        TRANSFORMS = _binary_arrows(DuckDB.generator_class)

        def withingroup_sql(self, expression: exp.WithinGroup) -> str:
            """Write WITHIN GROUP as it stands."""
            return f"{self.sql(expression, 'this')} WITHIN GROUP ({self.sql(expression, 'expression')})"


class OwnPostgres(Postgres):
    """PostgreSQL's dialect."""

    class Parser(Postgres.parser_class):  # type: ignore[misc,name-defined]
        """Reads calls as they stand."""

        FUNCTIONS = _functions(Postgres.parser_class)
        FUNCTION_PARSERS = _syntax(Postgres.parser_class)
        JSON_OPERATORS = {**Postgres.parser_class.JSON_OPERATORS, **_ARROWS}

    class Generator(Postgres.generator_class):  # type: ignore[misc,name-defined]
        """Writes arrows as they stand."""

        TRANSFORMS = _binary_arrows(Postgres.generator_class)


class OwnMariaDB(MySQL):
    """MariaDB's dialect, in which a model may write names in double quotes and join texts with `||`."""

    DPIPE_IS_STRING_CONCAT = True

    class Tokenizer(MySQL.tokenizer_class):  # type: ignore[misc,name-defined]
        """Reads what is in double quotes as a name; what names no column becomes a text."""

        QUOTES = ["'"]
        IDENTIFIERS = ["`", '"']
        STRING_ESCAPES = ["'", "\\"]

    class Parser(MySQL.parser_class):  # type: ignore[misc,name-defined]
        """Reads calls as they stand."""

        FUNCTIONS = _functions(MySQL.parser_class)
        FUNCTION_PARSERS = _syntax(MySQL.parser_class, "GROUP_CONCAT", "CONVERT")
        FUNC_TOKENS = MySQL.parser_class.FUNC_TOKENS - {TokenType.VALUES}
        COLUMN_OPERATORS = {**MySQL.parser_class.COLUMN_OPERATORS, **_ARROWS}
        DISJUNCTION = {
            kind: node for kind, node in MySQL.parser_class.DISJUNCTION.items() if kind != TokenType.DPIPE
        }

    class Generator(MySQL.generator_class):  # type: ignore[misc,name-defined]
        """Writes arrows, which MariaDB lacks, as functions."""

        TRANSFORMS = {
            **MySQL.generator_class.TRANSFORMS,
            exp.RegexpLike: lambda self, node: self.binary(node, "RLIKE"),
            JsonArrow: lambda self, node: self.func("JSON_EXTRACT", node.this, node.expression),
            JsonTextArrow: lambda self, node: self.func(
                "JSON_UNQUOTE", exp.Anonymous(this="JSON_EXTRACT", expressions=[node.this, node.expression])
            ),
        }


OWN: dict[str, type[Dialect]] = {
    "sqlite": OwnSQLite,
    "duckdb": OwnDuckDB,
    "postgres": OwnPostgres,
    "mysql": OwnMariaDB,
}
"""The dialects by sqlglot's names of the databases' dialects."""


@contextmanager
def sqlglot_warnings_dropped() -> Iterator[None]:
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
