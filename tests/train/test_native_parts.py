"""The loss, the optimizer and a single layer in Rust, beside those of MLX."""

from __future__ import annotations

import numpy as np
import pytest

from t2sql import _core
from t2sql._core import AttentionBlock, DecoderLayer, LayerAdapters, LayerWeights
from t2sql.errors import InputError
from t2sql.models import flat
from t2sql.runtimes import device, mx, nn, optimizers
from t2sql.train.native import cross_entropy, native_head
from t2sql.train.optimizer import NativeAdamW

pytestmark = pytest.mark.skipif(
    device() != "cpu" or not hasattr(_core, "DecoderLayer"),
    reason="needs the CPU device and the layers in Rust",
)


@pytest.mark.parametrize("n", [1, 33, 70])
def test_the_loss_over_the_vocabulary_and_its_gradient_are_those_of_mlx(n: int) -> None:
    h = mx.random.normal((n, 24), key=mx.random.key(1))
    weight = mx.random.normal((300, 24), key=mx.random.key(2))
    targets = mx.random.randint(0, 300, (n,), key=mx.random.key(3))
    scale = mx.random.normal((n,), key=mx.random.key(4))
    matrix = _core.FrozenWeight(np.asarray(weight))

    def theirs(h: mx.array) -> mx.array:
        return (nn.losses.cross_entropy(h @ weight.T, targets) * scale).sum()

    def ours(h: mx.array) -> mx.array:
        return (cross_entropy(h, matrix, targets, training=True) * scale).sum()

    (right, slope), (value, found) = mx.value_and_grad(theirs)(h), mx.value_and_grad(ours)(h)
    assert mx.allclose(value, right, rtol=1e-5, atol=1e-4)
    assert mx.allclose(found, slope, rtol=1e-4, atol=1e-5)


def test_a_trained_or_biased_head_is_left_to_mlx() -> None:
    h = mx.zeros((2, 64))
    head = nn.Linear(64, 128, bias=False)
    assert not native_head(head, h)
    head.freeze()
    assert native_head(head, h) and not native_head(head, h.astype(mx.bfloat16))
    assert native_head(nn.QuantizedLinear.from_linear(head), h)
    assert not native_head(nn.QuantizedLinear.from_linear(head, bits=2), h)
    biased = nn.Linear(64, 128)
    biased.freeze()
    assert not native_head(biased, h)


def test_adamw_moves_as_that_of_mlx_and_keeps_the_same_state() -> None:
    kinds = (NativeAdamW, optimizers.AdamW)
    ours, theirs = (kind(learning_rate=0.01, weight_decay=0.1, bias_correction=True) for kind in kinds)
    shapes = {"a": (7, 5), "b": (3,)}
    start = {k: mx.random.normal(shape, key=mx.random.key(1)) for k, shape in shapes.items()}
    mine, right = dict(start), dict(start)
    for step in range(5):
        slopes = {k: mx.random.normal(shape, key=mx.random.key(step)) for k, shape in shapes.items()}
        ours.learning_rate = theirs.learning_rate = 0.01 / (step + 1)
        mine, right = ours.apply_gradients(slopes, mine), theirs.apply_gradients(slopes, right)
    for k in shapes:
        assert mx.allclose(mine[k], right[k], rtol=1e-5, atol=1e-6)
    assert set(flat(ours.state)) == set(flat(theirs.state))
    for name, value in flat(theirs.state).items():
        assert mx.allclose(flat(ours.state)[name], value, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_clipped_gradients_give_what_mlx_gives(max_norm: float) -> None:
    kinds = (NativeAdamW, optimizers.AdamW)
    ours, theirs = (kind(learning_rate=0.01, weight_decay=0.1, bias_correction=True) for kind in kinds)
    start = {"layers": [{"a": mx.random.normal((7, 5))}, {"a": mx.random.normal((5, 7)).T}]}
    slopes = {"layers": [{"a": mx.random.normal((5, 7)).T}, {"a": mx.random.normal((7, 5))}]}
    mine, norm = ours.apply_clipped(slopes, start, max_norm)
    clipped, right_norm = optimizers.clip_grad_norm(slopes, max_norm)
    right = theirs.apply_gradients(clipped, start)
    assert norm.item() == pytest.approx(right_norm.item(), rel=1e-6)
    for layer in range(2):
        assert mx.allclose(mine["layers"][layer]["a"], right["layers"][layer]["a"], rtol=1e-5, atol=1e-6)
        for moment in ("m", "v"):
            states = (optimizer.state["layers"][layer]["a"][moment] for optimizer in (ours, theirs))
            assert mx.allclose(*states, rtol=1e-5, atol=1e-7)


def test_arrays_that_do_not_fit_are_refused() -> None:
    sizes = {"hidden": 8, "heads": 2, "kv_heads": 1, "head_dim": 4, "intermediate_size": 6, "eps": 1e-5}
    layer = DecoderLayer(**sizes)
    x = np.zeros((3, 8), np.float32)

    def weights(**changes: int) -> LayerWeights:
        lengths = {"q": 64, "k": 32, "v": 32, "o": 64, "gate": 48, "up": 48, "down": 48, **changes}
        return LayerWeights(
            norms={"input": np.zeros(8, np.float32), "feed_forward": np.zeros(8, np.float32)},
            projections={name: np.zeros(length, np.float32) for name, length in lengths.items() if length},
            biases={},
        )

    def block(row: int, length: int, prefix_row: int = 0, prefix_len: int = 0) -> AttentionBlock:
        return AttentionBlock(row=row, len=length, prefix_row=prefix_row, prefix_len=prefix_len)

    rotary = {"cos": np.zeros((3, 2), np.float32), "sin": np.zeros((3, 2), np.float32)}
    none, whole = LayerAdapters({}), [block(0, 3)]
    assert layer.forward(x, whole, weights(), none, **rotary).shape == (24,)
    assert layer.backward(x, weights(), none, **rotary)[0].shape == (24,)
    with pytest.raises(InputError, match=r"projection missing.*found q, k, v, o, gate, up"):
        weights(down=0)
    with pytest.raises(InputError, match=r"projection missing or doubled.*found q, k, v, qkv"):
        weights(qkv=1)
    with pytest.raises(InputError, match=r"unknown projection.*found x"):
        weights(x=1)
    with pytest.raises(InputError, match=r"a weight of down of \[8, 6\]"):
        layer.forward(x, whole, weights(down=8), none, **rotary)
    swapped = [block(2, 1), block(0, 2)]
    for blocks in ([block(0, 2)], [block(1, 3)], [block(0, 3, 2, 2)], [block(2**63, 3)], swapped, []):
        with pytest.raises(InputError, match="blocks"):
            layer.forward(x, blocks, weights(), none, **rotary)
    with pytest.raises(InputError, match=r"cos and sin of \[3, 2\]"):
        layer.forward(x, whole, weights(), none, cos=rotary["cos"][:2], sin=rotary["sin"])
    with pytest.raises(InputError, match="contiguous"):
        layer.forward(np.zeros((8, 3), np.float32).T, whole, weights(), none, **rotary)
    with pytest.raises(InputError, match="float32"):
        LayerAdapters({"q": (np.zeros(16), np.zeros(16), 1.0, 1.0)})
    with pytest.raises(InputError, match="rank"):
        adapter = (np.zeros(16, np.float32), np.zeros(3, np.float32), 1.0, 1.0)
        layer.forward(x, whole, weights(), LayerAdapters({"q": adapter}), **rotary)
    with pytest.raises(InputError, match="forward"):
        DecoderLayer(**sizes).backward(x, weights(), none, **rotary)
