"""The statements of an SQL script of any database, as tokens; rows of a dump are passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from t2sql.errors import InputError
from t2sql.schema.sql_tokens import (
    Statement,
    Token,
    body_pattern,
    make_token,
    token_pattern,
    with_line_comment,
)

_CHUNK = 1 << 20
"""Characters that are read at once."""

_LONGEST_STATEMENT = 1 << 22
"""Characters of a statement about tables."""

_LONGEST_NAME = 256
"""Characters of a name in brackets, more than any database takes."""

_LONGEST_TEXT = 1 << 28
"""Characters of one text, comment or line among the rows of a dump: what is in memory at once."""

_CLIENT_LINE = re.compile(
    r"\\|\.(?=[a-z])|PROMPT\b|REM\b|SET[ \t]+DEFINE\b|GO[ \t]*(?:\d+[ \t]*)?\r?$|/[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
"""The beginning of a line that is meant for a client: psql, sqlite3, SQL*Plus, sqlcmd."""

_BATCH_END = re.compile(r"^[ \t]*GO[ \t]*(?:\d+[ \t]*)?\r?$", re.IGNORECASE | re.MULTILINE)
_BACKSLASHES = re.compile(
    r"MySQL dump|MariaDB dump|phpMyAdmin|HeidiSQL|\bENGINE\s*=|\bAUTO_INCREMENT\b|/\*!\d{5}", re.IGNORECASE
)
"""What shows a script of MySQL or MariaDB, where a backslash in a text escapes what follows, and "#" begins a
comment."""

_DELIMITER = re.compile(r"DELIMITER[ \t]+(\S+)", re.IGNORECASE)
_COPY = re.compile(r"COPY\b[^;]*\bFROM\s+stdin\b", re.IGNORECASE)
_COPY_END = "\n\\."
_ROUTINE = re.compile(
    r"(?:CREATE|ALTER)\s+(?:OR\s+(?:ALTER|REPLACE)\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?:PROC|PROCEDURE|FUNCTION|TRIGGER|PACKAGE|EVENT)\b",
    re.IGNORECASE,
)
_ABOUT_TABLES = re.compile(
    r"CREATE\b|ALTER\s+TABLE\b|COMMENT\s+ON\b|EXEC(?:UTE)?\s+(?:sys\.)?sp_addextendedproperty\b"
    r"|INSERT\s+INTO\s+sqlite_(?:schema|master)\b",
    re.IGNORECASE,
)
_NEXT = re.compile(r"GO[ \t]*\r?$|ALTER\s+TABLE\s|INSERT\s+INTO\s", re.IGNORECASE | re.MULTILINE)
"""What ends a statement without a semicolon where it begins a line; CREATE does so anywhere."""


class Stream(Protocol):
    """An open text."""

    def read(self, size: int, /) -> str:
        """At most `size` characters; none at the end."""


class ScriptReader:
    """Reads a script of SQLite, DuckDB, PostgreSQL, MySQL, MariaDB, SQL Server or Oracle piece by piece.

    A statement ends at a semicolon, at the line GO, where MySQL's DELIMITER says, or where CREATE begins
    another.
    """

    def __init__(self, stream: Stream, where: object = None) -> None:
        """Prepare to read.

        Args:
            stream: The script.
            where: Its file, for error messages.
        """
        self._stream = stream
        self._where = where
        self._buffer = stream.read(_CHUNK)
        self._ended = not self._buffer
        self._at = 0
        self._line = 1
        self._delimiter = ";"
        self._backslashes = _BACKSLASHES.search(self._buffer) is not None
        self._batches = _BATCH_END.search(self._buffer) is not None

    def statements(self) -> Iterator[Statement]:
        """Yield the statements that may say something about tables.

        Raises:
            InputError: A statement or a text is too long.
        """
        while self._skip_space():
            start = self._peek(256)
            if self._begins_line() and _CLIENT_LINE.match(start):
                self._skip_past("\n")
            elif match := _DELIMITER.match(start):
                self._delimiter = match.group(1)
                self._skip_past("\n")
            elif _ROUTINE.match(start):
                self._skip_routine()
            elif _ABOUT_TABLES.match(start):
                place = self._place
                yield Statement(tuple(self._tokens()), place)
            else:
                if start[:4].upper() == "COPY" and _COPY.match(self._peek(1 << 16)):
                    self._skip_past(_COPY_END)
                self._skip_body()

    def _tokens(self) -> list[Token]:
        """The tokens of a statement, up to its end."""
        tokens: list[Token] = []
        spaced, depth, size = False, 0, 0
        while (match := self._match()) is not None:
            kind, text = str(match.lastgroup), match.group()
            if kind == "space":
                self._advance(match.end())
                with_line_comment(tokens, text)
                if depth == 0 and "\n" in text and _NEXT.match(self._peek(64)):
                    break
                spaced = True
                continue
            if size and depth == 0 and kind == "word" and text.upper() == "CREATE":
                break
            if self._buffer.startswith(self._delimiter, self._at) or text == ";":
                self._advance(self._at + len(self._delimiter if text != ";" else ";"))
                break
            self._advance(match.end())
            depth += (text == "(") - (text == ")")
            size += len(text)
            if size > _LONGEST_STATEMENT:
                raise InputError("a statement is too long", where=self._place)
            tokens.append(make_token(kind, text, spaced))
            spaced = False
        return tokens

    def _match(self) -> re.Match[str] | None:
        """The next token, read to its end; None at the end of the script."""
        pattern = token_pattern(self._backslashes)
        self._peek(_LONGEST_NAME)
        while True:
            match = pattern.match(self._buffer, self._at)
            text = "" if match is None else match.group()
            unfinished = (
                match is None
                or match.end() == len(self._buffer)
                or (match.lastgroup == "sign" and text in "'\"`/")
            )
            if not unfinished or self._ended or len(self._buffer) - self._at > _LONGEST_STATEMENT:
                return match
            if text == "/" and not self._peek(2).startswith("/*"):
                return match
            self._fill()

    def _skip_body(self) -> None:
        """Pass over a statement of which nothing is kept."""
        pattern = body_pattern(self._delimiter, self._backslashes)
        while True:
            last_line = -1 if self._ended else self._buffer.rfind("\n", self._at + 1)
            end = last_line if last_line > 0 else len(self._buffer)
            match = pattern.match(self._buffer, self._at, end)
            self._advance(match.end() if match else self._at)
            if self._buffer.startswith(self._delimiter, self._at):
                self._advance(self._at + len(self._delimiter))
                return
            if self._at < end and self._buffer[self._at] == "\n":
                return
            if self._ended:
                if self._at == len(self._buffer):
                    return
                self._advance(self._at + 1)  # A text that does not end.
            elif len(self._buffer) - self._at > _LONGEST_TEXT:
                raise InputError("a text is too long, or does not end", where=self._place)
            else:
                self._fill()

    def _skip_routine(self) -> None:
        """Pass over a procedure or the like: in a script with batches to the end of its batch."""
        if not self._batches:
            self._skip_body()
            return
        while (end := _BATCH_END.search(self._buffer, self._at)) is None and not self._ended:
            self._advance(max(self._at, self._buffer.rfind("\n", 0)))
            self._fill()
        self._advance(len(self._buffer) if end is None else end.end())

    def _skip_past(self, mark: str) -> None:
        while (found := self._buffer.find(mark, self._at)) < 0 and not self._ended:
            self._advance(max(self._at, len(self._buffer) - len(mark)))
            self._fill()
        self._advance(len(self._buffer) if found < 0 else found + len(mark))

    def _skip_space(self) -> bool:
        """Pass over blanks, comments and lone delimiters; False at the end of the script."""
        while (match := self._match()) is not None:
            if match.lastgroup == "space" or match.group() == ";":
                self._advance(match.end())
            elif self._buffer.startswith(self._delimiter, self._at):
                self._advance(self._at + len(self._delimiter))
            else:
                return True
        return False

    def _begins_line(self) -> bool:
        start = self._buffer.rfind("\n", 0, self._at) + 1
        return not self._buffer[start : self._at].strip()

    def _peek(self, size: int) -> str:
        while len(self._buffer) - self._at < size and not self._ended:
            self._fill()
        return self._buffer[self._at : self._at + size]

    def _advance(self, end: int) -> None:
        self._line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _fill(self) -> None:
        """Read as much again as is held, so that a long text is looked at a few times only."""
        begin = max(0, self._at - 256)  # What looks back sees a little.
        more = self._stream.read(max(_CHUNK, len(self._buffer) - begin))
        self._ended = not more
        self._buffer = self._buffer[begin:] + more
        self._at -= begin

    @property
    def _place(self) -> str:
        return f"line {self._line}" if self._where is None else f"{self._where}, line {self._line}"
