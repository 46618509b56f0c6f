"""Growing series of measured values: appended by one thread, read by another, smoothed, thinned to draw."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import tsdownsample
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""float64 of shape `[points]`."""
Indexes: TypeAlias = NDArray[np.int64]

MOST_POINTS = 1 << 17
"""Points that a series holds at most; then its older half is thinned to half its points, extremes kept."""


class _Downsampler(Protocol):
    """What is used of tsdownsample, which has no types."""

    def downsample(self, *arrays: Floats, n_out: int) -> NDArray[np.unsignedinteger]: ...


class Series:
    """Steps, times and values, in arrays with room to grow. Views stay as they are while the writer appends.

    Attributes:
        version: Changes whenever points that were there are replaced or dropped.
    """

    def __init__(self) -> None:
        """Begin without points."""
        self._data = np.empty((3, 256))
        self._n = 0
        self.version = 0

    def __len__(self) -> int:
        """The number of points."""
        return self._n

    def add(self, step: float, time: float, value: float) -> None:
        """Append a point. Resumed training repeats steps: then the points from `step` on are dropped.

        Args:
            step: The optimizer step; a point whose step is not finite is ignored.
            time: Seconds since 1970.
            value: The value; NaN leaves a gap.
        """
        if not np.isfinite(step):
            return
        n = self._n
        if n and step <= self._data[0, n - 1]:
            n = int(np.searchsorted(self._data[0, :n], step))
            # A new array, since a reader may hold a view of the old one.
            self._data = self._data.copy()
            self.version += 1
        if n >= MOST_POINTS:
            n = self._halve(n)
        if n == self._data.shape[1]:
            self._data = np.concatenate([self._data, np.empty_like(self._data)], axis=1)
        self._data[:, n] = step, time, value
        self._n = n + 1

    def _halve(self, n: int) -> int:
        """Thin the older half of `n` points; the number that is left."""
        half = n // 2
        chosen = extremes(self._data[2, :half], half // 2)
        # A new array, as in `add`.
        old, self._data = self._data, np.empty_like(self._data)
        count = len(chosen) + n - half
        self._data[:, :count] = np.concatenate([old[:, chosen], old[:, half:n]], axis=1)
        self.version += 1
        return count

    @property
    def steps(self) -> Floats:
        """The optimizer steps, in order."""
        return self._data[0, : self._n]

    @property
    def times(self) -> Floats:
        """When each point was measured, in seconds since 1970."""
        return self._data[1, : self._n]

    @property
    def values(self) -> Floats:
        """The values; NaN and infinity are possible."""
        return self._data[2, : self._n]

    @property
    def last(self) -> float | None:
        """The last value; None without any point."""
        return float(self._data[2, self._n - 1]) if self._n else None


def smooth(values: Floats, weight: float, block: int = 256) -> Floats:
    """The exponential moving average, corrected for its start as in Adam (arXiv:1412.6980, section 3).

    Args:
        values: The values; where one is not finite, the average stays as it was.
        weight: The weight of the average so far, in [0, 1); 0 returns `values`.
        block: Points that are averaged in one cumulative sum. `weight ** block` must not underflow.

    Returns:
        An average for each value.
    """
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
    """The points to draw: at most about two for each column, the extremes of each among them.

    Args:
        x: The points' places, ascending.
        y: Their values; points whose value is not finite are dropped.
        columns: Columns of the chart.
        window: The range of `x` that is seen; None for all of it. One point more at each side is returned, so
            that the line runs to the edge.

    Returns:
        `x` and `y` of the chosen points.
    """
    if window is not None:
        low = max(0, int(np.searchsorted(x, window[0])) - 1)
        high = min(len(x), int(np.searchsorted(x, window[1], side="right")) + 1)
        x, y = x[low:high], y[low:high]
    known = np.isfinite(y)
    if not known.all():
        x, y = x[known], y[known]
    most = 2 * max(2, columns)
    if len(x) <= most:
        return x, y
    chosen = _with_ends(_min_max().downsample(_contiguous(x), _contiguous(y), n_out=most), len(x))
    return x[chosen], y[chosen]


def extremes(y: Floats, most: int) -> Indexes:
    """The indexes, ascending, of the lowest and the highest value of each of about `most` / 2 equal pieces.

    The first and the last index are among them. NaN is chosen only where a piece has nothing else.

    Args:
        y: The values.
        most: About how many indexes to return.
    """
    return _with_ends(_min_max().downsample(_contiguous(y), n_out=most // 2 * 2), len(y))


def _min_max() -> _Downsampler:
    downsampler: _Downsampler = tsdownsample.MinMaxDownsampler()  # type: ignore[no-untyped-call]  # untyped library
    return downsampler


def _contiguous(values: Floats) -> Floats:
    return np.ascontiguousarray(values)


def _with_ends(chosen: NDArray[np.unsignedinteger], length: int) -> Indexes:
    return np.unique(np.concatenate(([0], chosen.astype(np.int64), [length - 1])))
