"""Behaviour: what the source, the file in llama.cpp and the file in MLX predict next, compared two by two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.runtimes import LlamaPredictor, Prediction
from t2sql.verification.bounds import Bounds
from t2sql.verification.divergence import Floats, divergence, top_divergence
from t2sql.verification.original import Original
from t2sql.verification.result import Check

# How many of the file's likeliest tokens llama.cpp reports; the remaining mass is one bucket.
TOP = 64
# Two tokens whose probabilities in the source differ by less are a tie, which rounding decides.
_TIE = 1e-2


@dataclass(frozen=True)
class PositionDifference:
    """Two predictions at one position.

    Attributes:
        kl: KL divergence in nats.
        agree: Whether the likeliest token is the same, a tie counted as agreement.
        lost: The expected log-probability of the token that follows in the text, minus the other; None where
            llama.cpp does not report it.
    """

    kl: float
    agree: bool
    lost: float | None


@dataclass(frozen=True)
class Measured:
    """Two models' predictions compared at all positions.

    Attributes:
        positions: At least one.
    """

    positions: Sequence[PositionDifference]

    @property
    def mean_kl(self) -> float:
        """The mean KL divergence in nats."""
        return sum(position.kl for position in self.positions) / len(self.positions)

    @property
    def max_kl(self) -> float:
        """The largest KL divergence in nats."""
        return max(position.kl for position in self.positions)

    @property
    def top1(self) -> float:
        """The fraction of positions where both have the same likeliest token."""
        return sum(position.agree for position in self.positions) / len(self.positions)

    @property
    def losses(self) -> list[float]:
        """`lost` of the positions that have it."""
        return [position.lost for position in self.positions if position.lost is not None]

    @property
    def perplexity_ratio(self) -> float:
        """The file's perplexity on the texts over the source's."""
        losses = self.losses
        mean = sum(losses) / len(losses) if losses else 0.0
        # The exponential of more overflows a float64.
        return math.exp(mean) if mean < 700 else math.inf


def in_llama_cpp(original: Original, llama: LlamaPredictor) -> list[Prediction]:
    """The file's predictions in llama.cpp at the original's positions."""
    return [llama.predict(position.ids, position.following, TOP) for position in original.positions]


def against_llama_cpp(original: Original, expected: Floats, found: Sequence[Prediction]) -> Measured:
    """Compare predictions in llama.cpp with expected ones.

    Args:
        original: The source, for its positions.
        expected: Log-probabilities, [positions, vocab_size].
        found: One prediction for each position.
    """
    differences = []
    for position, row, (top, following) in zip(original.positions, expected, found, strict=True):
        lost = None if following is None else float(row[position.following]) - following
        differences.append(PositionDifference(top_divergence(row, top), _agree(row, top[0][0]), lost))
    return Measured(differences)


def against_mlx(original: Original, expected: Floats, found: Floats) -> Measured:
    """Compare predictions in MLX with expected ones; both are log-probabilities, [positions, vocab_size]."""
    differences = []
    for position, row, other in zip(original.positions, expected, found, strict=True):
        lost = float(row[position.following] - other[position.following])
        differences.append(PositionDifference(divergence(row, other), _agree(row, int(other.argmax())), lost))
    return Measured(differences)


def checks(runtime: str, measured: Measured, bounds: Bounds) -> list[Check]:
    """The file in one runtime against the source."""
    count = f"{len(measured.positions)} positions"
    mean, largest, ratio = measured.mean_kl, measured.max_kl, measured.perplexity_ratio
    name = f"behaviour/{runtime}"
    low, high = 1 / bounds.perplexity, bounds.perplexity
    return [
        Check(f"{name} mean KL", mean <= bounds.mean_kl, _rounded(mean), bounds.mean_kl, count),
        Check(f"{name} max KL", largest <= bounds.max_kl, _rounded(largest), bounds.max_kl, count),
        Check(
            f"{name} top-1 agreement",
            measured.top1 >= bounds.top1,
            round(measured.top1, 4),
            bounds.top1,
            count,
        ),
        Check(
            f"{name} perplexity ratio",
            low <= ratio <= high,
            _rounded(ratio, 4),
            bounds.perplexity,
            f"{len(measured.losses)} positions",
        ),
    ]


def runtimes_check(measured: Measured, bounds: Bounds) -> Check:
    """The file in MLX against the same file in llama.cpp; what the bits cost, they cost in both."""
    return Check(
        "behaviour/MLX and llama.cpp mean KL",
        measured.mean_kl <= bounds.runtimes_kl,
        _rounded(measured.mean_kl),
        bounds.runtimes_kl,
        f"{len(measured.positions)} positions",
    )


def _agree(expected: Floats, likeliest: int) -> bool:
    """Whether a token is the likeliest of `expected` (log-probabilities, [vocab_size]), or ties with it."""
    return math.exp(expected.max()) - math.exp(expected[likeliest]) < _TIE


def _rounded(value: float, digits: int = 12) -> float | str:
    """A number for JSON, which has no infinity."""
    return round(value, digits) if math.isfinite(value) else "infinite"
