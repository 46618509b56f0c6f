"""When a running statement has to end: at its deadline, or when its caller cancels it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeAlias

StopReason: TypeAlias = Literal["timeout", "cancelled"]
"""Why a statement was ended; also kinds of an `SqlError`."""


class StopCondition:
    """Decides when a running statement has to end. It is polled while the statement runs.

    Attributes:
        reason: Why the statement was ended; None while it may go on.
        error: What the caller's `cancelled` raised, if it raised.
    """

    def __init__(self) -> None:
        """Create a condition without a deadline; `start` sets one."""
        self._deadline = float("inf")
        self._cancelled: Callable[[], bool] | None = None
        self.reason: StopReason | None = None
        self.error: BaseException | None = None

    def start(self, timeout: float, cancelled: Callable[[], bool] | None = None) -> None:
        """Begin to watch the next statement.

        Args:
            timeout: Seconds from now until the statement is ended.
            cancelled: Says whether the caller no longer wants the result.
        """
        self._deadline = time.monotonic() + timeout
        self._cancelled = cancelled
        self.reason = self.error = None

    def is_reached(self) -> bool:
        """Tell whether the statement has to end, and record the reason. Never raises."""
        try:
            if self._cancelled is not None and self._cancelled():
                self.reason = "cancelled"
            elif time.monotonic() > self._deadline:
                self.reason = "timeout"
        except BaseException as error:
            self.error = error
        return self.reason is not None or self.error is not None
