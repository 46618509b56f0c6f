"""Data-parallel training: the processes that `mlx.launch` started, and what they exchange."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from t2sql.errors import WorkError
from t2sql.plain import JsonObject
from t2sql.runtimes import Array, mx, nn, scalar
from t2sql.train.launch import launched


class LostRank(WorkError):
    """Another process of the run has ended, or the launcher asked this one to stop."""

    def __init__(self, found: object, hint: str | None = None) -> None:
        """Make the error from what was noticed and what to do."""
        what, expected = "a process of the run was lost", "every rank until the end"
        super().__init__(what, expected=expected, found=found, hint=hint)


class Ranks:
    """The ranks of a run: one, unless the process was launched as one of several.

    All ranks have to make each call together, except for the properties. Where there is one rank, a call
    returns its argument.

    Attributes:
        rank: This process's number, counted from 0.
        size: Number of processes.
    """

    def __init__(self) -> None:
        """Join the group that the launcher made, if there is one."""
        self._group: Any = None
        self.rank, self.size = 0, 1
        self._asked_to_stop = False
        if launched():
            self._group = mx.distributed.init()
            self.rank, self.size = self._group.rank(), self._group.size()

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes and reports."""
        return self.rank == 0

    @property
    def asked_to_stop(self) -> bool:
        """Whether SIGTERM came inside `guarded`."""
        return self._asked_to_stop

    def mean_gradients(self, gradients: Any) -> Any:
        """The mean of the ranks' trees of gradients, evaluated.

        Raises:
            LostRank: Another process is gone.
        """
        if self.size == 1:
            return gradients
        with _errors_as_lost_rank():
            gradients = nn.average_gradients(gradients, self._group)
            mx.eval(gradients)
        return gradients

    def all_sum(self, value: Array) -> Array:
        """The sum of the ranks' arrays, evaluated.

        Raises:
            LostRank: Another process is gone.
        """
        if self.size == 1:
            return value
        with _errors_as_lost_rank():
            value = mx.distributed.all_sum(value, group=self._group)
            mx.eval(value)
        return value

    def broadcast_object(self, document: JsonObject | None) -> JsonObject:
        """The first rank's JSON object, in every rank; the others give None.

        Raises:
            LostRank: Another process is gone.
        """
        if self.size == 1:
            assert document is not None
            return document
        raw = json.dumps(document).encode() if self.first else b""
        length = int(scalar(self.all_sum(mx.array([len(raw)], dtype=mx.float32))))
        own = raw if self.first else bytes(length)
        # As float32, which every backend can sum: it holds a byte exactly.
        summed = self.all_sum(mx.array(list(own), dtype=mx.float32))
        received: JsonObject = json.loads(bytes(int(scalar(x)) for x in summed))
        return received

    def broadcast(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The first rank's arrays, in every rank; names, shapes and dtypes are the same in all.

        Raises:
            LostRank: Another process is gone.
        """
        if self.size == 1:
            return arrays
        return {
            name: self.all_sum(value if self.first else mx.zeros_like(value))
            for name, value in sorted(arrays.items())
        }

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Note SIGTERM instead of dying from it: mlx.launch sends it to the others when a rank is lost.

        The block has to look at `asked_to_stop`. After a LostRank the handler stays, because the launcher's
        signal may still be on its way and must not cut off the report of the error.
        """
        if self.size == 1:
            yield
            return

        def note(*_: object) -> None:
            self._asked_to_stop = True

        previous = signal.signal(signal.SIGTERM, note)
        try:
            yield
        except LostRank:
            raise
        except BaseException:
            signal.signal(signal.SIGTERM, previous)
            raise
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def _errors_as_lost_rank() -> Iterator[None]:
    """MLX raises RuntimeError when the connection to another process breaks."""
    try:
        yield
    except RuntimeError as error:
        raise LostRank(" ".join(str(error).split())[:200]) from None
