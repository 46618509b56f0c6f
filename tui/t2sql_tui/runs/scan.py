"""Scans a directory for runs again and again; only directories that changed are read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from t2sql import runs
from t2sql.runs import RunSummary

Signature: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name, modification time in nanoseconds and size in bytes of each entry of a directory."""


class Scanner:
    """Reads the runs of a directory.

    Attributes:
        root: The directory.
        summaries: All runs that the last scan knew, by path.
    """

    def __init__(self, root: Path) -> None:
        """Read nothing yet.

        Args:
            root: The directory; it need not exist.
        """
        self.root = root
        self.summaries: dict[Path, RunSummary] = {}
        self._signatures: dict[Path, Signature] = {}

    def scan(self) -> Iterator[RunSummary]:
        """Update `summaries`.

        Yields:
            Each run that is new or differs from the last scan as soon as it is read, the directory that was
            changed last first.
        """
        paths = self._directories()
        for path in self.summaries.keys() - set(paths):
            self.forget(path)
        for path in paths:
            signature = _signature(path)
            known = self.summaries.get(path)
            # The process of a running run can die without a file changing.
            if known and known.state != "running" and signature == self._signatures.get(path):
                continue
            if not runs.is_run(path):
                self.forget(path)
                continue
            summary = runs.summarize(path)
            self._signatures[path] = signature
            if summary != known:
                self.summaries[path] = summary
                yield summary

    def forget(self, path: Path) -> None:
        """Drop a run that is gone."""
        self.summaries.pop(path, None)
        self._signatures.pop(path, None)

    def _directories(self) -> list[Path]:
        dated: list[tuple[int, Path]] = []
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    try:
                        if not entry.name.startswith(".") and entry.is_dir():
                            dated.append((entry.stat().st_mtime_ns, self.root / entry.name))
                    except OSError:
                        continue
        except OSError:
            return []
        return [path for _, path in sorted(dated, reverse=True)]


def _signature(path: Path) -> Signature:
    """The signature of a directory; empty where it cannot be read."""
    try:
        with os.scandir(path) as entries:
            parts = []
            for entry in entries:
                try:
                    stat = entry.stat()
                except OSError:
                    continue
                parts.append((entry.name, stat.st_mtime_ns, stat.st_size))
    except OSError:
        return ()
    return tuple(sorted(parts))
