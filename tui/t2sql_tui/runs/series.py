"""Numbers that grow: appended by one thread and read by another, smoothed, and thinned for a chart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


MOST_POINTS = 1 << 17
"""What a series holds; then every other pair of points of its older half goes, extremes kept."""


class Series:
    """Steps, times and values in amortized arrays. Views stay valid while the writer appends."""

    def __init__(self) -> None:
        self._data = np.empty((3, 256))
        self._n = 0
        self.version = 0

    def __len__(self) -> int:
        return self._n

    def add(self, step: float, time: float, value: float) -> None:
        """Append; a step at or before the last one means that training went back: the rest is replaced."""
        if not np.isfinite(step):
            return
        n = self._n
        if n and step <= self._data[0, n - 1]:
            n = int(np.searchsorted(self._data[0, :n], step))
            # A fresh array, for a reader may hold a view of the old one.
            self._data = self._data.copy()
            self.version += 1
        if n >= MOST_POINTS:
            n = self._halve(n)
        if n == self._data.shape[1]:
            self._data = np.concatenate([self._data, np.empty_like(self._data)], axis=1)
        self._data[:, n] = step, time, value
        self._n = n + 1

    def _halve(self, n: int) -> int:
        half = n // 2
        kept = extremes(self._data[2, :half], half // 2)
        # A fresh array, as above.
        old, self._data = self._data, np.empty_like(self._data)
        count = len(kept) + n - half
        self._data[:, :count] = np.concatenate([old[:, kept], old[:, half:n]], axis=1)
        self.version += 1
        return count

    @property
    def steps(self) -> Floats:
        return self._data[0, : self._n]

    @property
    def times(self) -> Floats:
        return self._data[1, : self._n]

    @property
    def values(self) -> Floats:
        return self._data[2, : self._n]

    @property
    def last(self) -> float | None:
        return float(self._data[2, self._n - 1]) if self._n else None


def smooth(values: Floats, weight: float, block: int = 256) -> Floats:
    """Exponential moving average, corrected for its start as in Adam; gaps (NaN) keep the last average."""
    if weight <= 0 or not len(values):
        return values
    known = np.isfinite(values)
    clean = np.where(known, values, 0.0)
    out = np.empty_like(clean)
    norm = np.empty_like(clean)
    # Within a block the recurrence is a cumulative sum of values scaled by powers of the weight.
    powers = weight ** np.arange(1, block + 1)
    carry = carry_norm = 0.0
    for start in range(0, len(clean), block):
        end = min(start + block, len(clean))
        p = powers[: end - start]
        out[start:end] = p * (carry + (1 - weight) * np.cumsum(clean[start:end] / p))
        norm[start:end] = p * (carry_norm + (1 - weight) * np.cumsum(known[start:end] / p))
        carry, carry_norm = out[end - 1], norm[end - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return out / norm


def thin(
    x: Floats, y: Floats, columns: int, window: tuple[float, float] | None = None
) -> tuple[Floats, Floats]:
    """At most about `columns` pairs of points of the visible window, each column's extremes kept."""
    if window is not None:
        # One point more at each side, so that the line runs to the edge.
        low = max(0, int(np.searchsorted(x, window[0])) - 1)
        high = min(len(x), int(np.searchsorted(x, window[1], side="right")) + 1)
        x, y = x[low:high], y[low:high]
    known = np.isfinite(y)
    if not known.all():
        x, y = x[known], y[known]
    most = 2 * max(2, columns)
    if len(x) <= most:
        return x, y
    from tsdownsample import MinMaxDownsampler

    kept = MinMaxDownsampler().downsample(np.ascontiguousarray(x), np.ascontiguousarray(y), n_out=most)
    kept = np.unique(np.concatenate(([0], kept.astype(np.int64), [len(x) - 1])))
    return x[kept], y[kept]


def extremes(y: Floats, most: int) -> NDArray[np.int64]:
    """Where the least and the greatest of each of about `most` / 2 pieces are, and the ends, in order."""
    from tsdownsample import MinMaxDownsampler

    # NaN is neither; it is passed over where there is something else.
    kept = MinMaxDownsampler().downsample(np.ascontiguousarray(y), n_out=most // 2 * 2)
    return np.unique(np.concatenate(([0], kept.astype(np.int64), [len(y) - 1])))
