"""Exponentials on the CPU device: MLX's x86 build computes them one by one, NumPy's are vectorized.

In a LoRA step on the CPU more time goes into them (SwiGLU, softmax, cross-entropy) than into some of the
matrix products. The functions here give MLX what NumPy computes, with their gradients; they are put in
the place of mlx-lm's while `fast_exponentials` lasts.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from t2sql.runtimes import device, mx, nn


def wanted() -> bool:
    """Whether NumPy's are the faster ones here: on Arm and on Metal MLX's own are vectorized."""
    return device() == "cpu" and platform.machine().lower() in ("x86_64", "amd64")


@contextmanager
def fast_exponentials(model: Any) -> Iterator[None]:
    """Within the block, the model's layers use the functions below."""
    if not wanted():
        yield
        return
    from mlx_lm.models.activations import swiglu as their_swiglu
    from mlx_lm.models.base import scaled_dot_product_attention as their_attention

    ours = {"swiglu": (their_swiglu, swiglu), "scaled_dot_product_attention": (their_attention, attention)}
    module = sys.modules[type(model.layers[0]).__module__]
    replaced = [(name, old, new) for name, (old, new) in ours.items() if getattr(module, name, None) is old]
    try:
        for name, _, new in replaced:
            setattr(module, name, new)
        yield
    finally:
        for name, old, _ in replaced:
            setattr(module, name, old)


def swiglu(gate: Any, x: Any) -> Any:
    """silu(gate) * x."""
    if gate.dtype != mx.float32 or x.dtype != mx.float32:
        return nn.silu(gate) * x
    return _swiglu(gate, x)


@mx.custom_function
def _swiglu(gate: Any, x: Any) -> Any:
    g = np.asarray(gate)
    out = _sigmoid(g)
    out *= g
    out *= np.asarray(x)
    return mx.array(out)


@_swiglu.vjp
def _swiglu_vjp(primals: Any, cotangent: Any, _: Any) -> Any:
    gate, x = (np.asarray(p) for p in primals)
    c = np.asarray(cotangent)
    s = _sigmoid(gate)
    silu = gate * s
    # d silu = s + silu * (1 - s)
    dgate = 1 - s
    dgate *= silu
    dgate += s
    dgate *= x
    dgate *= c
    silu *= c
    return mx.array(dgate), mx.array(silu)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    out = np.negative(x)
    # Beyond this a float32 exponential overflows; the sigmoid is zero there to the last bit but one.
    np.minimum(out, 88.0, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


@mx.custom_function
def softmax(x: Any) -> Any:
    """Over the last axis."""
    s = np.asarray(x)
    out = s - s.max(axis=-1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return mx.array(out)


@softmax.vjp
def _softmax_vjp(_: Any, cotangent: Any, output: Any) -> Any:
    weighted = cotangent * output
    return weighted - output * weighted.sum(axis=-1, keepdims=True)


def attention(
    queries: Any, keys: Any, values: Any, cache: Any, scale: float, mask: Any, sinks: Any = None
) -> Any:
    """mlx-lm's `scaled_dot_product_attention` for training: the whole sequence at once, without a cache."""
    causal = isinstance(mask, str) and mask == "causal"
    plain = cache is None and sinks is None and (mask is None or causal or mask.dtype == mx.bool_)
    if not plain or queries.dtype != mx.float32:
        from mlx_lm.models.base import scaled_dot_product_attention

        return scaled_dot_product_attention(queries, keys, values, cache, scale, mask, sinks)
    batch, heads, length, width = queries.shape
    groups = keys.shape[1]
    q = (queries * scale).reshape(batch, groups, heads // groups, length, width)
    scores = q @ keys[:, :, None].swapaxes(-1, -2)
    if causal:
        mask = mx.tril(mx.ones((length, scores.shape[-1]), dtype=mx.bool_), k=scores.shape[-1] - length)
    if mask is not None:
        scores = mx.where(mask, scores, mx.array(-np.inf, dtype=mx.float32))
    return (softmax(scores) @ values[:, :, None]).reshape(batch, heads, length, -1)


def token_losses(logits: Any, targets: Any) -> Any:
    """Negative log-likelihood of each target, [n, vocabulary] and [n] -> [n], in float32."""
    if not wanted() or logits.dtype != mx.float32:
        return nn.losses.cross_entropy(logits.astype(mx.float32), targets)
    at = (np.arange(targets.size), np.asarray(targets))

    @mx.custom_function
    def losses(logits: Any) -> Any:
        x = np.asarray(logits)
        top = x.max(axis=-1, keepdims=True)
        e = x - top
        np.exp(e, out=e)
        return mx.array(np.log(e.sum(axis=-1)) + top[:, 0] - x[at])

    @losses.vjp
    def losses_vjp(logits: Any, cotangent: Any, loss: Any) -> Any:
        x, c = np.asarray(logits), np.asarray(cotangent)
        out = x - (np.asarray(loss) + x[at])[:, None]
        np.exp(out, out=out)
        out *= c[:, None]
        out[at] -= c
        return mx.array(out)

    return losses(logits)
