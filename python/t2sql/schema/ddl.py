"""A schema from an SQL script of any database: tables, the keys that ALTER TABLE adds, and comments."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

from t2sql.errors import InputError
from t2sql.schema.sql_script import ScriptReader, Stream
from t2sql.schema.sql_tokens import Statement, Token
from t2sql.schema.table_definitions import Cursor, DefinitionError, TableDefinition, read_item, split_items
from t2sql.schema.tables import ForeignKey, Schema, Table
from t2sql.text_files import ENCODING_HINT, is_text, open_text

_WORDS = """
    OR REPLACE GLOBAL LOCAL TEMP TEMPORARY UNLOGGED FOREIGN EXTERNAL TRANSIENT COLUMN ROW PRIVATE VOLATILE
"""
_BEFORE_TABLE = frozenset(_WORDS.split())
"""Words between CREATE and TABLE."""

_LIKE_TABLE = 0.7
"""From this ratio on, a word is TABLE misspelt; that of TABLESPACE is 0.67."""

_SHADOWS = "data idx content docsize config segments segdir stat node parent rowid"
"""What SQLite's virtual tables for search and ranges add to their names for the tables behind them."""


def read_ddl(text: str, *, where: object = None) -> Schema:
    """Read the tables of a script; see `read_ddl_file`.

    Args:
        text: The script.
        where: Its file or line, for error messages.

    Raises:
        InputError: A statement that seems to create a table cannot be read, or there is no table.
    """
    return _read(io.StringIO(text), where)


def read_ddl_file(path: Path) -> Schema:
    """Read the tables of a script of SQLite, DuckDB, PostgreSQL, MySQL, MariaDB, SQL Server or Oracle.

    Dumps are read as their tools write them. Rows are passed over as they are read, so that a dump of any
    size takes little memory; statements about anything else are ignored.

    Args:
        path: The file, in UTF-8 or with a byte order mark, maybe compressed by gzip.

    Raises:
        InputError: The file cannot be read, a statement that seems to create a table cannot be read, or there
            is no table.
    """
    with open_text(path) as stream:
        return _read(stream, path)


def _read(stream: Stream, where: object) -> Schema:
    script = _Script()
    for statement in ScriptReader(stream, where).statements():
        try:
            script.add(statement)
        except DefinitionError as error:
            raise InputError(
                "a statement of the schema cannot be read",
                where=statement.place,
                expected="CREATE TABLE NAME (COLUMN TYPE, ...)",
                found=f"{statement} ({error})",
            ) from None
    schema = script.schema()
    if not schema.tables:
        raise InputError("no table in the schema", where=where, expected="CREATE TABLE statements")
    if not is_text(json.dumps(schema.to_dict(), ensure_ascii=False)):
        raise InputError("a name in the schema is not text in UTF-8", where=where, hint=ENCODING_HINT)
    return schema


class _Script:
    """The tables of a script, as its statements define and change them."""

    def __init__(self) -> None:
        self._tables: dict[str, TableDefinition] = {}
        self._types: dict[str, str] = {}
        self._virtual: list[str] = []

    def schema(self) -> Schema:
        """The tables that have columns, without those behind SQLite's virtual tables."""
        shadows = {f"{name.lower()}_{part}" for name in self._virtual for part in _SHADOWS.split()}
        tables = [
            Table(
                table.name,
                tuple(
                    replace(column, primary_key=name.lower() in table.primary_key)
                    for name, column in table.columns.items()
                ),
                tuple(dict.fromkeys(table.foreign_keys)),
                table.comment,
            )
            for name, table in self._tables.items()
            if table.columns and name not in shadows
        ]
        primary_keys = {table.name.lower(): table.primary_key for table in tables}
        return Schema(tuple(_fill_in_targets(table, primary_keys) for table in tables))

    def add(self, statement: Statement) -> None:
        """Read a statement.

        Raises:
            DefinitionError: It seems to create or change a table, and cannot be read.
        """
        cursor = Cursor(statement.tokens)
        if cursor.take_words("CREATE"):
            self._create(cursor)
        elif cursor.take_words("ALTER", "TABLE"):
            self._alter(cursor)
        elif cursor.take_words("COMMENT", "ON"):
            self._comment(cursor)
        elif cursor.take_words("INSERT", "INTO"):
            self._virtual += [
                name.text
                for name, kind in zip(statement.tokens[2:], statement.tokens, strict=False)
                if kind.text == "table" and kind.kind == name.kind == "text"
            ]
        else:
            self._describe(statement)

    def _create(self, cursor: Cursor) -> None:
        while cursor.next.word in _BEFORE_TABLE:
            cursor.take()
        if cursor.take_words("TABLE"):
            self._create_table(cursor)
            return
        kind = cursor.take().word
        if kind == "VIRTUAL" and cursor.take_words("TABLE"):
            cursor.take_words("IF", "NOT", "EXISTS")
            self._virtual.append(cursor.take_name())
        elif kind in ("TYPE", "DOMAIN"):
            self._create_type(cursor)
        elif SequenceMatcher(None, kind, "TABLE").ratio() >= _LIKE_TABLE or cursor.next.text == "(":
            raise DefinitionError("TABLE is missing")

    def _create_table(self, cursor: Cursor) -> None:
        cursor.take_words("IF", "NOT", "EXISTS")
        table = TableDefinition(cursor.take_name())
        if cursor.next.text != "(":
            # PARTITION OF, AS SELECT and LIKE have no list of columns.
            if cursor.take_words("LIKE"):
                self._copy(table, cursor.take_name())
                self._tables.setdefault(table.name.lower(), table)
            return
        table.comment = cursor.next.comment
        for item in split_items(cursor.take_group()):
            copied = item[1].text.lower() if len(item) > 1 and item[0].word == "LIKE" else ""
            if copied in self._tables:
                self._copy(table, item[-1].text if len(item) == 2 else copied)
            elif item or table.columns:
                read_item(table, item, self._types)
        if cursor.take_words("INHERITS"):
            for parent in split_items(cursor.take_group()):
                self._copy(table, Cursor(parent).take_name())
        if cursor.take_words("WITHOUT") and cursor.next.word not in ("ROWID", "OIDS"):
            raise DefinitionError(f"unknown option {cursor.next.text}")
        while not table.comment and cursor.at < len(cursor.tokens):
            if cursor.take_words("COMMENT"):
                cursor.at += cursor.next.text == "="
                table.comment = cursor.next.text if cursor.next.kind == "text" else ""
            cursor.take()
        if not table.name.startswith("#"):
            self._tables.setdefault(table.name.lower(), table)

    def _copy(self, table: TableDefinition, name: str) -> None:
        other = self._tables.get(name.lower())
        for column in other.columns.values() if other else ():
            table.add_column(column)

    def _create_type(self, cursor: Cursor) -> None:
        name = cursor.take_name().lower()
        cursor.take_words("AS")
        if cursor.take_words("ENUM"):
            labels = ", ".join(
                "'" + token.text.replace("'", "''") + "'" for token in cursor.take_group()[::2]
            )
            self._types[name] = f"enum({labels})"
        elif cursor.next.kind == "word" and cursor.next.word not in ("RANGE", "TABLE", "OBJECT", "VARRAY"):
            domain = TableDefinition(name)
            read_item(domain, [replace(cursor.next, text="x"), *cursor.tokens[cursor.at :]], self._types)
            self._types[name] = domain.columns["x"].type if "x" in domain.columns else "TEXT"

    def _alter(self, cursor: Cursor) -> None:
        cursor.take_words("IF", "EXISTS")
        cursor.take_words("ONLY")
        table = self._tables.get(cursor.take_name().lower())
        if table is None:
            return
        if cursor.take_words("WITH"):
            cursor.take()
        for action in split_items(cursor.tokens[cursor.at :]):
            self._change(table, Cursor(action))

    def _change(self, table: TableDefinition, action: Cursor) -> None:
        if action.take_words("ADD"):
            if action.next.text == "(" and action.next.kind == "sign":
                for item in split_items(action.take_group()):
                    read_item(table, item, self._types)
                return
            action.take_words("COLUMN")
            action.take_words("IF", "NOT", "EXISTS")
            if action.next.word not in ("PARTITION", "PERIOD"):
                read_item(table, action.tokens[action.at :], self._types)
        elif action.take_words("ATTACH", "PARTITION"):
            self._tables.pop(action.take_name().lower(), None)
        elif action.take_words("RENAME", "TO"):
            self._tables.pop(table.name.lower(), None)
            table.name = action.take_name()
            self._tables[table.name.lower()] = table
        elif action.take_words("DROP", "COLUMN"):
            action.take_words("IF", "EXISTS")
            table.columns.pop(action.take_name(), None)

    def _comment(self, cursor: Cursor) -> None:
        """COMMENT ON TABLE a.b IS 'text', COMMENT ON COLUMN a.b.c IS 'text'."""
        kind, parts = cursor.take().word, [cursor.take().text]
        while cursor.next.text == ".":
            cursor.take()
            parts.append(cursor.take().text)
        if not cursor.take_words("IS") or cursor.next.kind != "text":
            return
        if kind == "TABLE":
            self._set_comment(parts[-1], "", cursor.next.text)
        elif kind == "COLUMN" and len(parts) > 1:
            self._set_comment(parts[-2], parts[-1], cursor.next.text)

    def _describe(self, statement: Statement) -> None:
        """SQL Server's sp_addextendedproperty, whose arguments are named @value, @level1name, @level2name."""
        values = {}
        for name, _, value in _windows(statement):
            if name.word.startswith("@"):
                values[name.word] = value.text
        if values.get("@NAME") == "MS_Description" and "@VALUE" in values:
            self._set_comment(values.get("@LEVEL1NAME", ""), values.get("@LEVEL2NAME", ""), values["@VALUE"])

    def _set_comment(self, table: str, column: str, comment: str) -> None:
        known = self._tables.get(table.lower())
        if known is None:
            return
        if not column:
            known.comment = comment
        elif column in known.columns:
            known.columns[column] = replace(known.columns[column], comment=comment)


def _windows(statement: Statement) -> Iterator[tuple[Token, Token, Token]]:
    # The N of N'text' is no token of its own here.
    tokens = [token for token in statement.tokens if token.word != "N"]
    return zip(tokens, tokens[1:], tokens[2:], strict=False)


def _fill_in_targets(table: Table, primary_keys: Mapping[str, tuple[str, ...]]) -> Table:
    """Complete keys that name no target column: SQL then means the target's primary key."""
    completed: list[ForeignKey] = []
    for key in table.foreign_keys:
        target = primary_keys.get(key.to_table.lower(), ())
        to_column = key.to_column or (target[0] if len(target) == 1 else key.column)
        completed.append(replace(key, to_column=to_column))
    return replace(table, foreign_keys=tuple(completed))
