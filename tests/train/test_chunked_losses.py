"""The loss in chunks of positions: the same losses and gradients, and memory for one chunk."""

from __future__ import annotations

import pytest

from t2sql.runtimes import Array, mx
from t2sql.train import chunked_losses
from t2sql.train.chunked_losses import chunk_rows
from t2sql.train.exponentials import token_losses

pytestmark = pytest.mark.slow

VOCABULARY, HIDDEN, ROWS = 5000, 32, 3000


def inputs(dtype: mx.Dtype) -> tuple[Array, Array, Array]:
    mx.random.seed(0)
    weight = mx.random.normal((VOCABULARY, HIDDEN)).astype(dtype)
    return weight, mx.random.normal((ROWS, HIDDEN)).astype(dtype), mx.random.randint(0, VOCABULARY, (ROWS,))


@pytest.fixture(params=["cpu", "metal"])
def small_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", request.param)
    monkeypatch.setattr(chunked_losses, "CHUNK_BYTES", 64 * 4 * VOCABULARY)
    assert chunk_rows(VOCABULARY) == 64


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("dtype", "bound"), [(mx.float32, 1e-5), (mx.bfloat16, 2e-2)])
def test_losses_and_gradients_are_those_of_all_logits_at_once(
    dtype: mx.Dtype, bound: float, compiled: bool
) -> None:
    weight, h, targets = inputs(dtype)
    scale = mx.random.uniform(shape=(ROWS,))

    def whole(h: Array) -> Array:
        return (token_losses(h @ weight.T, targets) * scale).sum()

    def chunked(h: Array) -> Array:
        losses = chunked_losses.chunked_losses(
            lambda part: part @ weight.T, h, targets, VOCABULARY, training=True
        )
        return (losses * scale).sum()

    # NumPy's functions cannot be compiled, nor are they on a GPU.
    one, other = mx.value_and_grad(whole), mx.value_and_grad(chunked)
    if compiled and dtype != mx.float32:
        other = mx.compile(other)
    (loss, gradient), (ours, gradients) = one(h), other(h)
    assert ours.item() == pytest.approx(loss.item(), rel=1e-5)
    largest = mx.abs(gradient).max().item()
    assert mx.abs(gradient - gradients).max().item() <= bound * largest


@pytest.mark.usefixtures("small_chunks")
def test_without_a_gradient_the_losses_are_the_same() -> None:
    weight, h, targets = inputs(mx.float32)
    ours = chunked_losses.chunked_losses(lambda part: part @ weight.T, h, targets, VOCABULARY, training=False)
    assert mx.allclose(ours, token_losses(h @ weight.T, targets), rtol=1e-6)


@pytest.mark.usefixtures("small_chunks")
def test_only_one_chunk_of_logits_is_in_memory() -> None:
    weight, h, targets = inputs(mx.float32)
    mx.eval(weight, h, targets)

    def peak(function: object) -> int:
        mx.clear_cache()
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        mx.eval(mx.value_and_grad(function)(h))
        return int(mx.get_peak_memory()) - before

    def whole(h: Array) -> Array:
        return token_losses(h @ weight.T, targets).sum()

    def chunked(h: Array) -> Array:
        return chunked_losses.chunked_losses(
            lambda part: part @ weight.T, h, targets, VOCABULARY, training=True
        ).sum()

    # MLX frees arrays some time after their last use: a dozen chunks, however many there are.
    logits = 4 * VOCABULARY * ROWS
    assert peak(whole) > 2 * logits
    assert peak(chunked) < logits / 2
