"""A GGUF as the base of a training: its matrices keep their bits, and train as their float32 values do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny
from support.adapted import loss_and_gradients
from support.training import Events, last_adapters, settings, small_dataset, train_until

from t2sql import _core, models, train
from t2sql.gguf import ConvertKeywords, convert
from t2sql.models import Loaded, flat
from t2sql.runs.records import TrainStartEvent
from t2sql.runtimes import device, mx, nn
from t2sql.train import TrainConfig
from t2sql.train.compute import FLOAT32, held_bytes
from t2sql.train.network import Network
from t2sql.train.setup import load_base, prepare_model

pytestmark = pytest.mark.skipif(
    device() != "cpu" or not hasattr(_core, "FrozenWeight"),
    reason="needs the CPU device and the layers in Rust",
)

MIXED: ConvertKeywords = {
    "type": "q4_0",
    "tensor_types": {"ffn_down": "q8_0", "attn_v": "f16", "attn_k": "f32"},
}
KINDS: dict[str, ConvertKeywords] = {
    **{kind: {"type": kind, "pure": True} for kind in ("q8_0", "q4_1", "q4_0", "f16", "bf16")},
    "mixed": MIXED,
}


def gguf_of(model: Path, folder: Path, kind: str) -> Path:
    return convert(model, folder / f"base.{kind}.gguf", **KINDS[kind]).path


def loaded_both_ways(file: Path) -> tuple[TrainConfig, Loaded, Loaded]:
    """The base as training holds it, and in float32."""
    config = TrainConfig.of(**settings(file, dropout=0.0, num_layers=-1))
    return config, load_base(models.resolve(str(file)), config, FLOAT32), models.load(file)


def full(module: Any) -> mx.array:
    if "scales" not in module:
        return module.weight.astype(mx.float32)
    scales, biases = module.scales.astype(mx.float32), module.biases.astype(mx.float32)
    return mx.dequantize(module.weight, scales, biases, group_size=module.group_size, bits=module.bits)


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_has_the_bits_of_its_file_and_the_values_and_gradients_of_float32(
    tiny_llama: Path, tmp_path: Path, kind: str
) -> None:
    file = gguf_of(tiny_llama, tmp_path, kind)
    config, held, right = loaded_both_ways(file)
    expected = dict(right.model.named_modules())
    matrices = {n: m for n, m in held.model.named_modules() if isinstance(m, nn.Linear | nn.QuantizedLinear)}
    assert len(matrices) >= 14
    for name, module in matrices.items():
        assert mx.array_equal(full(module), expected[name].weight), name
        if kind != "mixed":
            stored = module.scales.dtype if "scales" in module else module.weight.dtype
            assert stored == (mx.bfloat16 if kind == "bf16" else mx.float16)
    if kind.startswith("q"):
        bits = 8 if kind == "q8_0" else 4
        assert held.weights == f"{bits}-bit"
        assert all((m.bits, m.group_size) == (bits, 32) for m in matrices.values())
    size = sum(value.nbytes for value in flat(held.model.parameters()).values())
    assert size == pytest.approx(held_bytes(models.resolve(str(file)), config, FLOAT32), rel=0.01)

    found, whole = (trained_once(loaded, config) for loaded in (held, right))
    assert found[0] == pytest.approx(whole[0], rel=1e-5)
    assert found[1].keys() == whole[1].keys() and len(whole[1]) >= 28
    for name, gradient in whole[1].items():
        assert mx.abs(found[1][name] - gradient).max() <= 1e-4 * mx.abs(gradient).max(), name


def trained_once(loaded: Loaded, config: TrainConfig) -> tuple[float, dict[str, mx.array]]:
    prepare_model(loaded, config)
    mx.random.seed(7)
    for module in loaded.model.modules():
        if "lora_b" in module:
            module.lora_b = mx.random.normal(module.lora_b.shape) * 0.1
    network = Network(loaded.model.train())
    assert network.split and network.shares_prefixes
    ids = mx.random.randint(0, 60, (2, 17), key=mx.random.key(2))
    return loss_and_gradients(network, ids, mx.array([3, 9, 16]), mx.array([7, 1, 30]))


@pytest.mark.parametrize("kind", ["q4_0", "f16"])
def test_training_on_a_gguf_resumes_to_the_same_bytes(tiny_llama: Path, tmp_path: Path, kind: str) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(gguf_of(tiny_llama, tmp_path, kind), dropout=0.0, num_layers=1))
    events = Events()
    result = train.train(config, dataset, tmp_path / "whole", emit=events)
    (start,) = [event for event in events if isinstance(event, TrainStartEvent)]
    assert start.weights == ("float16" if kind == "f16" else "4-bit")
    assert start.layers == "Rust"
    assert result.valid_loss is not None and result.base_valid_loss is not None
    assert result.valid_loss < result.base_valid_loss
    train_until(6, config, dataset, tmp_path / "cut")
    train.train(config, dataset, tmp_path / "cut", emit=Events(), resume=True)
    assert last_adapters(tmp_path / "cut") == last_adapters(tmp_path / "whole")


@pytest.mark.parametrize("changes", [{"base_bits": 4}, {"fine_tune_type": "dora"}])
def test_what_cannot_be_trained_on_as_stored_starts_from_full_values(
    tiny_llama: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    file = gguf_of(tiny_llama, tmp_path, "q8_0")
    config = TrainConfig.of(**settings(file, dropout=0.0, num_layers=1, **changes))
    loaded = load_base(models.resolve(str(file)), config, FLOAT32)
    layer = loaded.model.layers[0].self_attn.q_proj
    assert layer.bits == 4 if "base_bits" in changes else layer.weight.dtype == mx.float32


def test_a_scale_too_large_for_its_bias_keeps_the_matrix_in_float32(tiny_llama: Path, tmp_path: Path) -> None:
    def enlarge(values: np.ndarray) -> np.ndarray:
        blocks = values.reshape(-1, 34).copy()
        blocks[5, :2] = np.array([1000.0], np.float16).view(np.uint8)
        return blocks.reshape(values.shape)

    name = "blk.0.ffn_down.weight"
    file = tiny.patch_gguf(gguf_of(tiny_llama, tmp_path, "q8_0"), tmp_path / "large.gguf", name, enlarge)
    _, held, right = loaded_both_ways(file)
    down, expected = (loaded.model.layers[0].mlp.down_proj for loaded in (held, right))
    assert down.weight.dtype == mx.float32 and mx.array_equal(down.weight, expected.weight)
    assert held.model.layers[1].mlp.down_proj.bits == 8
