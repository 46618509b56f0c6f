"""Ranges of counts and names of options, checked where a caller gives them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from t2sql.errors import InputError

MAX_SLOTS = 64
"""Answers that are computed at once, at most; each has a context of its own in memory."""

_DAY_SECONDS = 86_400


def max_threads() -> int:
    """Threads that one computation may use: four for each core, and 16 on any machine."""
    return max(16, 4 * (os.cpu_count() or 1))


def available_cpus() -> int | None:
    """The processors that this process may use; None where the system cannot say, as only Linux can."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else None


def check_count(option: str, value: int | None, most: int, *, least: int = 1) -> None:
    """Check the range of a count.

    Args:
        option: The option's name, for the error.
        value: The count; None is always let through.
        most: The most that is accepted.
        least: The least that is accepted.

    Raises:
        InputError: It is no whole number, or outside the range.
    """
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"{option} is out of range", expected=f"{least} to {most}", found=value)


def check_seconds(option: str, value: float, *, least: float = 0.001) -> None:
    """Check a length of time.

    Args:
        option: The option's name, for the error.
        value: The seconds.
        least: The least that is accepted; a day is the most.

    Raises:
        InputError: It is outside the range, or NaN.
    """
    if not least <= value <= _DAY_SECONDS:
        raise InputError(f"{option} is out of range", expected=f"{least:g} to {_DAY_SECONDS} s", found=value)


def check_threads(value: int | None) -> None:
    """Check a number of threads.

    Raises:
        InputError: It is outside 1 to `max_threads`.
    """
    check_count("threads", value, max_threads())


def check_names(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Check the keywords of a function that hands them on.

    Args:
        function: Its public name.
        given: The names of the keywords.
        known: Those that it has.

    Raises:
        TypeError: It does not have one of them, as Python says it of any function.
    """
    known = sorted(known)
    for name in given:
        if name not in known:
            raise TypeError(
                f"{function}() got an unexpected keyword argument {name!r}; it takes {', '.join(known)}"
            )
