"""Text files as people have them: with a byte order mark, in UTF-16, compressed, or no text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from t2sql.errors import InputError

_GZIP = b"\x1f\x8b"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32's little-endian mark begins with UTF-16's, so it is looked for first."""

_CONTENTS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"PK\x03\x04", "a zip archive", "Unpack it, and give the file or the folder that was in it"),
    (0, b"SQLite format 3\x00", "an SQLite database", "Name it by its URL: sqlite:///{path}"),
    (8, b"DUCK", "a DuckDB database", "Name it by its URL: duckdb:///{path}"),
    (0, b"PAR1", "a Parquet file", "Give it a name that ends in .parquet"),
    (0, b"PGDMP", "a dump in pg_dump's own format", "Make a plain one: pg_dump --schema-only --format=plain"),
    (0, b"BZh", "compressed by bzip2", "Unpack it: bunzip2 {path}"),
    (0, b"\xfd7zXZ", "compressed by xz", "Unpack it: unxz {path}"),
    (0, b"\x28\xb5\x2f\xfd", "compressed by zstd", "Unpack it: unzstd {path}"),
    (0, b"7z\xbc\xaf", "a 7z archive", "Unpack it, and give the file or the folder that was in it"),
    (257, b"ustar", "a tar archive", "Unpack it, and give the file or the folder that was in it"),
    (0, b"%PDF", "a PDF", "Give the text itself"),
    (0, b"GGUF", "a GGUF model", "Give a file of text"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "Fetch it: git lfs pull"),
    (0, b"<!DOCTYPE", "a web page", "Download the file itself"),
    (0, b"<!doctype", "a web page", "Download the file itself"),
    (0, b"<html", "a web page", "Download the file itself"),
)
"""(offset, bytes, what the file is, what to do) of files that are given for text by mistake."""

_HEAD_BYTES = 512


@contextmanager
def open_text(path: Path, *, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text file in UTF-8, or by its byte order mark in UTF-16 or UTF-32; gzip is unpacked.

    Bytes that are not text become lone surrogates, which `is_text` finds: so a caller can tell which line is
    lost. The block may only read: an OSError in it is taken for one of this file.

    Args:
        path: The file.
        newline: As for `open`.

    Raises:
        InputError: The file cannot be read, at once or while the block reads it, or is of another kind, which
            the error names.
    """
    try:
        with path.open("rb") as raw:
            yield from _decoded(path, raw, newline)
    except FileNotFoundError:
        raise InputError("no such file", where=path) from None
    except IsADirectoryError:
        raise InputError("a folder, where a file is expected", where=path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not text in {error.encoding.upper()}", where=path, found=error.reason) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError("the gzip file is damaged", where=path, found=error) from None
    except OSError as error:
        raise InputError("the file cannot be read", where=path, found=error.strerror or error) from None


def _decoded(path: Path, raw: BinaryIO, newline: str | None) -> Iterator[TextIO]:
    content: BinaryIO = raw
    if raw.read(2) == _GZIP:
        raw.seek(0)
        content = cast("BinaryIO", gzip.GzipFile(fileobj=raw))
    else:
        raw.seek(0)
    head = content.read(_HEAD_BYTES)
    content.seek(0)
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if encoding is None:
        _check_is_text(path, head)
    errors = "surrogateescape" if encoding in (None, "utf-8-sig") else "surrogatepass"
    with io.TextIOWrapper(content, encoding=encoding or "utf-8", errors=errors, newline=newline) as text:
        yield text


def read_text(path: Path, *, most: int) -> str:
    """Read a whole text file; see `open_text`.

    Args:
        path: The file.
        most: The most characters that it may have.

    Raises:
        InputError: The file cannot be read, is longer, or is not text all through.
    """
    with open_text(path) as stream:
        text = stream.read(most + 1)
    if len(text) > most:
        raise InputError("the file is too large", where=path, expected=f"at most {most:,} characters")
    if not is_text(text):
        line = next(number for number, line in enumerate(text.split("\n"), 1) if not is_text(line))
        raise InputError("not text in UTF-8", where=f"{path}, line {line}", hint=ENCODING_HINT)
    return text


ENCODING_HINT = "Save the file as UTF-8, such as by: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
"""What to do about a file in another encoding."""


def is_text(text: str) -> bool:
    """Tell whether a string is Unicode text: JSON and damaged files can hold halves of characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check_is_text(path: Path, head: bytes) -> None:
    for offset, mark, what, hint in _CONTENTS:
        if head[offset : offset + len(mark)] == mark:
            if path.suffix.lower() in (".xlsx", ".ods") and mark.startswith(b"PK"):
                what, hint = "a workbook", "Save its sheet as CSV"
            raise InputError("not a text file", where=path, found=what, hint=hint.format(path=path))
    if b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) * 4 > len(head) > 3:
            order = "UTF-16LE" if odd > even else "UTF-16BE"
            hint = f"Convert it: iconv -f {order} -t UTF-8 OLD > NEW"
            found = "what looks like UTF-16 without a byte order mark"
            raise InputError("not text in UTF-8", where=path, found=found, hint=hint)
        raise InputError("not a text file", where=path, found="zero bytes")
