"""NumPy's exponentials in MLX: the same values and gradients as MLX's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from t2sql import models
from t2sql.runtimes import mx, nn
from t2sql.runtimes.devices import CPU
from t2sql.train import exponentials


def random(*shape: int, spread: float = 1.0) -> mx.array:
    return mx.random.normal(shape, key=mx.random.key(sum(shape))) * spread


def same(ours: Callable[..., Any], theirs: Callable[..., Any], *inputs: mx.array) -> None:
    weights = random(*theirs(*inputs).shape)
    which = tuple(range(len(inputs)))
    mine = mx.value_and_grad(lambda *x: (ours(*x) * weights).sum(), argnums=which)(*inputs)
    right = mx.value_and_grad(lambda *x: (theirs(*x) * weights).sum(), argnums=which)(*inputs)
    assert mx.allclose(mine[0], right[0], rtol=1e-4, atol=1e-4)
    for a, b in zip(mine[1], right[1], strict=True):
        assert mx.allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spread", [1.0, 30.0, 500.0])
def test_swiglu(spread: float) -> None:
    same(exponentials.swiglu, lambda g, x: nn.silu(g) * x, random(2, 5, 7, spread=spread), random(2, 5, 7))


@pytest.mark.parametrize("mask", [None, "causal", "window"])
@pytest.mark.parametrize("heads", [(4, 4), (4, 2), (9, 3)])
def test_attention(mask: Any, heads: tuple[int, int]) -> None:
    from mlx_lm.models.base import scaled_dot_product_attention

    if mask == "window":
        at = mx.arange(6)
        mask = (at[:, None] >= at) & (at[:, None] < at + 3)
    inputs = (random(2, heads[0], 6, 8), random(2, heads[1], 6, 8), random(2, heads[1], 6, 8) * 2)
    same(
        lambda q, k, v: exponentials.attention(q, k, v, None, 0.3, mask),
        lambda q, k, v: scaled_dot_product_attention(q, k, v, None, 0.3, mask),
        *inputs,
    )


@pytest.mark.parametrize("spread", [1.0, 50.0])
def test_token_losses(spread: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exponentials, "policy", lambda: replace(CPU, numpy_exponentials=True))
    targets = mx.array([3, 0, 18, 3])
    same(
        lambda x: exponentials.token_losses(x, targets),
        lambda x: nn.losses.cross_entropy(x, targets),
        random(4, 19, spread=spread),
    )


def test_they_are_in_place_only_within_the_block(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlx_lm.models import llama

    monkeypatch.setattr(exponentials, "policy", lambda: replace(CPU, numpy_exponentials=True))
    network = models.load(tiny_llama).model
    ids = mx.array([[4, 5, 6, 7]])
    before, theirs = network(ids), llama.swiglu
    with exponentials.fast_exponentials(network):
        assert llama.swiglu is exponentials.swiglu
        within = network(ids)
    assert llama.swiglu is theirs
    assert mx.allclose(before, within, atol=1e-4)
