"""The time of day, in one place: everything that shows an age asks here, so a test can set it."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since 1970."""
    return time.time()
