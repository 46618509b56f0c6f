"""Split GGUF models: which tensor goes into which file, and llama.cpp's names and keys for the set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql._core import TensorPlan
    from t2sql.gguf.container import GgufFile

# Path, metadata and tensors, as the Rust core takes them.
FilePlan = tuple[str, "list[tuple[str, str, Any]]", "list[TensorPlan]"]

NUMBER, COUNT, TENSORS = "split.no", "split.count", "split.tensors.count"
KEYS = (NUMBER, COUNT, TENSORS)
_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
# Five digits in a name, 16 bits in the keys.
_MOST = 65_535


def shard_name(out: Path, number: int, count: int) -> Path:
    """The name of file `number` (from 1) of the set that `out` stands for."""
    stem = out.name[: -len(".gguf")] if out.name.endswith(".gguf") else out.name
    return out.with_name(f"{stem}-{number:05d}-of-{count:05d}.gguf")


def size_of(text: str | int) -> int:
    """Bytes of `500M` or `2G`: powers of 1000, as llama.cpp counts them."""
    match = _SIZE.fullmatch(str(text).strip())
    size = 0
    if match is not None:
        size = int(float(match[1]) * 1000 ** " KMGT".index(match[2].upper() or " "))
    if size <= 0:
        raise InputError("size not understood", expected="a number with K, M, G or T, such as 2G", found=text)
    return size


def cut(tensors: Sequence[TensorPlan], most: int) -> list[list[TensorPlan]]:
    """Runs of tensors of at most `most` bytes of data; a tensor that is larger is alone in its file."""
    shards: list[list[TensorPlan]] = [[]]
    held = 0
    for tensor in tensors:
        if shards[-1] and held + tensor.nbytes > most:
            shards.append([])
            held = 0
        shards[-1].append(tensor)
        held += tensor.nbytes
    if len(shards) > _MOST:
        raise InputError("too many files", expected=f"at most {_MOST}", found=len(shards))
    return shards


def files_of(
    out: Path, metadata: list[tuple[str, str, Any]], tensors: list[TensorPlan], most: str | int | None
) -> list[FilePlan]:
    """What to write: one file `out`, or a set whose first file has the metadata."""
    shards = [tensors] if most is None else cut(tensors, size_of(most))
    if len(shards) == 1:
        return [(str(out), metadata, tensors)]
    files: list[FilePlan] = []
    for number, shard in enumerate(shards):
        keys = [
            (NUMBER, "u16", number),
            (COUNT, "u16", len(shards)),
            (TENSORS, "i32", len(tensors)),
        ]
        pairs = [*metadata, *keys] if number == 0 else keys
        files.append((str(shard_name(out, number + 1, len(shards))), pairs, shard))
    return files


def siblings(file: GgufFile) -> list[Path]:
    """The files of the set that `file` is the first of, itself included; only itself when it is whole."""
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
    paths = [
        file.path.with_name(f"{name['stem']}-{number + 1:05d}-of-{count:05d}.gguf") for number in range(count)
    ]
    if file.metadata.get(NUMBER) != 0:
        raise InputError("not the first file of a split model", where=file.path, expected=paths[0].name)
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError("file of a split model missing", where=file.path, expected=missing[0] + more)
    return paths


def check_part(first: GgufFile, part: GgufFile, number: int) -> None:
    """Refuse a file that is not number `number` of the set."""
    found = (part.metadata.get(NUMBER), part.metadata.get(COUNT))
    if found != (number, first.metadata[COUNT]):
        raise InputError(
            "file is of another split model",
            where=part.path,
            expected=f"{NUMBER} {number} of {first.metadata[COUNT]}",
            found=f"{found[0]} of {found[1]}",
        )
    twice = next((name for name in part.tensors if name in first.tensors), None)
    if twice is not None:
        raise InputError("tensor is in two files of a split model", where=part.path, found=twice)
