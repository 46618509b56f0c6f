"""The file of one database's remembered answers: read, added to, and taken from."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from t2sql.databases import dialect_name, masked_url, parse_url
from t2sql.errors import InputError
from t2sql.files import write_error, write_text
from t2sql.plain import parse_json
from t2sql.remembered.answers import Origin, RememberedAnswer, question_key, read_answer, tables_state
from t2sql.remembered.nearest import nearest
from t2sql.remembered.places import remembered_file
from t2sql.schema import Schema

_MOST_BYTES = 16 << 20
_LINE_HINT = "Correct or delete the line; t2sql writes one JSON object a line"


class RememberedStore:
    """The remembered answers of one database.

    The file is read each time, so that what another process or a person changed in it counts. It is written
    whole, beside its place, and is readable by its owner only.

    Attributes:
        path: The file; it does not exist before there is an answer.
        database: The database's URL, without a password.
    """

    def __init__(self, url: str) -> None:
        """Find the file of a database.

        Raises:
            InputError: `url` is not a database URL.
        """
        self.path = remembered_file(url)
        self.database = masked_url(url)
        self._dialect = dialect_name(parse_url(url)) or "sqlite"

    def answers(self) -> list[RememberedAnswer]:
        """All answers, the oldest first.

        Raises:
            InputError: The file cannot be read, or a line is not one that t2sql writes.
        """
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                raise InputError(
                    "the file of remembered answers is too large",
                    where=self.path,
                    expected=f"at most {_MOST_BYTES:,} bytes",
                    found=f"{self.path.stat().st_size:,}",
                )
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("the remembered answers cannot be read", where=self.path, found=error) from None
        answers = []
        # Not splitlines: a text in JSON may hold other line separators.
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                document = parse_json(line)
                if not isinstance(document, dict):
                    raise ValueError("no object")
                answers.append(read_answer(document))
            except ValueError as error:
                where = f"{self.path}, line {number}"
                raise InputError(
                    "a remembered answer cannot be read", where=where, found=error, hint=_LINE_HINT
                ) from None
        return answers

    def find(self, question: str, schema: Schema) -> RememberedAnswer | None:
        """The answer to a question that was asked in the same words; None where there is none.

        Args:
            question: The question.
            schema: The database's tables now: an answer counts only while those that it reads are the same.

        Raises:
            InputError: The file cannot be read.
        """
        matching = (one for one in self.answers() if one.is_about(question) and one.fits(schema))
        return next(matching, None)

    def similar(self, question: str, schema: Schema, most: int) -> list[RememberedAnswer]:
        """Answers to questions in similar words, the nearest last; the same question is not among them.

        Args:
            question: The question.
            schema: The database's tables now, as for `find`.
            most: The most answers.

        Raises:
            InputError: The file cannot be read.
        """
        others = [one for one in self.answers() if one.fits(schema) and not one.is_about(question)]
        return nearest(question, others, most)

    def add(self, question: str, sql: str, schema: Schema, origin: Origin) -> RememberedAnswer:
        """Remember an answer, in place of an older one to the same question.

        Args:
            question: The question, in words.
            sql: The statement, in the database's dialect, which was checked.
            schema: The database's tables.
            origin: How the answer came about.

        Raises:
            InputError: The question or the statement is empty, or the file cannot be read or written.
            WorkError: The disk is full.
        """
        question, sql = " ".join(question.split()), sql.strip().rstrip(";").rstrip()
        if not question_key(question) or not sql:
            raise InputError("nothing to remember", expected="a question and its statement")
        answer = RememberedAnswer(
            question=question,
            sql=sql,
            dialect=self._dialect,
            origin=origin,
            database=self.database,
            tables=tables_state(schema, sql, self._dialect),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with self._alone():
            others = [one for one in self.answers() if not one.is_about(question)]
            self._write([*others, answer])
        return answer

    def forget(self, question: str) -> int:
        """Forget the answer to a question.

        Returns:
            How many were forgotten. The file goes with the last answer.

        Raises:
            InputError: The file cannot be read or written.
        """
        with self._alone():
            answers = self.answers()
            others = [one for one in answers if not one.is_about(question)]
            if len(others) < len(answers):
                self._write(others)
            return len(answers) - len(others)

    def _write(self, answers: Sequence[RememberedAnswer]) -> None:
        try:
            if answers:
                write_text(self.path, "".join(f"{one.line()}\n" for one in answers), private=True)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise write_error("remembered answers", self.path, error) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing the folder's files: both would write what they read before."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise _folder_error(folder, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _folder_error(folder: Path, error: OSError) -> InputError:
    hint = "Set T2SQL_REMEMBERED to a folder that can be written"
    return InputError(
        "the remembered answers cannot be written", where=folder, found=error.strerror, hint=hint
    )
