"""Where the frozen layers' output is kept: memory first, then a memory-mapped file that has no name."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from t2sql.errors import T2sqlError


class NoRoom(T2sqlError):
    """The states of a split cannot be kept; the message says why."""


class Store:
    """A slot of [length, width] for each example, of one NumPy dtype: in memory up to `memory` bytes, the
    others in a file of at most `disk` bytes in the cache directory, which goes with the process.

    NoRoom when both together do not do, or when the file system has not that much left.
    """

    def __init__(self, lengths: Sequence[int], width: int, dtype: Any, *, memory: float, disk: float) -> None:
        self._width, self._dtype = width, np.dtype(dtype)
        sizes = [length * width * self._dtype.itemsize for length in lengths]
        held = np.cumsum([0, *sizes])
        self._first_on_disk = int(np.searchsorted(held, memory, side="right")) - 1
        self._offsets = held - held[self._first_on_disk]
        self.memory_bytes = int(held[self._first_on_disk])
        self.disk_bytes = int(held[-1]) - self.memory_bytes
        self._lengths = lengths
        self._arrays: dict[int, np.ndarray] = {}
        self._map: mmap.mmap | None = None
        if self.disk_bytes:
            self._map = self._mapped(int(held[-1]), memory, disk)

    def __contains__(self, i: int) -> bool:
        return i in self._arrays

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, i: int) -> np.ndarray:
        return self._arrays[i]

    def __setitem__(self, i: int, states: np.ndarray) -> None:
        if i < self._first_on_disk or self._map is None:
            self._arrays[i] = states.copy()
            return
        count = self._lengths[i] * self._width
        slot = np.frombuffer(self._map, self._dtype, count, int(self._offsets[i]))
        slot = slot.reshape(self._lengths[i], self._width)
        slot[:] = states
        self._arrays[i] = slot

    def _mapped(self, total: int, memory: float, disk: float) -> mmap.mmap:
        if self.disk_bytes > disk:
            raise NoRoom(
                f"it takes {total / 1e9:.2f} GB, more than --cache-gb {memory / 1e9:.2f} "
                f"and --cache-disk-gb {disk / 1e9:.2f} together"
            )
        from t2sql.cache import cache_dir

        folder = cache_dir()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(prefix="states-", dir=folder) as file:
                # Space that is only promised would end the process with SIGBUS when the disk fills up.
                _reserve(file.fileno(), self.disk_bytes)
                return mmap.mmap(file.fileno(), self.disk_bytes)
        except OSError as error:
            raise NoRoom(
                f"{self.disk_bytes / 1e9:.2f} GB cannot be kept in {folder}: {error.strerror}; "
                "T2SQL_CACHE names another directory"
            ) from None


def _reserve(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    zeros = memoryview(bytes(1 << 20))
    left = size
    while left:
        left -= os.write(file, zeros[: min(left, len(zeros))])
