"""Data parallel training: the processes that `mlx.launch` started, and what they tell each other."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from t2sql.errors import WorkError
from t2sql.runtimes import mx, nn
from t2sql.train.launch import launched


class LostRank(WorkError):
    """Another process of the run has ended, or this one was told to."""

    def __init__(self, found: object, hint: str | None = None) -> None:
        what, expected = "a process of the run was lost", "every rank until the end"
        super().__init__(what, expected=expected, found=found, hint=hint)


class Ranks:
    """The ranks of a run: one, unless the process was launched as one of several.

    Every call but `asked_to_stop` is one that all ranks make together; LostRank when one of them is gone.
    """

    def __init__(self) -> None:
        self._group: Any = None
        self.rank, self.size = 0, 1
        self._asked = False
        if launched():
            self._group = mx.distributed.init()
            self.rank, self.size = self._group.rank(), self._group.size()

    @property
    def first(self) -> bool:
        """The rank that writes."""
        return self.rank == 0

    @property
    def asked_to_stop(self) -> bool:
        return self._asked

    def mean_gradients(self, gradients: Any) -> Any:
        """The mean of the ranks' gradients, evaluated; itself when there is one rank."""
        if self.size == 1:
            return gradients
        with self._together():
            gradients = nn.average_gradients(gradients, self._group)
            mx.eval(gradients)
        return gradients

    def total(self, value: Any) -> Any:
        """The sum of a float32 array over the ranks, evaluated."""
        if self.size == 1:
            return value
        with self._together():
            value = mx.distributed.all_sum(value, group=self._group)
            mx.eval(value)
        return value

    def told(self, message: dict[str, Any] | None) -> dict[str, Any]:
        """The first rank's message, in every rank."""
        if self.size == 1:
            assert message is not None
            return message
        raw = json.dumps(message).encode() if self.first else b""
        length = int(self.total(mx.array([len(raw)], dtype=mx.float32)).item())
        given = raw if self.first else bytes(length)
        # As float32, which every backend sums: a byte is one exactly.
        summed = self.total(mx.array(list(given), dtype=mx.float32))
        document: dict[str, Any] = json.loads(bytes(int(x) for x in summed.tolist()))
        return document

    def spread(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """The first rank's arrays, in every rank; names, shapes and types are the same in all."""
        if self.size == 1:
            return arrays
        out = {}
        for name, value in sorted(arrays.items()):
            sent = value if self.first else mx.zeros_like(value)
            with self._together():
                out[name] = mx.distributed.all_sum(sent, group=self._group)
                mx.eval(out[name])
        return out

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """While training: SIGTERM, which mlx.launch sends when a rank is lost, is kept for the step's end."""
        if self.size == 1:
            yield
            return

        def remember(*_: object) -> None:
            self._asked = True

        before = signal.signal(signal.SIGTERM, remember)
        try:
            yield
        except LostRank:
            # The launcher's signal is still to come: it must not end the telling of what happened.
            raise
        except BaseException:
            signal.signal(signal.SIGTERM, before)
            raise
        signal.signal(signal.SIGTERM, before)

    @contextmanager
    def _together(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise LostRank(" ".join(str(error).split())[:200]) from None
