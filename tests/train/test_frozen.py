"""Frozen matrices as they are stored: values and gradients beside those of MLX on the same values."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.adapted import adapted, loss_and_gradients
from support.training import Events, last_adapters, settings, small_dataset, train_until

from t2sql import _core, models, train
from t2sql.errors import InputError
from t2sql.models import flat
from t2sql.runs.records import Event, TrainStartEvent
from t2sql.runtimes import device, mx, nn
from t2sql.train import TrainConfig
from t2sql.train.compute import FLOAT32, held_bytes
from t2sql.train.frozen import frozen_weight, is_frozen_matrix
from t2sql.train.native import computes
from t2sql.train.network import Network
from t2sql.train.setup import load_base, prepare_model

pytestmark = pytest.mark.skipif(
    device() != "cpu" or not hasattr(_core, "FrozenWeight"),
    reason="needs the CPU device and the layers in Rust",
)

KERNELS = [name for name, in_bfloat16 in _core.product_kernels() if not in_bfloat16]


def gradients(network: Network) -> tuple[float, dict[str, mx.array]]:
    ids = mx.random.randint(0, 60, (2, 17), key=mx.random.key(2))
    return loss_and_gradients(network, ids, mx.array([3, 9, 16]), mx.array([7, 1, 30]))


def check(found: tuple[float, dict[str, mx.array]], right: tuple[float, dict[str, mx.array]]) -> None:
    assert found[0] == pytest.approx(right[0], rel=1e-5)
    assert found[1].keys() == right[1].keys() and len(right[1]) >= 2
    for name, gradient in right[1].items():
        assert mx.abs(found[1][name] - gradient).max() <= 1e-4 * mx.abs(gradient).max(), name


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantized_base_has_the_gradients_of_its_values(tiny_llama: Path, bits: int) -> None:
    model = adapted(tiny_llama, base_bits=bits).model
    assert computes(model)
    network = Network(model)
    assert network.split and network.shares_prefixes
    quantized = [m for m in model.modules() if isinstance(m, nn.QuantizedLinear | nn.QuantizedEmbedding)]
    assert len(quantized) >= 15
    found = gradients(network)
    check(found, gradients(Network(model, native=False)))
    assert all(mx.abs(gradient).max() > 0 for gradient in found[1].values())


def test_bfloat16_matrices_have_the_gradients_of_their_values(tiny_llama: Path) -> None:
    model = adapted(tiny_llama).model
    halves = {n: v for n, v in flat(model.parameters()).items() if n.endswith("weight") and v.ndim == 2}
    wide = {name: value.astype(mx.bfloat16).astype(mx.float32) for name, value in halves.items()}
    model.load_weights(list(wide.items()), strict=False)
    right = gradients(Network(model, native=False))
    model.load_weights([(n, v.astype(mx.bfloat16)) for n, v in wide.items()], strict=False)
    network = Network(model)
    assert computes(model)
    check(gradients(network), right)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("bits", "group"), [(4, 32), (4, 64), (8, 64), (8, 128)])
def test_the_loss_over_a_quantized_vocabulary_is_that_of_its_values(
    bits: int, group: int, kernels: str
) -> None:
    head = nn.Linear(128, 300, bias=False)
    h = mx.random.normal((9, 128), key=mx.random.key(1))
    for dtype in (mx.float32, mx.float16, mx.bfloat16):
        quantized = nn.QuantizedLinear.from_linear(head, group, bits)
        quantized.set_dtype(dtype)
        assert is_frozen_matrix(quantized)
        scales, biases = quantized.scales.astype(mx.float32), quantized.biases.astype(mx.float32)
        values = mx.dequantize(quantized.weight, scales, biases, group_size=group, bits=bits)
        targets = list(range(9))
        weight = frozen_weight(quantized, kernels)
        losses, slopes = _core.cross_entropy(np.array(h), weight, targets, gradient=True)
        right, expected = _core.cross_entropy(np.array(h), np.array(values), targets, gradient=True)
        assert slopes is not None and expected is not None
        assert np.allclose(losses, right, rtol=1e-5) and np.allclose(slopes, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bits", [4, 8])
def test_training_on_a_quantized_base_keeps_it_quantized_and_resumes_to_the_same_bytes(
    tiny_llama: Path, tmp_path: Path, bits: int
) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(tiny_llama, dropout=0.0, num_layers=1, base_bits=bits))
    events: list[Event] = []
    result = train.train(config, dataset, tmp_path / "whole", emit=events.append)
    (start,) = [event for event in events if isinstance(event, TrainStartEvent)]
    assert start.weights == f"{bits}-bit"
    assert result.valid_loss is not None and result.base_valid_loss is not None
    assert result.valid_loss < result.base_valid_loss

    train_until(6, config, dataset, tmp_path / "cut")
    train.train(config, dataset, tmp_path / "cut", emit=Events(), resume=True)
    assert last_adapters(tmp_path / "cut") == last_adapters(tmp_path / "whole")


def test_what_rust_does_not_decode_is_dequantized(tiny_llama: Path) -> None:
    model = adapted(tiny_llama, base_bits=4, fine_tune_type="dora").model
    assert not any("scales" in module for module in model.modules())
    names = flat(model.trainable_parameters())
    assert names and all(name.rsplit(".", 1)[-1] in ("lora_a", "lora_b", "m") for name in names)


def test_arrays_that_are_no_matrix_are_refused() -> None:
    with pytest.raises(InputError, match="uint32"):
        _core.FrozenWeight(np.zeros(4))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="scales and biases"):
        _core.FrozenWeight(np.zeros(4, np.uint32))
    with pytest.raises(InputError, match=r"no such kernels here.*found mmx"):
        _core.FrozenWeight(np.zeros(4, np.float32), kernels="mmx")
    with pytest.raises(InputError, match="contiguous"):
        _core.FrozenWeight(np.zeros((4, 4), np.float32).T[1:])
    uneven = _core.FrozenWeight(
        np.zeros(12, np.uint32),
        scales=np.ones(2, np.float32),
        biases=np.ones(2, np.float32),
        bits=4,
        group_size=64,
    )
    with pytest.raises(InputError, match="array does not fit"):
        _core.cross_entropy(np.zeros(96, np.float32), uneven, [0], gradient=False)


def quantized_directory(source: Path, folder: Path, bits: int, dtype: str) -> Path:
    stored = models.load(source)
    stored.model.set_dtype(getattr(mx, dtype))
    nn.quantize(stored.model, group_size=32, bits=bits)
    shutil.copytree(source, folder)
    for file in folder.glob("*.safetensors*"):
        file.unlink()
    mx.save_safetensors(str(folder / "model.safetensors"), flat(stored.model.parameters()))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["quantization"] = {"group_size": 32, "bits": bits, "mode": "affine"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("bits", "dtype"), [(4, "bfloat16"), (8, "float16"), (4, "float32")])
def test_a_quantized_directory_is_trained_with_its_bits(
    tiny_llama: Path, tmp_path: Path, bits: int, dtype: str
) -> None:
    folder = quantized_directory(tiny_llama, tmp_path / "quantized", bits, dtype)
    training = TrainConfig.of(**settings(folder, dropout=0.0, num_layers=-1))
    ref = models.resolve(str(folder))
    loaded = load_base(ref, training, FLOAT32)
    size = sum(value.nbytes for value in flat(loaded.model.parameters()).values())
    assert held_bytes(ref, training, FLOAT32) == pytest.approx(size, rel=0.02)
    full = models.load(folder)
    results = []
    for model in (loaded, full):
        prepare_model(model, training)
        assert any("scales" in module for module in model.model.modules()) == (model is loaded)
        results.append(gradients(Network(model.model.train())))
    quantized = [module for module in loaded.model.modules() if "scales" in module]
    assert all(module.scales.dtype == getattr(mx, dtype) for module in quantized)
    assert loaded.weights == f"{bits}-bit"
    check(*results)


def test_codes_that_rust_does_not_decode_are_counted_and_held_in_float32(
    tiny_llama: Path, tmp_path: Path
) -> None:
    folder = quantized_directory(tiny_llama, tmp_path / "quantized", 3, "bfloat16")
    training = TrainConfig.of(**settings(folder, dropout=0.0, num_layers=-1))
    ref = models.resolve(str(folder))
    assert held_bytes(ref, training, FLOAT32) == 4 * models.model_size(ref).parameters
    loaded = load_base(ref, training, FLOAT32)
    prepare_model(loaded, training)
    assert loaded.weights == "float32"
    assert not any("scales" in module for module in loaded.model.modules())
