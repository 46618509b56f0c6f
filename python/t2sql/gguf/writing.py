"""Planned files handed to the Rust core, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql import _core
from t2sql.errors import InputError
from t2sql.gguf.options import OutputOptions
from t2sql.gguf.plan import FilePlan, count_types
from t2sql.plain import JsonObject, plain
from t2sql.progress import Progress


@dataclass(frozen=True)
class ConvertResult:
    """What `convert`, `convert_adapter` or `quantize` wrote.

    Attributes:
        path: The output; of a split model the first file, which stands for all.
        bytes: Bytes of all files together.
        tensors: The number of tensors.
        types: ggml type -> number of tensors of it.
        seconds: The time that it took.
        warnings: What a person should know, such as tensors that kept a larger type.
        files: All files: one, or those of a split model.
    """

    path: Path
    bytes: int
    tensors: int
    types: dict[str, int]
    seconds: float
    warnings: list[str]
    files: list[Path]

    def to_dict(self) -> JsonObject:
        """The fields as JSON's own types."""
        return {name: plain(value) for name, value in vars(self).items()}


def write_files(
    files: Sequence[FilePlan],
    options: OutputOptions,
    *,
    started: float,
    warnings: Sequence[str] = (),
    progress: Progress | None = None,
) -> ConvertResult:
    """Write the planned files in one pass; they appear under their names together, when all are whole.

    Args:
        files: What to write, at least one file.
        options: Of these, `threads` and `force`.
        started: `time.perf_counter()` when the work began.
        warnings: What the result should carry.
        progress: Counts bytes of the sources.

    Raises:
        InputError: An output is a directory or exists, or a source's values do not fit the wanted type.
        WorkError: Writing failed, or a source was changed meanwhile.
    """
    for file in files:
        if file.path.is_dir():
            raise InputError("output is a directory", where=file.path, expected="the name of a file")
    first = files[0].path
    first.parent.mkdir(parents=True, exist_ok=True)
    summary = _core.write_ggufs(
        [(str(file.path), file.metadata, file.tensors) for file in files],
        threads=options.threads,
        progress=progress,
        force=options.force,
    )
    return ConvertResult(
        path=first,
        bytes=summary["bytes"],
        tensors=summary["tensors"],
        types=count_types(files),
        seconds=time.perf_counter() - started,
        warnings=list(warnings),
        files=[file.path for file in files],
    )
