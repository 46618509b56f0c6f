"""The policy of a device: which one applies, and what models and training make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.training import Events, settings, small_dataset

from t2sql import models, train
from t2sql.errors import InputError
from t2sql.models import flat, quantize_base
from t2sql.runtimes import device, mx, optimizers, policy
from t2sql.runtimes.devices import METAL, POLICIES
from t2sql.train import Network, TrainConfig
from t2sql.train.batches import Positions
from t2sql.train.memory import fitting_changes
from t2sql.train.model_shape import ModelShape
from t2sql.train.optimizer import NativeAdamW, make_optimizer
from t2sql.train.workload import Workload

pytestmark = pytest.mark.slow

QUANTIZED = {"weight", "scales", "biases"}


@pytest.fixture
def on_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything as on a Mac, computed on this machine's device."""
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", "metal")


def quantized_directory(source: Path, out: Path) -> Path:
    """A 4-bit copy of a model as `mlx_lm.convert` writes it."""
    from mlx_lm import convert

    convert(str(source), str(out), quantize=True, q_bits=4, q_group_size=32)
    return out


def test_the_policy_is_the_devices_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("T2SQL_DEVICE_POLICY", raising=False)
    assert policy() is POLICIES[device()]


def test_another_policy_moves_no_computation(on_metal: None) -> None:
    before = mx.default_device()
    assert policy() is METAL
    assert mx.default_device() == before


def test_an_unknown_policy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", "tpu")
    with pytest.raises(InputError, match=r"no such device policy .*expected cpu, metal, cuda, found tpu"):
        policy()


def test_full_weights_are_held_in_the_policys_type(tiny_llama: Path, on_metal: None) -> None:
    loaded = models.load(tiny_llama)
    assert {value.dtype for value in flat(loaded.model.parameters()).values()} == {METAL.dtype}
    assert loaded.weights == METAL.weights


@pytest.mark.parametrize("name", ["metal", "cpu"])
def test_a_quantized_directory_stays_so_where_the_policy_keeps_it(
    name: str, tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", name)
    loaded = models.load(quantized_directory(tiny_llama, tmp_path / "m"))
    keeps = POLICIES[name].keeps_quantized
    assert loaded.weights == ("4-bit" if keeps else "float32")
    assert set(loaded.model.layers[0].mlp.up_proj) == (QUANTIZED if keeps else {"weight"})


@pytest.mark.parametrize("name", ["metal", "cpu"])
def test_a_qlora_base_stays_quantized_where_the_policy_keeps_it(
    name: str, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", name)
    network = models.load(tiny_llama).model
    quantize_base(network, 4)
    assert set(network.layers[0].mlp.up_proj) == (QUANTIZED if name == "metal" else {"weight"})


def test_layers_and_optimizer_are_mlxs_own_on_a_gpu(tiny_llama: Path, on_metal: None) -> None:
    assert Network(models.load(tiny_llama).model).native is None
    optimizer = make_optimizer(TrainConfig.of(model=str(tiny_llama)))
    assert type(optimizer) is optimizers.AdamW and not isinstance(optimizer, NativeAdamW)


def test_a_quantized_base_is_offered_for_memory_only_where_it_saves_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = ModelShape(
        hidden_size=4096, intermediate_size=14336, num_layers=32, heads=32, kv_heads=8, head_dim=128,
        vocab_size=32000, tied=False,
    )  # fmt: skip
    batch = Positions(rows=400, scores=40_000)

    def measure(config: TrainConfig) -> Workload:
        model = 14 * 10**9 if config.base_bits is None else 4 * 10**9
        return Workload(training=batch, targets=20, measuring=batch, tokens=10**5, model=model, native=False)

    for name, offered in (("metal", True), ("cpu", False)):
        monkeypatch.setenv("T2SQL_DEVICE_POLICY", name)
        changes = fitting_changes(TrainConfig.of(model="m"), shape, measure, 12 * 10**9)
        assert (changes is not None and "base_bits" in changes) is offered


@pytest.mark.parametrize("changes", [{}, {"base_bits": 4}, {"fine_tune_type": "dora"}, {"loss_on": "all"}])
def test_training_under_the_gpus_policy_learns_what_the_processor_learns(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny.build_llama(tmp_path / "model")
    dataset = small_dataset(tmp_path / "data")
    curves = {}
    for name in ("cpu", "metal"):
        monkeypatch.setenv("T2SQL_DEVICE_POLICY", name)
        events = Events()
        config = TrainConfig.of(**settings(model, dropout=0.0, learning_rate=1e-3, **changes))
        train.train(config, dataset, tmp_path / name, emit=events)
        curves[name] = [event["loss"] for event in events.of("valid")]
    # bfloat16 keeps eight bits; its rounding differs from layer to layer and averages out in the loss.
    assert curves["metal"] == pytest.approx(curves["cpu"], rel=0.02)
    assert curves["metal"][-1] < curves["metal"][0]


def test_exactly_resumed_under_the_gpus_policy(tiny_llama: Path, tmp_path: Path, on_metal: None) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(tiny_llama))

    class Stop(Exception):
        pass

    def until_step_6(event: Any) -> None:
        if event.kind == "train" and event.step == 6:
            raise Stop

    train.train(config, dataset, tmp_path / "whole", emit=Events())
    with pytest.raises(Stop):
        train.train(config, dataset, tmp_path / "parts", emit=until_step_6)
    train.train(config, dataset, tmp_path / "parts", emit=Events(), resume=True)
    last = [
        train.checkpoints(tmp_path / name)[-1].path / "adapters.safetensors" for name in ("whole", "parts")
    ]
    assert last[0].read_bytes() == last[1].read_bytes()
