"""Exponentials on the CPU device: MLX's x86 build computes them one by one, NumPy's are vectorized.

In a LoRA step on the CPU more time goes into them (SwiGLU, softmax, cross-entropy) than into some of the
matrix products. The functions here compute the same in NumPy, with their gradients.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from t2sql.runtimes import Array, Module, mlx_lm, mx, nn, policy

_EXP_MAX = 88.0
"""e ** 89 overflows float32. The sigmoid of -88 is 6e-39, so nothing is lost by stopping here."""


@contextmanager
def fast_exponentials(model: Module) -> Iterator[None]:
    """Within the block, the layers of mlx-lm's model use `swiglu` and `attention` from here.

    mlx-lm has no hook for it, so two globals of the module that defines the layers, such as
    `mlx_lm.models.llama`, are replaced: `swiglu` and `scaled_dot_product_attention`. Every model of this
    class in the process sees it, until the block ends. Where NumPy is not faster, nothing is replaced.
    """
    if not policy().numpy_exponentials:
        yield
        return
    module = sys.modules[type(model.layers[0]).__module__]
    ours = {
        "swiglu": (mlx_lm.swiglu, swiglu),
        "scaled_dot_product_attention": (mlx_lm.scaled_dot_product_attention, attention),
    }
    replaced = {name: old for name, (old, _) in ours.items() if vars(module).get(name) is old}
    try:
        for name in replaced:
            setattr(module, name, ours[name][1])
        yield
    finally:
        for name, old in replaced.items():
            setattr(module, name, old)


def swiglu(gate: Array, x: Array) -> Array:
    """silu(gate) * x, elementwise for two arrays of one shape."""
    if gate.dtype != mx.float32 or x.dtype != mx.float32:
        gated: Array = nn.silu(gate) * x
        return gated
    return cast(Array, _swiglu(gate, x))


@mx.custom_function
def _swiglu(gate: Array, x: Array) -> Array:
    g = np.asarray(gate)
    out = _sigmoid(g)
    out *= g
    out *= np.asarray(x)
    return mx.array(out)


@_swiglu.vjp
def _swiglu_vjp(primals: tuple[Array, Array], cotangent: Array, _: Array) -> tuple[Array, Array]:
    gate, x = (np.asarray(p) for p in primals)
    c = np.asarray(cotangent)
    s = _sigmoid(gate)
    silu = gate * s
    # The derivative of silu is s + silu * (1 - s).
    dgate = 1 - s
    dgate *= silu
    dgate += s
    dgate *= x
    dgate *= c
    silu *= c
    return mx.array(dgate), mx.array(silu)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    out: np.ndarray = np.negative(x)
    np.minimum(out, _EXP_MAX, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


@mx.custom_function
def softmax(x: Array) -> Array:
    """Softmax over the last axis."""
    s = np.asarray(x)
    out = s - s.max(axis=-1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return mx.array(out)


@softmax.vjp
def _softmax_vjp(_: Array, cotangent: Array, output: Array) -> Array:
    weighted = cotangent * output
    return weighted - output * weighted.sum(axis=-1, keepdims=True)


def attention(
    queries: Array, keys: Array, values: Array, cache: Any, scale: float, mask: Any, sinks: Any = None
) -> Array:
    """mlx-lm's `scaled_dot_product_attention`, for a whole sequence at once without a cache.

    Whatever else it is called with goes to mlx-lm's own function.

    Args:
        queries: [batch, heads, tokens, head_dim].
        keys: [batch, kv_heads, tokens, head_dim].
        values: As keys.
        cache: mlx-lm's cache of keys and values.
        scale: Factor of the products of queries and keys.
        mask: None, "causal" or a boolean array, [tokens, tokens] or [batch, 1, tokens, tokens].
        sinks: Attention sinks.

    Returns:
        [batch, heads, tokens, head_dim].
    """
    is_causal = isinstance(mask, str) and mask == "causal"
    is_plain = cache is None and sinks is None and (mask is None or is_causal or mask.dtype == mx.bool_)
    if not is_plain or queries.dtype != mx.float32:
        return mlx_lm.scaled_dot_product_attention(queries, keys, values, cache, scale, mask, sinks)
    batch, heads, length, head_dim = queries.shape
    groups = keys.shape[1]
    q = (queries * scale).reshape(batch, groups, heads // groups, length, head_dim)
    scores = q @ keys[:, :, None].swapaxes(-1, -2)
    if is_causal:
        mask = mx.tril(mx.ones((length, scores.shape[-1]), dtype=mx.bool_), k=scores.shape[-1] - length)
    if mask is not None:
        if mask.ndim == 4:
            mask = mask[:, :, None]
        scores = mx.where(mask, scores, mx.array(-np.inf, dtype=mx.float32))
    return (cast(Array, softmax(scores)) @ values[:, :, None]).reshape(batch, heads, length, -1)


def token_losses(logits: Array, targets: Array) -> Array:
    """Negative log-likelihood [n] in nats of target ids [n] under logits [n, vocabulary], in float32."""
    if not policy().numpy_exponentials or logits.dtype != mx.float32:
        return nn.losses.cross_entropy(logits.astype(mx.float32), targets)
    at_targets = (np.arange(targets.size), np.asarray(targets))

    @mx.custom_function
    def losses(logits: Array) -> Array:
        x = np.asarray(logits)
        top = x.max(axis=-1, keepdims=True)
        e = x - top
        np.exp(e, out=e)
        return mx.array(np.log(e.sum(axis=-1)) + top[:, 0] - x[at_targets])

    @losses.vjp
    def losses_vjp(logits: Array, cotangent: Array, loss: Array) -> Array:
        x, c = np.asarray(logits), np.asarray(cotangent)
        out = x - (np.asarray(loss) + x[at_targets])[:, None]
        np.exp(out, out=out)
        out *= c[:, None]
        out[at_targets] -= c
        return mx.array(out)

    return cast(Array, losses(logits))
