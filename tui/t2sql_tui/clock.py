"""The time of day, in one place: whatever says how long ago something was asks here."""

from __future__ import annotations

import time


def now() -> float:
    return time.time()
