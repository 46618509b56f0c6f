"""Files of a run: replaced whole, and told apart by a fingerprint of their content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from t2sql.plain import JsonObject

_WHOLE = 8 << 20
_SAMPLE = 256 << 10
_SAMPLES = 16


def fingerprint(path: Path) -> str:
    """A hash of a file's or directory's content; of a big file, its size and evenly spaced samples.

    Samples suffice here because a stage's key also holds the keys of the stages before it.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        for file in _files(path):
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
            _add(digest, file)
    else:
        _add(digest, path)
    return digest.hexdigest()[:32]


def size(path: Path) -> int:
    """Bytes of a file, or of all files under a directory."""
    if path.is_dir():
        return sum(file.stat().st_size for file in _files(path))
    return path.stat().st_size


def key_of(inputs: JsonObject) -> str:
    """A hash of JSON values, whatever the order of their keys."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))


def _add(digest: Any, path: Path) -> None:
    length = path.stat().st_size
    digest.update(f"{length}\0".encode())
    with open(path, "rb") as file:
        if length <= _WHOLE:
            digest.update(file.read())
            return
        for i in range(_SAMPLES):
            file.seek((length - _SAMPLE) * i // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE))
