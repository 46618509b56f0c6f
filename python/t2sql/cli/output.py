"""What a command prints: data on stdout, or one JSON document there; everything for people on stderr.

Every text goes through here, so that nothing that a model, a database, a file or a server says can control
the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from t2sql.cli.progress import TerminalProgress
from t2sql.plain import plain
from t2sql.text import json_text, one_line, pad, visible, width


class Output:
    """Where a command prints.

    Attributes:
        json: Whether stdout gets one JSON document and nothing else (`--json`).
    """

    def __init__(self, json: bool = False) -> None:
        """Decide between JSON and text."""
        self.json = json
        self._progress: TerminalProgress | None = None

    def result(self, document: object, text: str | Callable[[], str] = "") -> None:
        """Print the command's outcome.

        Args:
            document: What is printed with `--json`: JSON's own types, or dataclasses and paths of them
                (`t2sql.plain`).
            text: What is printed without; a function is called only then.
        """
        if self.json:
            sys.stdout.write(dump_json(document))
        else:
            text = text() if callable(text) else text
            if text:
                print(visible(text))
        sys.stdout.flush()

    def data(self, text: str) -> None:
        """Print rows for programs, to stdout: unchanged, but for a terminal safe."""
        print(visible(text) if sys.stdout.isatty() else text, flush=True)

    def line(self, text: str = "") -> None:
        """Print a line of the outcome before the whole is known; with `--json` to stderr."""
        with self._progress.aside() if self._progress else nullcontext():
            print(visible(text), file=sys.stderr if self.json else sys.stdout, flush=True)

    def note(self, text: str) -> None:
        """Print a line for people, to stderr."""
        with self._progress.aside() if self._progress else nullcontext():
            print(visible(text), file=sys.stderr, flush=True)

    def warn(self, text: str) -> None:
        """Print a warning, to stderr."""
        self.note(f"warning: {text}")

    @contextmanager
    def progress(self, title: str = "") -> Iterator[TerminalProgress]:
        """A progress callback for library calls: a bar on a terminal, lines in a pipe.

        Args:
            title: What is going on.
        """
        before = self._progress
        self._progress = TerminalProgress(title)
        try:
            yield self._progress
        finally:
            self._progress.close()
            self._progress = before


def dump_json(document: object) -> str:
    """A document as commands print it: indented, and with null for NaN and infinity, which JSON lacks."""
    return json_text(plain(document), indent=2) + "\n"


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    left: int = 1,
    trailing: int = 0,
    texts: Collection[int] = (),
) -> str:
    """Lay out a table with aligned columns, whose widths are counted in the terminal's cells.

    Args:
        header: The columns' names.
        rows: A cell for each column; None is shown as "-". Each stays on its line.
        left: How many first columns are aligned to the left; the others, numbers, to the right.
        trailing: How many last columns are aligned to the left as well.
        texts: Indexes of more columns that are aligned to the left.
    """
    cells = [["-" if value is None else one_line(str(value)) for value in row] for row in (header, *rows)]
    widths = [max(width(row[i]) for row in cells) for i in range(len(header))]
    at_left = {i for i in range(len(header)) if i < left or i >= len(header) - trailing or i in texts}
    lines = []
    for row in cells:
        parts = [
            pad(text, cells_wide, right=i not in at_left)
            for i, (text, cells_wide) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def size_text(count: float | None) -> str:
    """A number of bytes as people read it, in powers of 1000; "-" for None."""
    if count is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def time_text(seconds: float | None) -> str:
    """A number of seconds as people read it; "-" for None."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
