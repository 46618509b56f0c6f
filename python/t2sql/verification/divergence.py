"""How far one next-token distribution is from another, known as a whole or by its likeliest tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Natural log-probabilities, or what they are computed from.
Floats: TypeAlias = NDArray[np.floating[Any]]

# llama.cpp sums a distribution in float32, so the mass of its tokens is only known to this precision.
_MASS_TOLERANCE = 2e-4


def log_softmax(logits: Floats) -> Floats:
    """Natural log-probabilities along the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def divergence(expected: Floats, found: Floats) -> float:
    """KL(expected || found) in nats.

    Args:
        expected: Log-probabilities, [vocab_size].
        found: Log-probabilities, [vocab_size].
    """
    return max(float((np.exp(expected) * (expected - found)).sum()), 0.0)


def top_divergence(expected: Floats, found: Sequence[tuple[int, float]]) -> float:
    """A lower bound of KL(expected || found) in nats, where only the likeliest tokens of `found` are known.

    The remaining mass is one bucket. The bound is the sum of two parts: the divergence among the known
    tokens, which a common factor of theirs does not change, and that between them and the bucket.

    Args:
        expected: Log-probabilities, [vocab_size].
        found: (token id, log-probability) of the likeliest tokens.

    Returns:
        The bound; infinity when a probability is not finite.
    """
    ids = [token for token, _ in found]
    logp, logq = expected[ids], np.array([value for _, value in found])
    if not np.isfinite(logq).all():
        return math.inf
    p, q = np.exp(logp), np.exp(logq)
    p_mass, q_mass = float(p.sum()), float(q.sum())
    among = float((p * (logp - logq)).sum()) - p_mass * math.log(p_mass / q_mass) if p_mass > 0 else 0.0
    p_rest, q_rest = max(1 - p_mass, 0.0), max(1 - q_mass, 0.0)
    q_rest = min(max(p_rest, q_rest - _MASS_TOLERANCE), q_rest + _MASS_TOLERANCE)
    return max(among, 0.0) + _bernoulli_divergence(p_rest, q_rest)


def _bernoulli_divergence(p: float, q: float) -> float:
    """The divergence of two distributions over two outcomes, by the probability of the first."""
    p, q = min(max(p, 0.0), 1.0), min(max(q, 1e-12), 1 - 1e-12)
    kl = p * math.log(p / q) if p > 0 else 0.0
    kl += (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return max(kl, 0.0)
