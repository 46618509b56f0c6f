"""The runs under a root, again and again: only directories that changed are read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from t2sql import runs
from t2sql.runs import RunSummary

Signature = tuple[tuple[str, int, int], ...]

# The process of such a run can die without a file changing.
_NEVER_SETTLED = ("running",)


class Scanner:
    """`scan()` yields what is new as it is read, newest directories first; `summaries` holds all of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.summaries: dict[Path, RunSummary] = {}
        self._signatures: dict[Path, Signature] = {}

    def scan(self) -> Iterator[RunSummary]:
        """Each run that is new or differs from the last scan. Runs that went away leave `summaries`."""
        paths = self._directories()
        for path in self.summaries.keys() - set(paths):
            self.forget(path)
        for path in paths:
            signature = _signature(path)
            known = self.summaries.get(path)
            if known and signature == self._signatures.get(path) and known.state not in _NEVER_SETTLED:
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
        self.summaries.pop(path, None)
        self._signatures.pop(path, None)

    def _directories(self) -> list[Path]:
        found: list[tuple[int, Path]] = []
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    try:
                        if not entry.name.startswith(".") and entry.is_dir():
                            found.append((entry.stat().st_mtime_ns, self.root / entry.name))
                    except OSError:
                        continue
        except OSError:
            return []
        return [path for _, path in sorted(found, reverse=True)]


def _signature(path: Path) -> Signature:
    """Name, time and size of everything directly in a directory, whatever it is."""
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
