"""A model with LoRA layers that change its output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.training import settings
from t2sql import models
from t2sql.models import Loaded, flat
from t2sql.runtimes import mx, nn, tree_map
from t2sql.train import TrainConfig
from t2sql.train.network import Network, Spans
from t2sql.train.setup import prepare_model


def adapted(path: Path, **changes: Any) -> Loaded:
    """A model with LoRA layers whose second matrix is not zero."""
    loaded = models.load(path)
    prepare_model(loaded, TrainConfig.of(**settings(path, **{"dropout": 0.0, "num_layers": -1, **changes})))
    mx.random.seed(5)
    moved = tree_map(lambda p: p + 0.1 * mx.random.normal(p.shape), loaded.model.trainable_parameters())
    loaded.model.update(moved)
    loaded.model.train()
    return loaded


def loss_and_gradients(
    network: Network,
    ids: mx.array,
    positions: mx.array,
    targets: mx.array,
    spans: Spans = None,
    segments: mx.array | None = None,
) -> tuple[float, dict[str, mx.array]]:
    """The sum of the losses of targets at positions, and its gradients by the parameters' names."""

    def loss() -> mx.array:
        return network.losses(ids, positions, targets, 0, spans, segments).sum()

    value, gradients = nn.value_and_grad(network.model, loss)()
    return value.item(), flat(gradients)
