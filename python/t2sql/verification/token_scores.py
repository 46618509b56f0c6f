"""What llama-perplexity computes of each token's logits, and of those of the model that is compared with.

The source is tools/perplexity/perplexity.cpp of llama.cpp 0c1e570. Its `--kl-divergence` reads the other
model's log-probabilities from a file that has 16 bits for each, none of them more than 16 below the likeliest
token's, and leaves out those below -16. So does this, or small divergences would not be the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from t2sql.gguf import FloatArray

Float64s = NDArray[np.float64]

_DEEPEST = 16.0
"""Nats below the largest logit under which the file of log-probabilities holds no other number, and the
log-probability at which tokens are left out of a divergence."""
_LARGEST_CODE = 65535.0


@dataclass(frozen=True)
class TokenScores:
    """A number for each scored token.

    Attributes:
        loss: Negative natural log-probability of the token that follows in the text, [tokens].
        base_loss: The same of the model that is compared with; None where there is none, as below.
        kl: KL divergence of the prediction from the other model's, in nats, [tokens].
        same_top: Whether both find the same token likeliest, [tokens].
        probability_change: The probability of the token that follows, minus that in the other model,
            [tokens].
    """

    loss: Float64s
    base_loss: Float64s | None = None
    kl: Float64s | None = None
    same_top: NDArray[np.bool_] | None = None
    probability_change: Float64s | None = None


def score_tokens(logits: FloatArray, following: NDArray[np.int64], base: FloatArray | None) -> TokenScores:
    """Score a block of predictions.

    Args:
        logits: The predictions, [tokens, vocab_size].
        following: The token that follows each in the text, [tokens].
        base: The other model's predictions, [tokens, vocab_size].
    """
    rows = np.arange(len(logits))
    normalizer = _log_sum(logits)
    loss = normalizer - logits[rows, following]
    if base is None:
        return TokenScores(loss)
    expected = _as_stored(base)
    base_loss = -expected[rows, following].astype(np.float64)
    # Whole matrices stay in float32; sums of them are in float64.
    terms = expected - logits
    terms += normalizer.astype(np.float32)[:, None]
    terms *= np.exp(expected)
    terms[expected <= -_DEEPEST] = 0.0
    return TokenScores(
        loss,
        base_loss,
        kl=terms.sum(axis=1, dtype=np.float64),
        same_top=expected.argmax(axis=1) == logits.argmax(axis=1),
        probability_change=np.exp(-loss) - np.exp(-base_loss),
    )


def _log_sum(logits: FloatArray) -> Float64s:
    """Logarithm of the sum of exponentials of each row."""
    largest = logits.max(axis=1)
    total = np.exp(logits - largest[:, None]).sum(axis=1, dtype=np.float64)
    result: Float64s = largest + np.log(total)
    return result


def _as_stored(logits: FloatArray) -> FloatArray:
    """Log-probabilities as llama-perplexity's file of them holds them, [tokens, vocab_size]."""
    largest = logits.max(axis=1, keepdims=True)
    smallest = np.maximum(logits.min(axis=1, keepdims=True), largest - np.float32(_DEEPEST))
    scale = (largest - smallest) / np.float32(_LARGEST_CODE)
    codes: FloatArray = logits - smallest
    codes /= np.where(scale > 0, scale, np.float32(1))
    np.rint(codes, out=codes)
    np.maximum(codes, 0, out=codes)
    codes *= scale
    codes += smallest - _log_sum(logits).astype(np.float32)[:, None]
    return codes
