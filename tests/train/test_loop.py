"""The loop: what it writes and reports, and that it learns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.training import Events, settings, small_dataset

from t2sql import data, evaluate, models, train
from t2sql.data import Dataset
from t2sql.runtimes import mx
from t2sql.train import TrainConfig


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def done(
    tiny_llama: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[train.TrainResult, Events, Path]:
    out, events = tmp_path_factory.mktemp("run"), Events()
    return train.train(TrainConfig.of(**settings(tiny_llama)), dataset, out, emit=events), events, out


def test_events_tell_the_tutorials_table(done: Any) -> None:
    _, events, _ = done
    start = events.of("start")[0]
    assert start["trainable_parameters"] < start["total_parameters"]
    assert start["frozen_layers"] == 1 and start["cached_bytes"] > 0
    assert [e["step"] for e in events.of("train")] == [2, 4, 6, 8, 10, 12]
    assert [e["step"] for e in events.of("valid")] == [0, 4, 8, 12]
    assert [e["step"] for e in events.of("checkpoint")] == [4, 8, 12]
    wanted = {"step", "loss", "learning_rate", "steps_per_second", "tokens_per_second", "memory_bytes"}
    wanted |= {"smoothed_loss", "examples_per_second", "grad_norm", "padding", "cache_hits", "eta_seconds"}
    assert wanted <= events.of("train")[0].keys()
    # 20 examples: five steps compute what the others find.
    assert [e["cache_hits"] for e in events.of("train")] == [0.0, 0.0, 0.5, 1.0, 1.0, 1.0]
    assert events.of("train")[-1]["eta_seconds"] == 0 and start["cache"] == "on"
    assert events[-1].kind == "end"


def test_the_loss_falls(done: Any) -> None:
    result, events, _ = done
    assert result.valid_loss < result.base_valid_loss
    assert events.of("train")[-1]["loss"] < events.of("train")[0]["loss"]


def test_checkpoints_are_listed_and_the_best_is_marked(done: Any) -> None:
    result, _, out = done
    found = train.checkpoints(out)
    assert [c.step for c in found] == [4, 8, 12] == [c.step for c in result.checkpoints]
    best = min(found, key=lambda c: c.valid_loss)
    assert json.loads((out / "checkpoints/best.json").read_text()) == {
        "step": best.step,
        "valid_loss": best.valid_loss,
        "select": "loss",
    }
    assert result.best == best.path == train.adapter_path(out)
    assert train.adapter_path(found[0].path) == found[0].path


def test_a_checkpoints_valid_loss_is_that_of_its_weights(
    done: Any, tiny_llama: Path, dataset: Dataset
) -> None:
    for checkpoint in train.checkpoints(done[2]):
        loaded = models.load(tiny_llama, adapter=checkpoint.path)
        again = evaluate.measure_loss(loaded, dataset.valid, batch_size=1)
        assert again.loss == pytest.approx(checkpoint.valid_loss, abs=1e-5)


def test_validation_measures_as_many_examples_as_asked_for(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    config = TrainConfig.of(**settings(tiny_llama, iters=1, valid_limit=3))
    result = train.train(config, dataset, tmp_path, emit=Events())
    few = data.subset(dataset.valid, 3)
    assert len(few) == 3 < len(dataset.valid)
    loaded = models.load(tiny_llama, adapter=result.best)
    assert evaluate.measure_loss(loaded, few, batch_size=1).loss == pytest.approx(result.valid_loss, abs=1e-5)


def test_mlx_lm_loads_the_adapter_and_agrees(done: Any, tiny_llama: Path) -> None:
    # Theirs, not ours: MLX is imported by now.
    from mlx_lm import generate, load

    result, _, _ = done
    theirs, tokenizer = load(str(tiny_llama), adapter_path=str(result.best))
    loaded = models.load(tiny_llama, adapter=result.best)
    ours = loaded.model
    said = generate(theirs, tokenizer, "Q: How old is Ann?", max_tokens=12)
    assert said == generate(ours, loaded.tokenizer, "Q: How old is Ann?", max_tokens=12)
    ids = mx.array([[5, 9, 30, 41, 7]])
    assert mx.allclose(theirs(ids), ours(ids), atol=1e-5)
    assert not mx.allclose(models.load(tiny_llama).model(ids), ours(ids), atol=1e-3)


def test_the_same_seed_gives_the_same_weights(
    done: Any, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    again = train.train(TrainConfig.of(**settings(tiny_llama)), dataset, tmp_path, emit=Events())
    first, second = (r.checkpoints[-1].path / "adapters.safetensors" for r in (done[0], again))
    assert first.read_bytes() == second.read_bytes()


def test_keeping_the_frozen_layers_output_changes_nothing(
    done: Any, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    events = Events()
    config = TrainConfig.of(**settings(tiny_llama, cache_gb=0))
    again = train.train(config, dataset, tmp_path, emit=events)
    assert any("--cache-gb is 0" in e["message"] for e in events.of("warning"))
    first, second = (mx.load(str(r.checkpoints[-1].path / "adapters.safetensors")) for r in (done[0], again))
    assert all(mx.allclose(first[name], second[name], atol=1e-5) for name in first)


@pytest.mark.parametrize(
    "changes",
    [
        {"fine_tune_type": "dora"},
        {"fine_tune_type": "full"},
        {"num_layers": -1},
        {"loss_on": "all"},
        {"grad_checkpoint": True},
        {"base_bits": 4},
        {"keys": ("q_proj", "v_proj")},
        {"optimizer": "adam", "schedule": "constant", "max_grad_norm": 0},
        {"optimizer": "sgd", "learning_rate": 0.1},
        {"grad_accumulation_steps": 2},
        {"augment": ("columns", "case", "opening")},
    ],
)
def test_every_kind_of_training_learns_and_loads(
    changes: dict[str, Any], tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    result = train.train(TrainConfig.of(**settings(tiny_llama, **changes)), dataset, tmp_path, emit=Events())
    assert result.base_valid_loss is not None and result.valid_loss is not None
    assert result.valid_loss < result.base_valid_loss
    assert models.load(tiny_llama, adapter=result.best).model is not None


def test_a_model_with_its_own_head_and_spm_trains(
    tiny_mistral: Path, dataset: Dataset, tmp_path: Path
) -> None:
    result = train.train(TrainConfig.of(**settings(tiny_mistral)), dataset, tmp_path, emit=Events())
    assert result.valid_loss < result.base_valid_loss  # type: ignore[operator]


def test_an_unknown_structure_trains_whole_and_says_so(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: Any
) -> None:
    monkeypatch.setattr("t2sql.train.network.Network._parts_make_the_whole", lambda self: False)
    events = Events()
    config = TrainConfig.of(**settings(tiny_llama, dropout=0.0, iters=4))
    result = train.train(config, dataset, tmp_path / "whole", emit=events)
    assert any("structure is not known" in e["message"] for e in events.of("warning"))
    monkeypatch.undo()
    # The same batches: the layers in Rust would have others, of examples that begin alike.
    monkeypatch.setattr("t2sql.train.network.Network.shares_prefixes", False)
    split = train.train(config, dataset, tmp_path / "split", emit=Events())
    assert result.valid_loss == pytest.approx(split.valid_loss, abs=1e-4)
