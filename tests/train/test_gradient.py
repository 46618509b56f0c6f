"""The compiled function of loss and gradient, as on a GPU, beside the same function not compiled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from t2sql import models
from t2sql.models import flat
from t2sql.runtimes import Array, mlx_lm, mx, scalar
from t2sql.train import Network
from t2sql.train.batches import collate
from t2sql.train.encoding import Encoded
from t2sql.train.gradient import LossAndGradient

pytestmark = pytest.mark.slow


def examples(lengths: list[int]) -> list[Encoded]:
    draw = np.random.default_rng(0)
    return [Encoded(id=str(n), ids=draw.integers(3, 60, n + 1).tolist(), first=n // 2) for n in lengths]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_compiled_and_not_they_are_equal(
    dropout: float, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = models.load(tiny_llama).model
    model.freeze()
    keys = ["self_attn.q_proj", "mlp.down_proj"]
    mlx_lm.linear_to_lora_layers(model, 2, {"rank": 4, "scale": 2.0, "dropout": dropout, "keys": keys})
    for layer in model.layers:
        layer.mlp.down_proj.lora_b = mx.random.normal(layer.mlp.down_proj.lora_b.shape)
    model.train()
    network = Network(model, native=False)
    results: dict[str, list[tuple[float, dict[str, Array]]]] = {}
    for name in ("cpu", "metal"):
        monkeypatch.setenv("T2SQL_DEVICE_POLICY", name)
        function = LossAndGradient(network, 0)
        results[name] = []
        for lengths in ([9, 14, 11], [21, 8, 17], [12, 10, 9]):
            mx.random.seed(sum(lengths))
            # Dropout draws a mask of the batch's shape, so both have to be of the same.
            batch = collate(examples(lengths), multiple=32)
            loss, gradients = function(mx.array(batch.ids), batch)
            results[name].append((scalar(loss), flat(gradients)))
            mx.eval(model.parameters())
    for (one, some), (other, others) in zip(*results.values(), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
        assert some.keys() == others.keys()
        for key, gradient in some.items():
            largest = scalar(mx.abs(gradient).max())
            assert scalar(mx.abs(gradient - others[key]).max()) <= 1e-4 * largest
