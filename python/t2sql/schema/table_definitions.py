"""Columns and constraints as CREATE TABLE and ALTER TABLE list them, in the SQL of any database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from t2sql.schema.sql_tokens import Token
from t2sql.schema.tables import Column, ForeignKey

Tokens = Sequence[Token]

_END = Token("sign", "", False)

_WORDS = """
    AS AUTOINCREMENT AUTO_INCREMENT BIND CHARSET CHECK COLLATE COMMENT COMPRESSION CONSTRAINT DEFAULT
    DEFERRABLE DISABLE ENABLE ENCODE FILESTREAM FOREIGN GENERATED IDENTITY INITIALLY INVISIBLE KEY MASKED NOT
    NULL ON OPTIONS PERSISTED PRIMARY REFERENCES ROWGUIDCOL SPARSE STORAGE STORED UNIQUE VIRTUAL VISIBLE
"""
_AFTER_TYPE = frozenset(_WORDS.split())
"""Words that end a column's type."""

_CONSTRAINTS = ("CHECK", "DEFAULT", "EXCLUDE", "FOREIGN", "NOT", "PRIMARY", "REFERENCES", "UNIQUE")


class DefinitionError(ValueError):
    """A list of columns that cannot be read; its text says where."""


@dataclass
class TableDefinition:
    """A table as its statements define it.

    Attributes:
        name: Its name without a schema.
        columns: The columns, each by its name.
        primary_key: The primary key's columns, in lower case.
        foreign_keys: The foreign keys; `to_column` is empty where the statement does not name it.
        comment: What the script says of the table.
    """

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: set[str] = field(default_factory=set)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    comment: str = ""

    def add_column(self, column: Column) -> None:
        """Add a column; of two with the same name the first stays."""
        if all(name.lower() != column.name.lower() for name in self.columns):
            self.columns[column.name] = column


class Cursor:
    """A position in the tokens of a statement.

    Attributes:
        tokens: The tokens.
        at: The index of the next one.
    """

    def __init__(self, tokens: Tokens, at: int = 0) -> None:
        """Stand before the token `at`."""
        self.tokens = tokens
        self.at = at

    @property
    def next(self) -> Token:
        """The next token; an empty sign at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def take(self) -> Token:
        """Return the next token, and step over it."""
        token = self.next
        self.at += 1
        return token

    def take_words(self, *words: str) -> bool:
        """Step over these words if they come next."""
        if [token.word for token in self.tokens[self.at : self.at + len(words)]] == list(words):
            self.at += len(words)
            return True
        return False

    def take_name(self) -> str:
        """Step over a name, maybe with its schema and database before it; return its last part.

        Raises:
            DefinitionError: No name comes next.
        """
        name = self.take()
        while self.next.text == "." and self.next.kind == "sign":
            self.take()
            name = self.take()
        if name.kind == "sign" or not name.text:
            raise DefinitionError("a name is missing")
        # MySQL and SQLite take a text for a name.
        return name.text

    def take_group(self) -> Tokens:
        """Step over a pair of parentheses; return what is inside.

        Raises:
            DefinitionError: None comes next, or it is not closed.
        """
        if self.take().text != "(":
            raise DefinitionError("'(' is missing")
        begin, depth = self.at, 1
        while depth:
            token = self.take()
            if token is _END:
                raise DefinitionError("')' is missing")
            if token.kind == "sign":
                depth += (token.text == "(") - (token.text == ")")
        return self.tokens[begin : self.at - 1]

    def find_group(self) -> Tokens:
        """Step over what stands before the next pair of parentheses, and over it; return what is inside."""
        while self.next is not _END and not (self.next.kind == "sign" and self.next.text == "("):
            self.take()
        return self.take_group()


def split_items(tokens: Tokens) -> Iterator[Tokens]:
    """Split at the commas that stand in no parentheses."""
    begin, depth = 0, 0
    for at, token in enumerate(tokens):
        if token.kind == "sign":
            depth += (token.text in "([") - (token.text in ")]")
            if token.text == "," and depth == 0:
                yield tokens[begin:at]
                begin = at + 1
    yield tokens[begin:]


def read_item(table: TableDefinition, item: Tokens, types: dict[str, str]) -> None:
    """Add a column or a constraint to a table.

    Args:
        table: The table.
        item: One item of CREATE TABLE's list, or what ALTER TABLE adds.
        types: What the script's own types stand for, by their names in lower case.

    Raises:
        DefinitionError: The item is empty, or a list in it is not closed.
    """
    if not item:
        raise DefinitionError("a column is missing")
    cursor = Cursor(item)
    if cursor.next.word == "CONSTRAINT" and len(item) > 2 and _is_constraint(item[1:], named=True):
        cursor.take()
        if cursor.next.word not in _CONSTRAINTS or Cursor(item, 2).next.word in _CONSTRAINTS:
            cursor.take()
        _read_constraint(table, cursor)
    elif _is_constraint(item, named=False):
        _read_constraint(table, cursor)
    else:
        _read_column(table, cursor, types)


def _is_constraint(item: Tokens, *, named: bool) -> bool:
    """Tell a constraint or an index from a column, whose name may be KEY, INDEX or CHECK."""
    words = [token.word for token in item[:3]] + ["", "", ""]
    if named:
        return any(word in _CONSTRAINTS for word in words[:2])
    if words[:2] in (["PRIMARY", "KEY"], ["FOREIGN", "KEY"], ["PERIOD", "FOR"], ["SUPPLEMENTAL", "LOG"]):
        return True
    if words[0] in ("CHECK", "DEFAULT", "EXCLUDE"):
        return words[1] == "USING" or (len(item) > 1 and item[1].kind in ("sign", "text"))
    if words[0] in ("KEY", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL"):
        groups = [at for at, token in enumerate(item) if token.kind == "sign" and token.text == "("]
        if not groups or groups[0] > 5 or groups[0] + 1 >= len(item):
            return False
        inside = item[groups[0] + 1]
        # VARCHAR(10) and ENUM('a') are types; (customer_id) is a list of columns.
        return inside.kind == "name" or (inside.kind == "word" and not inside.text.isdigit())
    return False


def _read_constraint(table: TableDefinition, cursor: Cursor) -> None:
    if cursor.take_words("PRIMARY", "KEY"):
        table.primary_key |= {name.lower() for name in _names(cursor.find_group())}
    elif cursor.take_words("FOREIGN", "KEY"):
        columns = _names(cursor.find_group())
        if cursor.take_words("REFERENCES"):
            table.foreign_keys += _references(cursor, columns)


def _names(items: Tokens) -> list[str]:
    """The names of a list such as `a`, `b`(10), [c] ASC."""
    return [item[0].text for item in split_items(items) if item and item[0].text]


def _references(cursor: Cursor, columns: Sequence[str]) -> Iterable[ForeignKey]:
    """One key for each column; `to_column` is empty where the statement does not name it."""
    target = cursor.take_name()
    opens = cursor.next.kind == "sign" and cursor.next.text == "("
    to_columns = _names(cursor.take_group()) if opens else [""] * len(columns)
    return [
        ForeignKey(column, target, to_column) for column, to_column in zip(columns, to_columns, strict=False)
    ]


def _read_column(table: TableDefinition, cursor: Cursor, types: dict[str, str]) -> None:
    name = cursor.take_name()
    begin = cursor.at
    while cursor.next is not _END and not _ends_type(cursor):
        if cursor.next.kind == "sign" and cursor.next.text == "(":
            cursor.take_group()
        else:
            cursor.take()
    type_name = _type_text(cursor.tokens[begin : cursor.at], types) or "TEXT"
    comment = next((token.comment for token in reversed(cursor.tokens) if token.comment), "")
    while cursor.next is not _END:
        if cursor.take_words("PRIMARY"):
            table.primary_key.add(name.lower())
        elif cursor.take_words("REFERENCES"):
            table.foreign_keys += _references(cursor, [name])
        elif cursor.take_words("COMMENT") and cursor.next.kind == "text":
            comment = cursor.take().text
        elif cursor.next.kind == "sign" and cursor.next.text == "(":
            cursor.take_group()
        else:
            cursor.take()
    table.add_column(Column(name, type_name, comment=comment))


def _ends_type(cursor: Cursor) -> bool:
    word = cursor.next.word
    if word == "CHARACTER":
        return Cursor(cursor.tokens, cursor.at + 1).next.word == "SET"
    return word in _AFTER_TYPE or (cursor.next.kind == "sign" and cursor.next.text == "=")


def _type_text(tokens: Tokens, types: dict[str, str]) -> str:
    """A type as it is written, without quotes and schema; the script's own types are replaced."""
    text = ""
    for token in tokens:
        piece = "'" + token.text.replace("'", "''") + "'" if token.kind == "text" else token.text
        text += f" {piece}" if token.spaced and text else piece
    if len(tokens) > 2 and tokens[1].text == ".":
        text = text.partition(".")[2]
    base, array, rest = text.partition("[")
    return types.get(base.strip().lower(), base) + array + rest
