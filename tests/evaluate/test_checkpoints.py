"""Checkpoints are scored by files that give their own answers, and the base is left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.backends import requests
from support.training import Events, settings, small_dataset

from t2sql import models, train
from t2sql.data import Dataset
from t2sql.evaluate import score_checkpoints
from t2sql.evaluate.checkpoints import _InMlx
from t2sql.fuse import Adapted
from t2sql.gguf.container import read_gguf
from t2sql.runtimes.mlx import mx
from t2sql.train import TrainConfig

IDS = [[5, 9, 30, 41, 7, 100, 200]]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


def checkpoints(model: Path, dataset: Dataset, out: Path, **changes: Any) -> list[Path]:
    config = TrainConfig.of(
        **settings(model, iters=8, num_layers=2, learning_rate=1e-2, save_every=4, **changes)
    )
    train.train(config, dataset, out, emit=Events())
    return [checkpoint.path for checkpoint in train.checkpoints(out)]


@pytest.fixture(scope="module")
def adapters(tiny_llama: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return checkpoints(tiny_llama, dataset, tmp_path_factory.mktemp("run"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_llama_gives_each_checkpoints_own_answers(
    tiny_llama: Path, adapters: list[Path], dataset: Dataset, cache: Path
) -> None:
    examples = dataset.valid
    seen: list[tuple[int, int]] = []
    found = list(
        score_checkpoints(
            tiny_llama,
            [*adapters, None],
            dataset,
            examples,
            max_tokens=6,
            progress=lambda done, total, _: seen.append((done, total)),
        )
    )
    assert [score.adapter for score in found] == [*adapters, None]
    assert seen[-1] == (18, 18)
    texts = [[g.text for g in score.predictions.generations] for score in found]
    slow = []
    for adapter in [*adapters, None]:
        with _InMlx(tiny_llama).open(adapter, [], 6) as backend:
            slow.append(
                [g.text for g in backend.answers(requests([e.prompt for e in examples], max_tokens=6))]
            )
    # A model of random weights is full of near-ties, and a letter cut in two by the limit is told otherwise.
    pairs = [
        (a, b) for mine, others in zip(texts, slow, strict=True) for a, b in zip(mine, others, strict=True)
    ]
    assert sum(a == b for a, b in pairs) >= 12
    assert all(a[:2] == b[:2] for a, b in pairs)
    assert len({tuple(mine) for mine in texts}) == 3
    assert {(score.predictions.backend, score.weights) for score in found} == {("llama", "f16")}
    line = found[0].to_dict()
    assert line["n"] == 6 and line["interval"][0] <= line["accuracy"] <= line["interval"][1]
    assert 0 < found[0].ready_seconds < found[0].seconds
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "changes", [{"fine_tune_type": "dora"}, {"fine_tune_type": "full"}, {"base_bits": 4}], ids=str
)
def test_every_kind_of_adapter_is_summed_and_the_base_comes_back(
    changes: dict[str, Any], tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    adapter = checkpoints(tiny_llama, dataset, tmp_path / "run", **changes)[-1]
    adapted = Adapted(tiny_llama)
    before = adapted._loaded.model(mx.array(IDS))
    tensors = []
    for one in (None, adapter, None):
        with adapted.gguf(one, "f32") as file:
            tensors.append(file.read_bytes())
    assert tensors[0][-4096:] == tensors[2][-4096:]
    assert tensors[0] != tensors[1]
    assert mx.array_equal(adapted._loaded.model(mx.array(IDS)), before)
    assert adapted.bytes == sum(t.nbytes for t in read_gguf_of(tiny_llama))


def read_gguf_of(model: Path) -> list[Any]:
    loaded = models.load(model)
    from t2sql.models.adapters import flat

    return list(flat(loaded.model.parameters()).values())


def test_the_file_is_of_the_type_that_was_asked_for(tiny_llama: Path, adapters: list[Path]) -> None:
    with Adapted(tiny_llama).gguf(adapters[0], "q8_0") as file:
        assert "q8_0" in {tensor.type for tensor in read_gguf(file).tensors.values()}
    assert not file.exists()


def test_a_family_that_has_no_gguf_is_scored_in_mlx(dataset: Dataset, tmp_path: Path) -> None:
    model = tiny.build_llama(tmp_path / "other")
    config = (model / "config.json").read_text()
    (model / "config.json").write_text(config.replace("LlamaForCausalLM", "OtherForCausalLM"))
    found = list(score_checkpoints(model, [None], dataset, dataset.valid[:2], max_tokens=3))
    assert (found[0].predictions.backend, found[0].weights) == ("mlx", "float32")
