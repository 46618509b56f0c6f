"""Checkpoints are scored by files that give their own answers, and the base is left as it was."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.backends import requests
from support.training import Events, settings, small_dataset

from t2sql import models, train
from t2sql.data import Dataset
from t2sql.evaluate import PredictOptions, open_scorer, score_checkpoints
from t2sql.fuse import Adapted
from t2sql.gguf import read_gguf
from t2sql.train import TrainConfig


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


def distance(first: list[float | None], second: list[float | None]) -> float:
    return max(abs(a - b) for a, b in zip(first, second, strict=True) if a is not None and b is not None)


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
            PredictOptions(max_tokens=1, grammar=False),
            progress=lambda done, total, _: seen.append((done, total)),
        )
    )
    assert [score.adapter for score in found] == [*adapters, None]
    assert seen[-1] == (18, 18)
    # A model of random weights is full of near-ties: log-probabilities agree, also where the runtimes
    # take different ones of two tokens. llama.cpp has none for a token that ends within a character.
    asked = requests([example.prompt for example in examples], max_tokens=1, logprobs=True)
    in_llama = [[g.logprob for g in score.predictions.generations] for score in found]
    in_mlx = []
    for adapter in [*adapters, None]:
        with closing(open_scorer(tiny_llama, "mlx", [], adapter=adapter)) as backend:
            in_mlx.append([generation.logprob for generation in backend.answers(asked)])
    for mine, others in zip(in_llama, in_mlx, strict=True):
        pairs = [(a, b) for a, b in zip(mine, others, strict=True) if a is not None]
        assert pairs and all(a == pytest.approx(b, abs=0.02) for a, b in pairs)
    first, second, base = in_mlx
    assert distance(first, second) > 0.1 and distance(second, base) > 0.1
    assert {(score.predictions.backend, score.weights) for score in found} == {("llama", "f16")}
    line = found[0].to_record().to_json()
    assert line["n"] == 6 and "of" not in line
    assert 0 < found[0].ready_seconds < found[0].seconds
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "changes", [{"fine_tune_type": "dora"}, {"fine_tune_type": "full"}, {"base_bits": 4}], ids=str
)
def test_every_kind_of_adapter_is_summed_and_the_base_stays(
    changes: dict[str, Any], tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    adapter = checkpoints(tiny_llama, dataset, tmp_path / "run", **changes)[-1]
    adapted = Adapted(tiny_llama)
    tensors = []
    for one in (None, adapter, None):
        with adapted.gguf(one, "f32") as file:
            tensors.append(file.read_bytes())
    assert tensors[0][-4096:] == tensors[2][-4096:]
    assert tensors[0] != tensors[1]
    assert adapted.bytes == sum(t.nbytes for t in read_gguf_of(tiny_llama))


def read_gguf_of(model: Path) -> list[Any]:
    return list(models.flat(models.load(model).model.parameters()).values())


def test_the_file_is_of_the_type_that_was_asked_for(tiny_llama: Path, adapters: list[Path]) -> None:
    with Adapted(tiny_llama).gguf(adapters[0], "q8_0") as file:
        assert "q8_0" in {tensor.type for tensor in read_gguf(file).tensors.values()}
    assert not file.exists()


def test_a_family_that_has_no_gguf_is_scored_in_mlx(dataset: Dataset, tmp_path: Path) -> None:
    model = tiny.build_llama(tmp_path / "other")
    config = (model / "config.json").read_text()
    (model / "config.json").write_text(config.replace("LlamaForCausalLM", "OtherForCausalLM"))
    found = list(score_checkpoints(model, [None], dataset, dataset.valid[:2], PredictOptions(max_tokens=3)))
    assert (found[0].predictions.backend, found[0].weights) == ("mlx", "float32")
