"""Short trainings of every family with the layers in Rust: MLX's losses, and exact resume."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_families import build
from support.training import Events, last_adapters, settings, small_dataset, train_until

from t2sql import _core, train
from t2sql.runtimes import device
from t2sql.train import TrainConfig
from t2sql.train.native import NativeLayers
from t2sql.train.network import Network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        device() != "cpu" or not hasattr(_core, "DecoderLayer"),
        reason="needs the CPU device and the layers in Rust",
    ),
]


@pytest.fixture(
    scope="module", params=["llama", "llama-yarn", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"]
)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("family") / request.param, request.param)


def test_the_losses_of_a_training_are_those_with_mlx(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(family, dropout=0.0, num_layers=-1))
    # The batches of examples alone: those of shared beginnings are others.
    monkeypatch.setattr(Network, "shares_prefixes", False)
    runs = []
    for name in ("rust", "mlx"):
        events = Events()
        train.train(config, dataset, tmp_path / name, emit=events)
        assert events.of("start")[0]["layers"] == ("Rust" if name == "rust" else "MLX")
        runs.append([event["loss"] for event in (*events.of("train"), *events.of("valid"))])
        monkeypatch.setattr(NativeLayers, "of", lambda *_: None)
    assert runs[0] == pytest.approx(runs[1], rel=1e-4)


@pytest.mark.parametrize("layers", [1, -1])
def test_a_stopped_training_with_dropout_goes_on_to_the_same_bytes(
    family: Path, tmp_path: Path, layers: int
) -> None:
    dataset = small_dataset(tmp_path / "data")
    config = TrainConfig.of(**settings(family, dropout=0.2, num_layers=layers))
    events = Events()
    train.train(config, dataset, tmp_path / "whole", emit=events)
    assert events.of("start")[0]["layers"] == "Rust"

    train_until(6, config, dataset, tmp_path / "cut")
    train.train(config, dataset, tmp_path / "cut", emit=Events(), resume=True)
    assert last_adapters(tmp_path / "cut") == last_adapters(tmp_path / "whole")
