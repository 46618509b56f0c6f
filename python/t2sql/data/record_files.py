"""Files of records as people have them: JSON lines, a JSON list, CSV, TSV, Parquet, each maybe compressed."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path
from typing import TextIO

from t2sql.data.left_out import LeftOut
from t2sql.data.parquet_files import read_parquet
from t2sql.data.record import json_type, parse_json
from t2sql.errors import InputError
from t2sql.text_files import ENCODING_HINT, is_text, open_text

JSON_SUFFIXES = (".jsonl", ".json", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv")
SUFFIXES = (*JSON_SUFFIXES, *TABLE_SUFFIXES, ".parquet")
"""The suffixes of files of examples; ".gz" may follow those of text files."""

MAX_CHARACTERS = 1 << 30
"""Characters of a file, or of the sum of a source's files: examples are held in memory, at about four times
their size."""

_LONGEST_CELL = 1 << 26


@dataclass(frozen=True)
class Row:
    """A record as it stands in a file.

    Attributes:
        value: What the record holds, usually an object.
        number: Its line in a text file, else its place in the list, from 1.
        where: The file and the place in it, for error messages.
    """

    value: object
    number: int
    where: str


def suffix_of(path: Path) -> str:
    """Return a file's suffix in lower case, without a ".gz" after it."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def read_rows(path: Path, left_out: LeftOut) -> Iterator[Row]:
    """Yield the records of a file; blank lines are skipped.

    Args:
        path: The file; its suffix says what it holds, or JSON lines if it says nothing.
        left_out: Counts the lines that cannot be read.

    Raises:
        InputError: The file cannot be read.
        MissingPartError: It is a Parquet file, and pyarrow is not installed.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        for number, fields in enumerate(read_parquet(path), 1):
            yield Row(fields, number, f"{path}[{number - 1}]")
    elif suffix in TABLE_SUFFIXES:
        yield from _read_table(path, left_out)
    else:
        yield from _read_json(path, left_out)


def read_json(path: Path) -> object:
    """Read a file that is one JSON document.

    Raises:
        InputError: The file cannot be read, is not JSON, or is larger than `MAX_CHARACTERS`.
    """
    with open_text(path) as stream:
        text = stream.read(MAX_CHARACTERS + 1)
    if len(text) > MAX_CHARACTERS:
        raise too_large(path)
    return parse_json(text, str(path), "file")


def too_large(path: Path) -> InputError:
    """The error for a file that does not fit into memory."""
    return InputError(
        "too large to be read at once",
        where=path,
        expected=f"at most {MAX_CHARACTERS >> 30} GB",
        hint="Take a part of it, such as: head -n 200000 OLD.jsonl > NEW.jsonl",
    )


def _read_json(path: Path, left_out: LeftOut) -> Iterator[Row]:
    """Lines, or one document: hubs and exports use either suffix for both."""
    with open_text(path) as stream:
        first = list(_through_first_line(stream))
        second = list(_through_first_line(stream)) if first else []
        if not first or not first[-1].strip():
            return
        alone = suffix_of(path) == ".json" and not "".join(second).strip()
        lines: Iterator[str] = chain(first, second, stream)
        if alone or not _is_object("".join(first)):
            text = "".join(chain(first, second)) + stream.read(MAX_CHARACTERS)
            if stream.read(1):
                raise too_large(path)
            rows = _read_document(text, path)
            if rows is not None:
                yield from rows
                return
            lines = iter(text.splitlines(keepends=True))
        size = 0
        for number, line in enumerate(lines, 1):
            size += len(line)
            if size > MAX_CHARACTERS:
                raise too_large(path)
            if line.strip():
                with left_out.line():
                    yield Row(parse_json(line, f"{path}:{number}"), number, f"{path}:{number}")


def _through_first_line(stream: TextIO) -> Iterator[str]:
    """The lines of a stream up to the first that is not blank."""
    for line in stream:
        yield line
        if line.strip():
            return


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _read_document(text: str, path: Path) -> list[Row] | None:
    """The records of one JSON document; None if the text is lines after all, the first of them damaged."""
    try:
        document = parse_json(text, str(path), "file")
    except InputError:
        if not text.lstrip().startswith("[{") and "\n{" in text:
            return None
        raise
    values: object = document
    if isinstance(document, dict):
        # {"data": [...]} and the like: the one list of objects in it. A chat alone is a record.
        lists = [value for value in document.values() if isinstance(value, list)]
        is_chat = "messages" in document or "conversations" in document
        values = [document] if is_chat else lists[0] if len(lists) == 1 else document
    if not isinstance(values, list):
        raise InputError(
            "not a list of examples",
            where=path,
            expected="a JSON list, or JSON lines",
            found=json_type(values),
        )
    return [Row(value, index, f"{path}[{index - 1}]") for index, value in enumerate(values, 1)]


def _read_table(path: Path, left_out: LeftOut) -> Iterator[Row]:
    with open_text(path, newline="") as stream:
        header, delimiter = _header(path, stream)
        # The module's own limit is 131,072 characters; schemas can be longer.
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(_bounded(path, stream), delimiter=delimiter, strict=True)
        while True:
            place = f"{path}:{reader.line_num + header.lines + 1}"
            with left_out.line():
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise InputError("the line is not CSV", where=place, found=error) from None
                if any(cell.strip() for cell in cells):
                    number = reader.line_num + header.lines
                    yield Row(_fields(header.names, cells, place), number, place)


@dataclass(frozen=True)
class _Header:
    """The names of a table's columns, and the number of lines that they take."""

    names: tuple[str, ...]
    lines: int


def _header(path: Path, stream: TextIO) -> tuple[_Header, str]:
    """Read the first line, and find what separates cells: Excel writes semicolons in half the world."""
    line, lines = stream.readline(1 << 20), 1
    if line.lower().startswith("sep="):
        line, lines = stream.readline(1 << 20), 2
    counts = Counter(letter for letter in line if letter in ",;\t|")
    delimiter = counts.most_common(1)[0][0] if counts else ","
    names = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter), []))
    if not any(names):
        raise InputError("no header", where=path, expected="a first line with the columns' names")
    return _Header(names, lines), delimiter


def _fields(names: tuple[str, ...], cells: list[str], where: str) -> Mapping[str, object]:
    if len(cells) > len(names):
        raise InputError("the line has too many cells", where=where, expected=len(names), found=len(cells))
    if not all(map(is_text, cells)):
        raise InputError("the line is not text in UTF-8", where=where, hint=ENCODING_HINT)
    fields: dict[str, object] = {}
    for name, cell in zip(names, cells, strict=False):
        if name and cell:
            # A chat in a cell is JSON.
            fields[name] = parse_json(cell, where) if cell.startswith(("[{", '{"')) else cell
    return fields


def _bounded(path: Path, stream: TextIO) -> Iterator[str]:
    size = 0

    def counted(line: str) -> bool:
        nonlocal size
        size += len(line)
        if size > MAX_CHARACTERS:
            raise too_large(path)
        return True

    return takewhile(counted, stream)
