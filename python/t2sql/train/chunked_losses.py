"""The loss over the vocabulary for some positions at a time: the logits of all never exist together."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from t2sql.runtimes import Array, mx, policy
from t2sql.train.exponentials import token_losses

CHUNK_BYTES = 64_000_000
"""Float32 logits of one chunk; the backward pass has four arrays of this size."""


def chunk_rows(vocabulary: int) -> int:
    """Positions of a chunk."""
    return max(16, CHUNK_BYTES // (4 * vocabulary))


def chunked_losses(
    head: Callable[[Array], Array], h: Array, targets: Array, vocabulary: int, *, training: bool
) -> Array:
    """Negative log-likelihood [n] in nats of the target ids [n], with the gradient of `h` alone.

    A position's loss depends on its own state only. Its gradient is therefore computed along with the loss,
    while the logits are there, and only multiplied by the cotangent in the backward pass.

    Args:
        head: Logits [n, vocabulary] of hidden states [n, hidden]; it has no trainable parameters.
        h: Hidden states [n, hidden].
        targets: Target ids [n].
        vocabulary: Tokens in the vocabulary.
        training: Compute the gradient.
    """
    rows, count = chunk_rows(vocabulary), h.shape[0]
    if count <= rows:
        return token_losses(head(h), targets)
    in_numpy = policy().numpy_exponentials and h.dtype == mx.float32
    gradients: list[Array] = []

    def summed(part: Array, ids: Array) -> tuple[Array, Array]:
        losses = token_losses(head(part), ids)
        return losses.sum(), losses

    @mx.custom_function
    def run(h: Array) -> Array:
        losses: list[Array] = []
        gradients.clear()
        for first in range(0, count, rows):
            part, ids = h[first : first + rows], targets[first : first + rows]
            if losses and not in_numpy:
                # MLX would otherwise be free to compute the logits of all chunks before the first gradient.
                part = mx.depends([part], [losses[-1], *gradients[-1:]])[0]
            if training:
                (_, loss), gradient = mx.value_and_grad(summed)(part, ids)
                gradients.append(_detached(gradient) if in_numpy else gradient)
            else:
                loss = token_losses(head(part), ids)
            losses.append(_detached(loss) if in_numpy else loss)
        return mx.concatenate(losses)

    @run.vjp
    def run_vjp(h: Array, cotangent: Array, _: Array) -> Array:
        return mx.concatenate(gradients) * cotangent[:, None].astype(h.dtype)

    return cast(Array, run(h))


def _detached(value: Array) -> Array:
    """An evaluated float32 array without its graph, which inside a transformation keeps the logits."""
    return mx.array(np.asarray(value))
