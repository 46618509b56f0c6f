"""Every family's layers in Rust, beside MLX's autograd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.adapted import adapted, loss_and_gradients
from support.encoded import alike
from support.tiny_families import MODELS, build

from t2sql import _core
from t2sql.runtimes import Array, Module, device, mx, nn
from t2sql.train.anatomy import family_of
from t2sql.train.batches import collate
from t2sql.train.layer_parts import FAMILIES
from t2sql.train.native import draw_seed, left_to_mlx
from t2sql.train.network import Network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        device() != "cpu" or not hasattr(_core, "DecoderLayer"),
        reason="needs the CPU device and the layers in Rust",
    ),
]

IN_RUST = ("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3")
SLIDING = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 5}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in MODELS if name.partition("-")[0] in IN_RUST},
    "mistral-window": ("mistral", SLIDING),
    "mistral-traditional": ("mistral", {"rope_traditional": True}),
    "gemma3-window": ("gemma3", {"sliding_window": 5, "num_hidden_layers": 6}),
}


@pytest.fixture(scope="module", params=VARIANTS)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, changes = VARIANTS[request.param]
    return build(tmp_path_factory.mktemp("family") / request.param, name, **changes)


def test_values_and_gradients_are_those_of_mlx(family: Path) -> None:
    model = adapted(family).model
    network, plain = Network(model), Network(model, native=False)
    assert left_to_mlx(model) == ""
    assert network.split and plain.split and network.shares_prefixes
    ids = mx.random.randint(0, 60, (2, 17), key=mx.random.key(2))
    expected_h, h = (n.states(ids, 0) for n in (plain, network))
    assert mx.abs(h - expected_h).max() <= 1e-4 * mx.abs(expected_h).max()
    positions, targets = mx.array([3, 9, 16, 33]), mx.array([7, 1, 30, 2])
    value, found = loss_and_gradients(network, ids, positions, targets)
    right, expected = loss_and_gradients(plain, ids, positions, targets)
    assert value == pytest.approx(right, rel=1e-5)
    assert found.keys() == expected.keys() and len(found) >= 8
    for name, gradient in expected.items():
        assert mx.abs(gradient).max() > 0
        assert mx.abs(found[name] - gradient).max() <= 1e-4 * mx.abs(gradient).max(), name


def test_a_shared_prefix_changes_neither_loss_nor_gradients(family: Path) -> None:
    network = Network(adapted(family).model)
    examples = alike([(1, 14, 6), (1, 14, 9), (2, 20, 5), (3, 13, 7), (3, 13, 1)])
    results = []
    for share in (True, False):
        batch = collate(examples, share=share)
        assert (batch.spans is not None) == share
        ids, positions, targets = map(mx.array, (batch.ids, batch.positions, batch.targets))
        results.append(loss_and_gradients(network, ids, positions, targets, batch.spans))
    (value, found), (right, expected) = results
    assert value == pytest.approx(right, rel=1e-5)
    for name, gradient in expected.items():
        assert mx.abs(found[name] - gradient).max() <= 3e-4 * mx.abs(gradient).max(), name


class Dropped(nn.Module):
    """Drops what Rust's dropout drops, in place of MLX's."""

    def __init__(self, projection: _core.Projection, seed: int, keep: float) -> None:
        super().__init__()
        self._projection, self._seed, self._keep = projection, seed, keep

    def __call__(self, x: Array) -> Array:
        factors = _core.dropout_factors(self._projection, x.size, seed=self._seed, keep=self._keep)
        return x * mx.array(factors.reshape(x.shape))


def test_dropout_is_a_mask_on_the_adapters_inputs(family: Path) -> None:
    model = adapted(family, dropout=0.3).model
    ids = mx.random.randint(0, 60, (2, 17), key=mx.random.key(2))
    positions, targets = mx.array([3, 9, 16, 33]), mx.array([7, 1, 30, 2])
    results = []
    for seed in (5, 5, 6):
        mx.random.seed(seed)
        results.append(loss_and_gradients(Network(model), ids, positions, targets))
    (value, found), (again, _), (other, _) = results
    assert value == again != other
    mx.random.seed(5)
    for layer in model.layers:
        seed = draw_seed()
        for projection, path in FAMILIES[family_of(layer)].projections.items():
            module: Module = layer
            for name in path.split("."):
                module = module[name]
            module.dropout = Dropped(projection, seed, 0.7)
    right, expected = loss_and_gradients(Network(model, native=False), ids, positions, targets)
    assert value == pytest.approx(right, rel=1e-5)
    for name, gradient in expected.items():
        # Dropped inputs bring attention near to ties, where both round differently; a wrong mask is off by 1.
        assert mx.abs(found[name] - gradient).max() <= 3e-4 * mx.abs(gradient).max(), name
