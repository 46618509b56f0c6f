"""Lines that cannot be read: left out and counted, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from t2sql.errors import InputError

_SHOWN = 3
"""A warning names at most this many lines."""


class LeftOut:
    """Counts the lines that cannot be read.

    Attributes:
        count: The number of lines that were left out.
    """

    def __init__(self, *, strict: bool) -> None:
        """Start counting.

        Args:
            strict: Whether the first such line is an error.
        """
        self.count = 0
        self._strict = strict
        self._first: list[InputError] = []
        self._last: InputError | None = None

    @contextmanager
    def line(self) -> Iterator[None]:
        """Read a line in the block: an InputError in it leaves the line out.

        Raises:
            InputError: The line cannot be read, and no line may be left out.
        """
        try:
            yield
        except InputError as error:
            if self._strict:
                raise
            self.count += 1
            self._last = error
            if len(self._first) < _SHOWN:
                self._first.append(error)

    def check_some(self, read: int, before: int = 0) -> None:
        """Refuse a file of which nothing could be read.

        Args:
            read: The number of lines that were read.
            before: The number of lines that had been left out before this file.

        Raises:
            InputError: It is 0, and lines were left out; the error is the first line's.
        """
        count = self.count - before
        if not read and count and self._last is not None:
            error = self._first[before] if before < len(self._first) else self._last
            others = f" (none of {count} lines can be read)" if count > 1 else ""
            raise InputError(
                f"{error.what}{others}",
                where=error.where,
                expected=error.expected,
                found=error.found,
                hint=error.hint,
            )

    def warning(self) -> str | None:
        """A sentence about the lines that were left out; None if there are none."""
        if not self.count:
            return None
        first = "; ".join(str(error) for error in self._first)
        more = f"; and {self.count - len(self._first)} more" if self.count > len(self._first) else ""
        lines = "1 line" if self.count == 1 else f"{self.count} lines"
        return f"{lines} left out: {first}{more}. With --strict, such a line is an error"
