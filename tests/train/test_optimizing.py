"""Learning rates, optimizers, accumulated batches and early stopping."""

from __future__ import annotations

import itertools
import math
import shutil
from pathlib import Path

import pytest
from support.training import Events, settings, small_dataset

from t2sql import train
from t2sql.data import Dataset
from t2sql.train import TrainConfig


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


def test_the_learning_rate_rises_and_falls() -> None:
    config = TrainConfig.of(iters=100, warmup=10, learning_rate=1.0)
    rates = [config.learning_rate_at(step) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == 1.0 and rates[-1] == pytest.approx(0.01)
    assert all(a >= b for a, b in itertools.pairwise(rates[9:]))
    assert math.isclose(TrainConfig.of(schedule="constant", warmup=0).learning_rate_at(500), 1e-3)
    for schedule in ("linear", "exponential"):
        others = [
            TrainConfig.of(iters=100, warmup=10, learning_rate=1.0, schedule=schedule).learning_rate_at(s)
            for s in (10, 100)
        ]
        assert others == pytest.approx([1.0, 0.01])


OPTIMIZERS = ("adamw", "adam", "adamax", "adagrad", "adadelta", "adafactor", "rmsprop", "lion", "muon", "sgd")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_to_the_same_weights(
    name: str, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    few = settings(tiny_llama, optimizer=name, iters=4, save_every=2, steps_per_eval=4, steps_per_report=1)
    whole = train.train(TrainConfig.of(**few), dataset, tmp_path / "whole", emit=Events())
    shutil.copytree(tmp_path / "whole", tmp_path / "part")
    shutil.rmtree(tmp_path / "part/checkpoints/0000004")
    again = train.train(TrainConfig.of(**few), dataset, tmp_path / "part", emit=Events(), resume=True)
    for file in ("adapters.safetensors", "optimizer.safetensors"):
        one, other = (r.checkpoints[-1].path / file for r in (whole, again))
        assert one.read_bytes() == other.read_bytes()
    assert whole.train_loss != whole.base_valid_loss


def test_accumulated_batches_give_the_steps_of_one_large_batch(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    losses = []
    for size, parts in ((8, 1), (2, 4)):
        config = settings(
            tiny_llama, batch_size=size, grad_accumulation_steps=parts, dropout=0.0, steps_per_report=1
        )
        events = Events()
        train.train(TrainConfig.of(**config), dataset, tmp_path / str(size), emit=events)
        losses.append([(e["loss"], e["grad_norm"]) for e in events.of("train")])
    assert len(losses[0]) == 12
    for one, many in zip(*losses, strict=True):
        assert many == pytest.approx(one, rel=2e-4)


def test_training_stops_when_validation_no_longer_improves(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    events = Events()
    # A rate of nothing: no validation is better than the first.
    config = settings(tiny_llama, learning_rate=1e-12, patience=2, steps_per_eval=2, iters=40, save_every=40)
    result = train.train(TrainConfig.of(**config), dataset, tmp_path, emit=events)
    stopped = [e["message"] for e in events.of("warning") if "training stops" in e["message"]]
    assert len(stopped) == 1 and result.steps < 40
    assert [c.step for c in result.checkpoints] == [result.steps]
    again = Events()
    train.train(TrainConfig.of(**config), dataset, tmp_path, emit=again, resume=True)
    assert not again.of("train"), "a run that stopped early is done"
