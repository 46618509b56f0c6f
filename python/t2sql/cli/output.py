"""What a command prints: data on stdout, or one JSON document there; everything for people on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from t2sql.cli.progress import Progress
from t2sql.plain import plain


class Output:
    """Where a command's words go. With `json`, stdout gets one document and nothing else."""

    def __init__(self, json: bool = False) -> None:
        self.json = json
        self._bar: Progress | None = None

    def result(self, document: Any, text: str | Callable[[], str] = "") -> None:
        """The command's outcome: `document` with --json, `text` without."""
        if self.json:
            sys.stdout.write(dump_json(document))
        else:
            text = text() if callable(text) else text
            if text:
                print(text)
        sys.stdout.flush()

    def line(self, text: str = "") -> None:
        """A line of the outcome that can be printed before the whole is known."""
        with self._bar.aside() if self._bar else _nothing():
            print(text, file=sys.stderr if self.json else sys.stdout, flush=True)

    def note(self, text: str) -> None:
        """A line for people."""
        with self._bar.aside() if self._bar else _nothing():
            print(text, file=sys.stderr, flush=True)

    def warn(self, text: str) -> None:
        self.note(f"warning: {text}")

    @contextmanager
    def progress(self, label: str = "") -> Iterator[Progress]:
        """A progress callback for library calls: a bar on a terminal, lines in a pipe."""
        before = self._bar
        self._bar = Progress(label)
        try:
            yield self._bar
        finally:
            self._bar.close()
            self._bar = before


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def dump_json(document: Any) -> str:
    return json.dumps(plain(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, left: int = 1, trailing: int = 0
) -> str:
    """Columns aligned: the first `left` and the last `trailing` to the left, the numbers to the right."""
    cells = [[str(name) for name in header]] + [["-" if v is None else str(v) for v in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for row in cells:
        parts = [
            c.ljust(w) if i < left or i >= len(row) - trailing else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def size_text(count: float | None) -> str:
    """Bytes as people read them."""
    if count is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def time_text(seconds: float | None) -> str:
    """Seconds as people read them."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
