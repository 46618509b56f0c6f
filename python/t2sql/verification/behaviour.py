"""Behaviour: what the source, the file in llama.cpp and the file in MLX predict next, compared two by two."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from t2sql.runtimes import LlamaPredictor, Prediction
from t2sql.verification.bounds import Bounds
from t2sql.verification.divergence import divergence, top_divergence
from t2sql.verification.original import Original
from t2sql.verification.result import Check

if TYPE_CHECKING:
    import numpy as np

# Likeliest tokens of the file that are compared one by one; the rest is one lump.
TOP = 64
# Two tokens whose probabilities in the source are this close are a tie: rounding decides between them.
_TIE = 1e-2

Progress = Callable[[int, int, str], None]


@dataclass
class Measured:
    """Sums over positions: divergences, agreement on the likeliest token, likelihood of the text."""

    kl: list[float] = field(default_factory=list)
    agreed: list[bool] = field(default_factory=list)
    # Log-probability of the token that follows in the text, source minus file.
    lost: list[float] = field(default_factory=list)

    def add(self, expected: np.ndarray, kl: float, first: int, lost: float | None) -> None:
        self.kl.append(kl)
        self.agreed.append(math.exp(expected.max()) - math.exp(expected[first]) < _TIE)
        if lost is not None:
            self.lost.append(lost)

    @property
    def mean_kl(self) -> float:
        return sum(self.kl) / len(self.kl)

    @property
    def perplexity_ratio(self) -> float:
        """The file's perplexity over the source's."""
        mean = sum(self.lost) / len(self.lost) if self.lost else 0.0
        return math.exp(mean) if mean < 700 else math.inf


def in_llama_cpp(
    original: Original, llama: LlamaPredictor, progress: Progress | None = None
) -> list[Prediction]:
    """At each position, the file's likeliest tokens in llama.cpp and its log-probability of what follows."""
    found = []
    for done, position in enumerate(original.positions):
        if progress is not None:
            progress(done, len(original.positions), "predictions in llama.cpp")
        found.append(llama.predict(position.ids, position.following, TOP))
    return found


def against_llama_cpp(original: Original, expected: np.ndarray, found: Sequence[Prediction]) -> Measured:
    measured = Measured()
    for position, row, (top, likelihood) in zip(original.positions, expected, found, strict=True):
        lost = None if likelihood is None else float(row[position.following]) - likelihood
        measured.add(row, top_divergence(row, top), top[0][0], lost)
    return measured


def against_mlx(original: Original, expected: np.ndarray, found: np.ndarray) -> Measured:
    measured = Measured()
    for position, row, other in zip(original.positions, expected, found, strict=True):
        lost = float(row[position.following] - other[position.following])
        measured.add(row, divergence(row, other), int(other.argmax()), lost)
    return measured


def checks(runtime: str, measured: Measured, bounds: Bounds) -> list[Check]:
    """Source against file in one runtime."""
    n = f"{len(measured.kl)} positions"
    mean, largest, ratio = measured.mean_kl, max(measured.kl), measured.perplexity_ratio
    top1 = sum(measured.agreed) / len(measured.agreed)
    name = f"behaviour/{runtime}"
    low, high = 1 / bounds.perplexity, bounds.perplexity
    return [
        Check(f"{name} mean KL", mean <= bounds.mean_kl, _rounded(mean), bounds.mean_kl, n),
        Check(f"{name} max KL", largest <= bounds.max_kl, _rounded(largest), bounds.max_kl, n),
        Check(f"{name} top-1 agreement", top1 >= bounds.top1, round(top1, 4), bounds.top1, n),
        Check(
            f"{name} perplexity ratio",
            low <= ratio <= high,
            _rounded(ratio, 4),
            bounds.perplexity,
            f"{len(measured.lost)} positions",
        ),
    ]


def runtimes_check(measured: Measured, bounds: Bounds) -> Check:
    """The file in MLX against the same file in llama.cpp: whatever the bits cost, both pay it."""
    mean = measured.mean_kl
    return Check(
        "behaviour/MLX and llama.cpp mean KL",
        mean <= bounds.runtimes_kl,
        _rounded(mean),
        bounds.runtimes_kl,
        f"{len(measured.kl)} positions",
    )


def _rounded(value: float, digits: int = 12) -> float | str:
    """Infinity as a word: JSON has no number for it."""
    return round(value, digits) if math.isfinite(value) else "infinite"
