"""The layers in Rust: MLX's values and gradients, on the layers they are for and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.adapted import adapted, loss_and_gradients
from support.training import Events, last_adapters, settings, small_dataset, train_until

from t2sql import _core, models, train
from t2sql.runtimes import device, mx, nn
from t2sql.train import TrainConfig
from t2sql.train.native import left_to_mlx
from t2sql.train.network import Network
from t2sql.train.setup import prepare_model

pytestmark = pytest.mark.skipif(
    device() != "cpu" or not hasattr(_core, "DecoderLayer"),
    reason="needs the CPU device and the layers in Rust",
)


@pytest.mark.parametrize("changes", [{}, {"keys": ("q_proj", "down_proj")}, {"num_layers": 1}, {"rank": 1}])
@pytest.mark.parametrize("shape", [(2, 9), (1, 17), (3, 8)])
def test_values_and_gradients_are_those_of_mlx(
    tiny_llama: Path, changes: dict[str, Any], shape: tuple[int, int]
) -> None:
    model = adapted(tiny_llama, **changes).model
    network = Network(model)
    assert network.split and network.native is not None
    ids = mx.random.randint(0, 60, shape, key=mx.random.key(2))
    positions, targets = mx.array([3, 9, 16]), mx.array([7, 1, 30])
    value, found = loss_and_gradients(network, ids, positions, targets)
    right, expected = loss_and_gradients(Network(model, native=False), ids, positions, targets)
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


def test_what_it_does_not_compute_is_left_to_mlx(tiny_llama: Path) -> None:
    assert left_to_mlx(adapted(tiny_llama).model) == ""
    dora = adapted(tiny_llama, fine_tune_type="dora", num_layers=1, keys=("o_proj",)).model
    assert left_to_mlx(dora) == "layer 1: o_proj: a DoRALinear that Rust does not multiply by"
    half = models.load(tiny_llama, dtype="bfloat16").model
    assert left_to_mlx(half) == "layer 0: norms are not float32"
    unknown = models.load(tiny_llama).model
    unknown.layers[-1].self_attn.rope = nn.Identity()
    assert left_to_mlx(unknown) == "layer 1: rotary positions of type Identity"
    unknown.layers[0] = nn.Sequential()
    assert "layer 0: layers of mlx.nn" in left_to_mlx(unknown)
    assert "models of mlx.nn" in left_to_mlx(nn.Sequential(unknown.layers[1]))


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

    train_until(6, config, dataset, tmp_path / "cut")
    train.train(config, dataset, tmp_path / "cut", emit=Events(), resume=True)
    assert last_adapters(tmp_path / "cut") == last_adapters(tmp_path / "whole")
