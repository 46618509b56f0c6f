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
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.generators.sqlite import SQLiteGenerator
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.parsers.mysql import MySQLParser
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.parsers.sqlite import SQLiteParser
from sqlglot.tokens import Token, TokenType

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


def _lambda_or_json(parser: Any, names: list[exp.Expr]) -> Any:
    """`x -> …` in a call; where it is JSON's operator, ORDER BY may follow it."""
    return parser._parse_order(DuckDBParser.LAMBDAS[TokenType.ARROW](parser, names))


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

    class Parser(SQLiteParser):
        """Reads calls as they stand."""

        FUNCTIONS: ClassVar[Any] = {
            **_functions(SQLiteParser),
            "MAX": exp.Max.from_arg_list,
            "MIN": exp.Min.from_arg_list,
        }
        FUNCTION_PARSERS: ClassVar[Any] = {"CAST": SQLiteParser.FUNCTION_PARSERS["CAST"]}
        LAMBDAS: ClassVar[Any] = {}
        CONCAT_OPERATORS: ClassVar[Any] = {**SQLiteParser.CONCAT_OPERATORS, **_ARROWS}

    class Generator(SQLiteGenerator):
        """Writes arrows as they stand."""

        TRANSFORMS: ClassVar[Any] = _binary_arrows(SQLiteGenerator)


class OwnDuckDB(DuckDB):
    """DuckDB's dialect."""

    class Parser(DuckDBParser):
        """Reads calls as they stand."""

        FUNCTIONS: ClassVar[Any] = _functions(DuckDBParser)
        FUNCTION_PARSERS: ClassVar[Any] = _syntax(DuckDBParser)
        LAMBDAS: ClassVar[Any] = {**DuckDBParser.LAMBDAS, TokenType.ARROW: _lambda_or_json}
        JSON_OPERATORS: ClassVar[Any] = {**DuckDBParser.JSON_OPERATORS, **_ARROWS}

    class Generator(DuckDBGenerator):
        """Writes arrows as they stand."""

        TRANSFORMS: ClassVar[Any] = _binary_arrows(DuckDBGenerator)

        MULTI_ARG_DISTINCT = True

        def ignorenulls_sql(self, expression: exp.IgnoreNulls) -> str:
            """Write IGNORE NULLS as it stands."""
            return f"{self.sql(expression, 'this')} IGNORE NULLS"

        def withingroup_sql(self, expression: exp.WithinGroup) -> str:
            """Write WITHIN GROUP as it stands."""
            return f"{self.sql(expression, 'this')} WITHIN GROUP ({self.sql(expression, 'expression')})"


class OwnPostgres(Postgres):
    """PostgreSQL's dialect."""

    class Parser(PostgresParser):
        """Reads calls as they stand."""

        FUNCTIONS: ClassVar[Any] = _functions(PostgresParser)
        FUNCTION_PARSERS: ClassVar[Any] = _syntax(PostgresParser)
        LAMBDAS: ClassVar[Any] = {TokenType.FARROW: PostgresParser.LAMBDAS[TokenType.FARROW]}
        JSON_OPERATORS: ClassVar[Any] = {**PostgresParser.JSON_OPERATORS, **_ARROWS}

    class Generator(PostgresGenerator):
        """Writes arrows as they stand."""

        MULTI_ARG_DISTINCT = True
        TRANSFORMS: ClassVar[Any] = {
            **_binary_arrows(PostgresGenerator),
            exp.CurrentTime: lambda self, node: "CURRENT_TIME",
        }


def _hexadecimal(parser: Any, token: Token) -> exp.Expr:
    """`0x41`, which is a number beside numbers, or `x'41'`, which is a text."""
    is_number = parser.sql[token.start : token.start + 2].lower() == "0x"
    node: exp.Expr = parser.expression(exp.HexString(this=token.text, is_integer=is_number or None), token)
    return node


def _write_hexadecimal(generator: Any, node: exp.HexString) -> str:
    return f"0x{node.name}" if node.args.get("is_integer") else f"x'{node.name}'"


def _write_group_concat(generator: Any, node: exp.GroupConcat) -> str:
    """GROUP_CONCAT with its LIMIT at the end, where MariaDB has it."""
    values, limit = node.this, ""
    if isinstance(values, exp.Limit):
        limit, values = generator.sql(exp.Limit(expression=values.expression.copy())).strip(), values.this
    separator = generator.sql(node, "separator") or "','"
    return f"GROUP_CONCAT({generator.sql(values)} SEPARATOR {separator}{limit and f' {limit}'})"


class OwnMariaDB(MySQL):
    """MariaDB's dialect, in which a model may write names in double quotes and join texts with `||`."""

    DPIPE_IS_STRING_CONCAT = True

    class Tokenizer(MySQL.Tokenizer):
        """Reads what is in double quotes as a name; what names no column becomes a text."""

        QUOTES: ClassVar[Any] = ["'"]
        IDENTIFIERS: ClassVar[Any] = ["`", '"']
        STRING_ESCAPES: ClassVar[Any] = ["'", "\\"]

    class Parser(MySQLParser):
        """Reads calls as they stand."""

        PRIMARY_PARSERS: ClassVar[Any] = {
            **MySQLParser.PRIMARY_PARSERS,
            TokenType.HEX_STRING: _hexadecimal,
        }
        FUNCTIONS: ClassVar[Any] = _functions(MySQLParser)
        FUNCTION_PARSERS: ClassVar[Any] = _syntax(
            MySQLParser, "GROUP_CONCAT", "CONVERT", "MATCH", "JSON_TABLE"
        )
        LAMBDAS: ClassVar[Any] = {}
        FUNC_TOKENS: ClassVar[Any] = MySQLParser.FUNC_TOKENS - {TokenType.VALUES}
        COLUMN_OPERATORS: ClassVar[Any] = {**MySQLParser.COLUMN_OPERATORS, **_ARROWS}
        DISJUNCTION: ClassVar[Any] = {
            kind: node for kind, node in MySQLParser.DISJUNCTION.items() if kind != TokenType.DPIPE
        }

        def _parse_unary(self) -> exp.Expr | None:
            """Read `||` too, which joins texts before anything else is calculated."""
            this = super()._parse_unary()
            while self._match(TokenType.DPIPE):
                this = self.expression(exp.DPipe(this=this, expression=super()._parse_unary(), safe=True))
            return this

        def _parse_group_concat(self) -> exp.Expr | None:
            """Read the LIMIT after SEPARATOR too."""
            node = super()._parse_group_concat()
            if node is None:
                return None
            if self._match(TokenType.LIMIT, advance=False):
                node.set("this", self._parse_limit(node.this))
            for joined in list(node.find_all(exp.Concat)):
                joined.replace(exp.Anonymous(this="CONCAT", expressions=joined.expressions))
            return node

    class Generator(MySQLGenerator):
        """Writes arrows, which MariaDB lacks, as functions."""

        TRANSFORMS: ClassVar[Any] = {
            **MySQLGenerator.TRANSFORMS,
            exp.HexString: _write_hexadecimal,
            exp.GroupConcat: _write_group_concat,
            exp.RegexpLike: lambda self, node: self.binary(node, "RLIKE"),
            JsonArrow: lambda self, node: self.func("JSON_EXTRACT", node.this, node.expression),
            JsonTextArrow: lambda self, node: self.func(
                "JSON_UNQUOTE", exp.Anonymous(this="JSON_EXTRACT", expressions=[node.this, node.expression])
            ),
        }


class MariaDBFromSQLite(MySQL):
    """MariaDB's dialect for what was read in SQLite's: what was in double quotes stays in them."""

    class Generator(MySQLGenerator):
        """Writes names that may be texts as they were."""

        def identifier_sql(self, expression: exp.Identifier) -> str:
            """Write a name; `mark_double_quotes` says which are in double quotes."""
            if not in_double_quotes(expression):
                return str(super().identifier_sql(expression))
            return '"' + expression.name.replace('"', '""') + '"'


class PlainMariaDB(OwnMariaDB):
    """MariaDB's dialect, in which a backslash in a text stands for itself, as in SQLite's."""

    UNESCAPED_SEQUENCES: dict[str, str] = {}  # noqa: RUF012 # sqlglot declares it so.

    class Tokenizer(OwnMariaDB.Tokenizer):
        """Knows no backslashes."""

        STRING_ESCAPES: ClassVar[Any] = ["'"]


OWN: dict[str, type[Dialect]] = {
    "sqlite": OwnSQLite,
    "duckdb": OwnDuckDB,
    "postgres": OwnPostgres,
    "mysql": OwnMariaDB,
}
"""The dialects by sqlglot's names of the databases' dialects: what is written is written in these."""


def mark_double_quotes(tree: exp.Expr, sql: str) -> None:
    """Note which names of a tree are in double quotes in the statement that it was read from."""
    for name in tree.find_all(exp.Identifier):
        start = name.meta.get("start")
        name.meta["double_quoted"] = start is not None and sql[start : start + 1] == '"'


def in_double_quotes(name: exp.Expr) -> bool:
    """Whether `mark_double_quotes` found a name in double quotes: in MariaDB such a word may be a text."""
    return bool(name.meta.get("double_quoted"))


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
