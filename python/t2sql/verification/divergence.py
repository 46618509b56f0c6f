"""How far one next-token distribution is from another, known whole or by its likeliest tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# llama.cpp sums a distribution in float32: the mass of its tokens is known no better than this.
_MASS = 2e-4


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities along the last axis, in float64."""
    import numpy as np

    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def divergence(expected: np.ndarray, found: np.ndarray) -> float:
    """KL(expected || found) of two whole distributions, as log-probabilities."""
    import numpy as np

    return max(float((np.exp(expected) * (expected - found)).sum()), 0.0)


def top_divergence(expected: np.ndarray, found: Sequence[tuple[int, float]]) -> float:
    """KL(expected || found) where only the likeliest tokens of `found` are known; the rest is one lump.

    In two parts, which add up: among those tokens, which no common factor disturbs, and between them and
    the lump. Lumping hides what happens inside the rest, so this is at most the whole divergence.
    """
    import numpy as np

    ids = [token for token, _ in found]
    logp, logq = expected[ids], np.array([value for _, value in found])
    if not np.isfinite(logq).all():
        return math.inf
    p, q = np.exp(logp), np.exp(logq)
    top, other = float(p.sum()), float(q.sum())
    among = float((p * (logp - logq)).sum()) - top * math.log(top / other) if top > 0 else 0.0
    rest, found_rest = max(1 - top, 0.0), max(1 - other, 0.0)
    found_rest = min(max(rest, found_rest - _MASS), found_rest + _MASS)
    return max(among, 0.0) + _two(rest, found_rest)


def _two(p: float, q: float) -> float:
    """The divergence of two coins."""
    p, q = min(max(p, 0.0), 1.0), min(max(q, 1e-12), 1 - 1e-12)
    kl = p * math.log(p / q) if p > 0 else 0.0
    kl += (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return max(kl, 0.0)
