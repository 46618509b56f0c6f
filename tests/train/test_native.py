"""The layers in Rust: MLX's values and gradients, on the layers they are for and no others."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.training import Events, settings, small_dataset

from t2sql import _core, models, train
from t2sql.errors import InputError
from t2sql.models import Loaded
from t2sql.models.adapters import flat
from t2sql.runtimes.mlx import device, mx, nn, optimizers
from t2sql.train import TrainConfig
from t2sql.train.batches import Encoded, collate, shared_batches
from t2sql.train.native import Layout, NativeLayers, cross_entropy, native_head
from t2sql.train.network import Network
from t2sql.train.optimizer import NativeAdamW
from t2sql.train.setup import prepare_model

pytestmark = pytest.mark.skipif(
    device() != "cpu" or not hasattr(_core, "LlamaLayer"),
    reason="needs the CPU device and the layers in Rust",
)


def adapted(path: Path, **changes: Any) -> Loaded:
    """A model with LoRA layers whose second matrix is not zero."""
    from mlx.utils import tree_map

    loaded = models.load(path)
    prepare_model(loaded, TrainConfig.of(**settings(path, **{"dropout": 0.0, "num_layers": -1, **changes})))
    mx.random.seed(5)
    moved = tree_map(lambda p: p + 0.1 * mx.random.normal(p.shape), loaded.model.trainable_parameters())
    loaded.model.update(moved)
    loaded.model.train()
    return loaded


def gradients(model: Any, network: Network, ids: mx.array) -> tuple[float, dict[str, mx.array]]:
    positions, targets = mx.array([3, 9, 16]), mx.array([7, 1, 30])

    def loss() -> mx.array:
        return nn.losses.cross_entropy(network.logits(ids, positions, 0), targets).sum()

    value, found = nn.value_and_grad(model, loss)()
    return value.item(), flat(found)


@pytest.mark.parametrize("changes", [{}, {"keys": ("q_proj", "down_proj")}, {"num_layers": 1}, {"rank": 1}])
@pytest.mark.parametrize("shape", [(2, 9), (1, 17), (3, 8)])
def test_values_and_gradients_are_those_of_mlx(
    tiny_llama: Path, changes: dict[str, Any], shape: tuple[int, int]
) -> None:
    model = adapted(tiny_llama, **changes).model
    network = Network(model)
    assert network.split and network.native is not None
    ids = mx.random.randint(0, 60, shape, key=mx.random.key(2))
    value, found = gradients(model, network, ids)
    right, expected = gradients(model, Network(model, native=False), ids)
    assert value == pytest.approx(right, rel=1e-5)
    assert found.keys() == expected.keys() and len(found) >= 2
    for name, gradient in expected.items():
        assert mx.abs(gradient).max() > 0
        assert mx.abs(found[name] - gradient).max() <= 2e-4 * mx.abs(gradient).max(), name


def test_hidden_states_are_those_of_mlx_with_and_without_adapters(tiny_mistral: Path) -> None:
    for loaded in (models.load(tiny_mistral), adapted(tiny_mistral)):
        ids = mx.random.randint(0, 60, (2, 21), key=mx.random.key(4))
        for training in (True, False):
            loaded.model.train(training)
            plain = Network(loaded.model, native=False)
            expected = plain.run(plain.embed(ids), 0)
            native = Network(loaded.model)
            assert native.native is not None
            found = native.run(native.embed(ids), 0)
            assert mx.abs(found - expected).max() <= 1e-4 * mx.abs(expected).max()


def test_an_adapter_put_on_later_is_seen(tiny_llama: Path) -> None:
    loaded = models.load(tiny_llama)
    network = Network(loaded.model)
    before = network.run(network.embed(mx.array([[1, 2, 3]])), 0)
    prepare_model(loaded, TrainConfig.of(**settings(tiny_llama, dropout=0.0)))
    layer = loaded.model.layers[-1].self_attn.v_proj
    layer.lora_b = mx.ones(layer.lora_b.shape)
    after = network.run(network.embed(mx.array([[1, 2, 3]])), 0)
    assert mx.abs(after - before).max() > 1e-3


def run_native(model: Any) -> bool:
    native = NativeLayers.of(model)
    width = model.layers[-1].input_layernorm.weight.size
    x, layout = mx.zeros((1, 3, width)), Layout.of(1, 3, None)
    return native is not None and native.run(len(model.layers) - 1, x, layout) is not None


def test_what_it_does_not_compute_is_left_to_mlx(tiny_llama: Path) -> None:
    assert run_native(adapted(tiny_llama).model)
    assert not run_native(adapted(tiny_llama, dropout=0.2).model)
    assert not run_native(adapted(tiny_llama, fine_tune_type="dora").model)
    half = models.load(tiny_llama, dtype="bfloat16").model
    assert not run_native(half)
    turned = models.load(tiny_llama).model
    turned.layers[-1].self_attn.rope.scale = 0.5
    assert not run_native(turned)
    biased = models.load(tiny_llama).model
    biased.layers[-1].mlp.up_proj.bias = mx.zeros((biased.layers[-1].mlp.up_proj.weight.shape[0],))
    assert not run_native(biased)


def test_full_fine_tuning_stays_with_mlx(tiny_llama: Path, tmp_path: Path) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(tiny_llama, fine_tune_type="full", dropout=0.0, learning_rate=1e-3))
    result = train.train(config, dataset, tmp_path / "run", emit=Events())
    assert result.valid_loss is not None and result.base_valid_loss is not None
    assert result.valid_loss < result.base_valid_loss


@pytest.mark.parametrize("layers", [1, -1])
def test_a_stopped_run_goes_on_to_the_same_bytes(tiny_llama: Path, tmp_path: Path, layers: int) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(tiny_llama, dropout=0.0, num_layers=layers))
    train.train(config, dataset, tmp_path / "whole", emit=Events())

    class Stop(Exception):
        pass

    def until(kind: str, **fields: Any) -> None:
        if kind == "train" and fields["step"] == 6:
            raise Stop

    with pytest.raises(Stop):
        train.train(config, dataset, tmp_path / "cut", emit=until)
    train.train(config, dataset, tmp_path / "cut", emit=Events(), resume=True)
    ends = [train.checkpoints(tmp_path / name)[-1].path / "adapters.safetensors" for name in ("whole", "cut")]
    assert ends[0].read_bytes() == ends[1].read_bytes()


def test_arrays_that_do_not_fit_are_refused() -> None:
    import numpy as np

    from t2sql._core import AttentionBlock, LayerAdapters, LayerWeights, LlamaLayer

    sizes = {"hidden": 8, "heads": 2, "kv_heads": 1, "head_dim": 4, "intermediate_size": 6, "eps": 1e-5}
    layer = LlamaLayer(**sizes)
    x = np.zeros((3, 8), np.float32)

    def weights(**changes: int) -> LayerWeights:
        lengths = {"q": 64, "k": 32, "v": 32, "o": 64, "gate": 48, "up": 48, "down": 48, **changes}
        return LayerWeights(
            input_norm=np.zeros(8, np.float32),
            post_attention_norm=np.zeros(8, np.float32),
            projections={name: np.zeros(length, np.float32) for name, length in lengths.items() if length},
        )

    def block(row: int, length: int, prefix_row: int = 0, prefix_len: int = 0) -> AttentionBlock:
        return AttentionBlock(row=row, len=length, prefix_row=prefix_row, prefix_len=prefix_len)

    rotary = {"cos": np.zeros((3, 2), np.float32), "sin": np.zeros((3, 2), np.float32)}
    none, whole = LayerAdapters(scale=1.0, projections={}), [block(0, 3)]
    assert layer.forward(x, whole, weights(), none, **rotary).shape == (24,)
    assert layer.backward(x, weights(), none, **rotary)[0].shape == (24,)
    with pytest.raises(InputError, match=r"projection missing.*found down"):
        weights(down=0)
    with pytest.raises(InputError, match=r"unknown projection.*found qkv"):
        weights(qkv=1)
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
        LayerAdapters(scale=1.0, projections={"q": (np.zeros(16), np.zeros(16))})
    with pytest.raises(InputError, match="rank"):
        pair = (np.zeros(16, np.float32), np.zeros(3, np.float32))
        layer.forward(x, whole, weights(), LayerAdapters(scale=1.0, projections={"q": pair}), **rotary)
    with pytest.raises(InputError, match="forward"):
        LlamaLayer(**sizes).backward(x, weights(), none, **rotary)


def alike(lengths: list[tuple[int, int, int]]) -> list[Encoded]:
    """Examples of (which beginning, its length, own length)."""
    rng = random.Random(4)
    made = []
    for i, (family, common, own) in enumerate(lengths):
        head = random.Random(family).choices(range(60), k=common)
        ids = (*head, *rng.choices(range(60), k=own))
        made.append(Encoded(str(i), ids, max(1, len(ids) - 4)))
    return made


GROUPS = [
    [(1, 14, 6), (1, 14, 9), (1, 14, 2), (2, 20, 5), (3, 13, 7), (3, 13, 1)],
    [(1, 14, 6), (2, 15, 9)],
    [(1, 30, 3)] * 2 + [(1, 30, 0)] * 2,
    [(1, 16, 4), (1, 40, 4), (1, 40, 5), (1, 41, 3)],
    [(1, 9, 5)],
]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("whole", [False, True])
def test_a_shared_beginning_changes_neither_loss_nor_gradients(
    tiny_llama: Path, group: list[tuple[int, int, int]], whole: bool
) -> None:
    model = adapted(tiny_llama).model
    network = Network(model)
    assert network.shares
    examples = alike(group)
    results = []
    for share in (True, False):
        batch = collate(examples, share=share, whole=whole)
        assert (batch.spans is not None) == share
        targets, positions = mx.array(batch.targets), mx.array(batch.positions)

        def loss(batch: Any = batch, targets: Any = targets, positions: Any = positions) -> mx.array:
            logits = network.logits(mx.array(batch.ids), positions, 0, batch.spans)
            return nn.losses.cross_entropy(logits, targets).sum()

        value, found = nn.value_and_grad(model, loss)()
        results.append((value.item(), flat(found), batch))
    (value, found, shared), (right, expected, padded) = results
    assert value == pytest.approx(right, rel=1e-5)
    assert sorted(shared.targets) == sorted(padded.targets) and shared.tokens == padded.tokens
    assert shared.learned.sum() == padded.learned.sum()
    for name, gradient in expected.items():
        assert mx.abs(found[name] - gradient).max() <= 3e-4 * mx.abs(gradient).max(), name


def test_spans_hold_every_position_once_and_common_ones_for_all() -> None:
    examples = alike(GROUPS[0])
    batch = collate(examples, share=True)
    assert batch.spans is not None
    assert batch.ids.shape == (1, sum(span.stop - span.start for span in batch.spans))
    assert batch.ids.size < 0.75 * sum(e.length for e in examples)
    for span in batch.spans:
        assert span.stop > span.start
        if span.prefix is not None:
            head = batch.spans[span.prefix]
            assert (head.start, head.stop, head.prefix) == (0, span.start, None)
            assert examples[head.example].ids[: head.stop] == examples[span.example].ids[: head.stop]


def test_batches_of_an_epoch_keep_partners_and_every_example_once() -> None:
    examples = alike([(i % 5, 20, 3 + i % 7) for i in range(83)])
    epochs = [shared_batches(examples, 8, 0, epoch) for epoch in (0, 0, 1)]
    assert epochs[0] == epochs[1] != epochs[2]
    for batches in epochs:
        assert sorted(i for batch in batches for i in batch) == list(range(83))
        assert all(len(batch) == 8 for batch in batches[:-1])
        families = [len({i % 5 for i in batch}) for batch in batches]
        assert sum(families) / len(families) < 4


def test_losses_of_a_split_are_the_same_with_shared_beginnings(tiny_llama: Path) -> None:
    from t2sql.train.source import Source

    model = adapted(tiny_llama).model
    model.eval()
    examples = alike([(i % 3, 20, 3 + i % 7) for i in range(41)])
    for text in (False, True):
        sums = [
            Source(Network(model, native=native), examples, start=0, room=0).measure(text=text)
            for native in (True, False)
        ]
        assert (sums[0].count, sums[0].text_count) == (sums[1].count, sums[1].text_count)
        assert sums[0].loss == pytest.approx(sums[1].loss, rel=1e-5)
        assert sums[0].text_loss == pytest.approx(sums[1].text_loss, rel=1e-5)


@pytest.mark.parametrize("n", [1, 33, 70])
def test_the_loss_over_the_vocabulary_and_its_gradient_are_those_of_mlx(n: int) -> None:
    h = mx.random.normal((n, 24), key=mx.random.key(1))
    weight = mx.random.normal((300, 24), key=mx.random.key(2))
    targets = mx.random.randint(0, 300, (n,), key=mx.random.key(3))
    scale = mx.random.normal((n,), key=mx.random.key(4))

    def theirs(h: mx.array) -> mx.array:
        return (nn.losses.cross_entropy(h @ weight.T, targets) * scale).sum()

    def ours(h: mx.array) -> mx.array:
        return (cross_entropy(h, weight, targets, training=True) * scale).sum()

    (right, slope), (value, found) = mx.value_and_grad(theirs)(h), mx.value_and_grad(ours)(h)
    assert mx.allclose(value, right, rtol=1e-5, atol=1e-4)
    assert mx.allclose(found, slope, rtol=1e-4, atol=1e-5)


def test_a_trained_or_quantized_head_is_left_to_mlx() -> None:
    h = mx.zeros((2, 64))
    head = nn.Linear(64, 128, bias=False)
    assert not native_head(head, h)
    head.freeze()
    assert native_head(head, h) and not native_head(head, h.astype(mx.bfloat16))
    assert not native_head(nn.QuantizedLinear.from_linear(head), h)
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
