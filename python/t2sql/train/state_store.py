"""Storage for the frozen layers' output: memory first, then an unnamed temporary file that is mapped."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from t2sql.cache import cache_dir
from t2sql.errors import T2sqlError


class NoSpace(T2sqlError):
    """The states of a split cannot be stored; the message says why."""


class StateStore:
    """A slot of [length, hidden] for each example; slots are written once and then read.

    Attributes:
        memory_bytes: Memory of all slots in memory.
        disk_bytes: Size of the file with the others. It is in the cache directory and has no name, so it
            goes with the process.
    """

    def __init__(
        self, lengths: Sequence[int], hidden: int, dtype: npt.DTypeLike, *, memory: float, disk: float
    ) -> None:
        """Reserve the slots.

        Args:
            lengths: Tokens of each example.
            hidden: Numbers of each token.
            dtype: Their type.
            memory: Bytes that may be in memory; the first examples are.
            disk: Bytes that may be in the file.

        Raises:
            NoSpace: The slots do not fit, or the disk is too full.
        """
        self._hidden, self._dtype = hidden, np.dtype(dtype)
        sizes = [length * hidden * self._dtype.itemsize for length in lengths]
        ends = np.cumsum([0, *sizes])
        self._first_on_disk = int(np.searchsorted(ends, memory, side="right")) - 1
        self._offsets = ends - ends[self._first_on_disk]
        self.memory_bytes = int(ends[self._first_on_disk])
        self.disk_bytes = int(ends[-1]) - self.memory_bytes
        self._lengths = lengths
        self._arrays: dict[int, np.ndarray] = {}
        self._map: mmap.mmap | None = None
        if self.disk_bytes > disk:
            raise NoSpace(
                f"it takes {ends[-1] / 1e9:.2f} GB, more than --cache-gb {memory / 1e9:.2f} "
                f"and --cache-disk-gb {disk / 1e9:.2f} together"
            )
        if self.disk_bytes:
            self._map = _unnamed_file(self.disk_bytes)

    def __contains__(self, index: int) -> bool:
        """Whether an example's slot was written."""
        return index in self._arrays

    def __len__(self) -> int:
        """Number of slots that were written."""
        return len(self._arrays)

    def __getitem__(self, index: int) -> np.ndarray:
        """An example's states [length, hidden]."""
        return self._arrays[index]

    def __setitem__(self, index: int, states: np.ndarray) -> None:
        """Copy an example's states [length, hidden] into its slot."""
        if index < self._first_on_disk or self._map is None:
            self._arrays[index] = states.copy()
            return
        count = self._lengths[index] * self._hidden
        slot = np.frombuffer(self._map, self._dtype, count, int(self._offsets[index]))
        slot = slot.reshape(self._lengths[index], self._hidden)
        slot[:] = states
        self._arrays[index] = slot


def _unnamed_file(size: int) -> mmap.mmap:
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(prefix="states-", dir=folder) as file:
            # Writing to a mapped page that the file system has no room for ends the process with SIGBUS.
            _reserve(file.fileno(), size)
            return mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise NoSpace(
            f"{size / 1e9:.2f} GB cannot be kept in {folder}: {error.strerror}; "
            "T2SQL_CACHE names another directory"
        ) from None


def _reserve(file: int, size: int) -> None:
    # macOS does not have posix_fallocate.
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    zeros = memoryview(bytes(1 << 20))
    left = size
    while left:
        left -= os.write(file, zeros[: min(left, len(zeros))])
