"""The one exception family: every failure that a user can cause or mend is a `T2sqlError`."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
_FULL_HINT = "Free some space and run it again"


class T2sqlError(Exception):
    """A known failure; prints as ``WHAT (WHERE): expected X, found Y. TRY``.

    `exit_code` is what the command line ends with: 1 the work failed or a check did not hold,
    2 the arguments or the input are wrong.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        found: object = None,
        hint: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.found = found
        self.hint = hint
        super().__init__(self._message())

    def __reduce__(self) -> tuple[Callable[..., T2sqlError], tuple[object, ...]]:
        """How a process sends it to another: whatever its class, with its parts as text."""
        state = {
            name: value if value is None or isinstance(value, (str, int, float)) else str(value)
            for name, value in self.__dict__.items()
        }
        return _restore, (type(self), str(self), state)

    def _message(self) -> str:
        text = self.what if self.where is None else f"{self.what} ({self.where})"
        details = []
        if self.expected is not None:
            details.append(f"expected {self.expected}")
        if self.found is not None:
            details.append(f"found {_words(self.found)}")
        if details:
            text += ": " + ", ".join(details)
        hint = self.hint or (_FULL_HINT if str(self.found).endswith(_FULL) else None)
        return f"{text}. {hint}" if hint else text

    def rename(self, before: object, after: object) -> None:
        """Name another path than before, such as an output in place of the folder where it is built."""
        if str(before) in str(self.where):
            self.where = str(self.where).replace(str(before), str(after))
        if str(before) in str(self.found):
            self.found = str(self.found).replace(str(before), str(after))
        self.args = (self._message(),)


def _restore(kind: type[T2sqlError], message: str, state: dict[str, object]) -> T2sqlError:
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


def _words(found: object) -> str:
    """What was found, in words; an exception of Python's says it without its number and its path."""
    if isinstance(found, OSError) and found.strerror:
        return found.strerror[0].lower() + found.strerror[1:]
    if isinstance(found, UnicodeDecodeError):
        return f"bytes that are not {found.encoding.upper()} (at byte {found.start})"
    return str(found)


class InputError(T2sqlError):
    """The arguments or the input are wrong (exit code 2)."""

    exit_code = 2


class ContextError(InputError):
    """A prompt is longer than the model's context: it can be asked again with less."""


class WorkError(T2sqlError):
    """The work failed or a check did not hold (exit code 1)."""


class MissingPartError(InputError):
    """An optional part is not installed; the hint is the command that installs it."""
