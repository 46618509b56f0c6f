"""Measuring a split: each example once, whatever the batches; checkpoints share the base's work."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from support.training import Events, settings, small_dataset

from t2sql import evaluate, models, train
from t2sql.data import Dataset
from t2sql.prompt import encode
from t2sql.runtimes import mx, nn
from t2sql.train import TrainConfig


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


def by_hand(model: Path, dataset: Dataset, adapter: Path | None = None) -> tuple[float, float, int]:
    """(completion loss, text loss, completion tokens), one example at a time through the whole model."""
    loaded = models.load(model, adapter=adapter)
    total = text = 0.0
    count = all_count = 0
    for example in dataset.test:
        ids, first = encode(loaded.tokenizer, example.prompt, example.completion)
        losses = nn.losses.cross_entropy(loaded.model(mx.array([ids[:-1]]))[0], mx.array(ids[1:]))
        total += float(losses[first - 1 :].sum())
        text += float(losses.sum())
        count += len(ids) - first
        all_count += len(ids) - 1
    return total / count, text / all_count, count


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_loss_is_over_completion_tokens(batch_size: int, tiny_llama: Path, dataset: Dataset) -> None:
    loss, text, tokens = by_hand(tiny_llama, dataset)
    result = evaluate.measure_loss(models.load(tiny_llama), dataset.test, batch_size=batch_size, text=True)
    assert (result.tokens, result.n) == (tokens, 5)
    assert result.loss == pytest.approx(loss, abs=1e-5)
    assert result.text_loss == pytest.approx(text, abs=1e-5)
    assert result.perplexity == pytest.approx(math.exp(loss), rel=1e-4)


def test_text_loss_does_not_change_the_loss(tiny_llama: Path, dataset: Dataset) -> None:
    loaded = models.load(tiny_llama)
    plain = evaluate.measure_loss(loaded, dataset.test)
    assert plain.text_loss is None
    assert evaluate.measure_loss(loaded, dataset.test, text=True).loss == pytest.approx(plain.loss, abs=1e-6)


@pytest.mark.parametrize("kind", ["lora", "dora", "full"])
def test_checkpoints_are_measured_as_if_alone(
    kind: str, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    config = TrainConfig.of(**settings(tiny_llama, fine_tune_type=kind, iters=8))
    found = train.train(config, dataset, tmp_path, emit=Events()).checkpoints
    results = dict(evaluate.measure_checkpoints(tiny_llama, [c.path for c in found], dataset.test))
    assert list(results) == [None, *(c.path for c in found)]
    for adapter, result in results.items():
        assert result.loss == pytest.approx(by_hand(tiny_llama, dataset, adapter)[0], abs=1e-5)


def test_progress_counts_up(tiny_llama: Path, dataset: Dataset) -> None:
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int, label: str) -> None:
        seen.append((done, total))

    evaluate.measure_loss(models.load(tiny_llama), dataset.test, batch_size=2, progress=progress)
    assert seen == [(2, 5), (4, 5), (5, 5)]
