"""Split GGUF models: the names and keys of llama.cpp's gguf-split, and reading such a set as one model."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile, read_gguf_header

# A file's index in the set, the number of files, and the number of tensors in all files.
INDEX, COUNT, TENSORS = "split.no", "split.count", "split.tensors.count"
KEYS = (INDEX, COUNT, TENSORS)
# `split.no` and `split.count` are 16 bits wide.
MOST_FILES = 65_535
_NAME = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)


def shard_path(out: Path, index: int, count: int) -> Path:
    """The path of file `index` (from 0) of the set that is named after `out`: NAME-00001-of-00003.gguf."""
    return out.with_name(_shard_name(out.name.removesuffix(".gguf"), index, count))


def parse_size(text: str | int) -> int:
    """Bytes of a size such as "500M" or "2G", in powers of 1000 as gguf-split counts.

    Raises:
        InputError: It is not a positive number with an optional K, M, G or T.
    """
    match = _SIZE.fullmatch(str(text).strip())
    size = 0
    if match is not None:
        size = int(float(match[1]) * 1000 ** " KMGT".index(match[2].upper() or " "))
    if size <= 0:
        raise InputError("size not understood", expected="a number with K, M, G or T, such as 2G", found=text)
    return size


def read_gguf(path: Path, *, arrays: bool = True) -> GgufFile:
    """Read a file's header; of the first file of a split model, the headers of all files as one.

    Args:
        path: A GGUF file.
        arrays: As for `read_gguf_header`.

    Raises:
        InputError: A file is missing, malformed, renamed or of another set, or the set lacks a tensor.
    """
    first = read_gguf_header(Path(path), arrays=arrays)
    tensors, size = dict(first.tensors), first.size
    for index, sibling in enumerate(_set_of(first)[1:], start=1):
        part = read_gguf_header(sibling, arrays=arrays)
        _check_part(first, part, index)
        duplicate = next((name for name in part.tensors if name in tensors), None)
        if duplicate is not None:
            raise InputError("tensor is in two files of a split model", where=part.path, found=duplicate)
        tensors.update(part.tensors)
        size += part.size
    expected = first.metadata.get(TENSORS, len(tensors))
    if expected != len(tensors):
        raise InputError(
            "tensors of a split model missing", where=path, expected=expected, found=len(tensors)
        )
    return replace(first, size=size, tensors=tensors)


def _shard_name(stem: str, index: int, count: int) -> str:
    return f"{stem}-{index + 1:05d}-of-{count:05d}.gguf"


def _set_of(file: GgufFile) -> list[Path]:
    """The files of the set whose first file is `file`, itself included; only itself when it is whole."""
    count = file.metadata.get(COUNT, 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 2:
        return [file.path]
    name = _NAME.fullmatch(file.path.name)
    if name is None or int(name["count"]) != count:
        raise InputError(
            "file of a split model has another name",
            where=file.path,
            expected=f"NAME-00001-of-{count:05d}.gguf",
            hint="Give the files of the set their names back",
        )
    paths = [file.path.with_name(_shard_name(name["stem"], index, count)) for index in range(count)]
    if file.metadata.get(INDEX) != 0:
        raise InputError("not the first file of a split model", where=file.path, expected=paths[0].name)
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError("file of a split model missing", where=file.path, expected=missing[0] + more)
    return paths


def _check_part(first: GgufFile, part: GgufFile, index: int) -> None:
    """Refuse a file that does not state that it is number `index` of the set."""
    stated = (part.metadata.get(INDEX), part.metadata.get(COUNT))
    if stated != (index, first.metadata[COUNT]):
        raise InputError(
            "file is of another split model",
            where=part.path,
            expected=f"{INDEX} {index} of {first.metadata[COUNT]}",
            found=f"{stated[0]} of {stated[1]}",
        )
