"""What training refuses, and what stops it: settings, lines and outputs that do not do, and divergence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.training import Events, settings, small_dataset

from t2sql import data, models, train
from t2sql.data import Dataset
from t2sql.errors import InputError, WorkError
from t2sql.runs.records import Event, TrainEvent
from t2sql.runtimes import mx
from t2sql.train import TrainConfig
from t2sql.train.meter import Step
from t2sql.train.network import Network
from t2sql.train.stopping import check_step


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


def test_examples_over_the_limit_are_left_out_and_said(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    tokenizer = models.load(tiny_llama).tokenizer
    lengths = sorted(
        e.length for e in train.encode_split(tokenizer, dataset.train, max_seq_length=999).examples
    )
    events = Events()
    config = TrainConfig.of(**settings(tiny_llama, max_seq_length=lengths[12], iters=2))
    train.train(config, dataset, tmp_path, emit=events)
    assert any("train examples are longer" in e["message"] for e in events.of("warning"))


def test_only_examples_over_the_limit_is_an_error(tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="every example is longer"):
        train.train(
            TrainConfig.of(**settings(tiny_llama, max_seq_length=8)), dataset, tmp_path, emit=Events()
        )


def test_fewer_examples_than_a_batch_is_an_error(tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fewer training examples than a batch .*at least 64, found 20"):
        train.train(TrainConfig.of(**settings(tiny_llama, batch_size=64)), dataset, tmp_path, emit=Events())


def test_an_existing_run_is_refused(tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    config = TrainConfig.of(**settings(tiny_llama, iters=2))
    train.train(config, dataset, tmp_path, emit=Events())
    with pytest.raises(InputError, match=r"has checkpoints already .*--resume"):
        train.train(config, dataset, tmp_path, emit=Events())


def test_an_output_that_cannot_be_written_is_an_error(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="output cannot be written"):
        train.train(TrainConfig.of(**settings(tiny_llama)), dataset, tmp_path / "file", emit=Events())


def test_a_missing_split_is_an_error(tiny_llama: Path, tmp_path: Path) -> None:
    dataset = small_dataset(tmp_path / "data")
    (tmp_path / "data/valid.jsonl").unlink()
    with pytest.raises(InputError, match="no valid split"):
        train.train(
            TrainConfig.of(**settings(tiny_llama)),
            data.load(dataset.path),
            tmp_path / "run",
            emit=Events(),
        )


@pytest.mark.parametrize("layers", [0, 3])
def test_a_wrong_number_of_layers_is_an_error(
    layers: int, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"cannot train that many layers .*1 to 2"):
        train.train(
            TrainConfig.of(**settings(tiny_llama, num_layers=layers)), dataset, tmp_path, emit=Events()
        )


def test_an_unknown_projection_is_an_error(tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such projection .*self_attn\.q_proj"):
        train.train(TrainConfig.of(**settings(tiny_llama, keys=("nose",))), dataset, tmp_path, emit=Events())


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(InputError, match=r"setting is wrong \(rank\)"):
        TrainConfig.of(rank=0)
    with pytest.raises(InputError, match=r"setting is wrong \(colour\)"):
        TrainConfig.of(colour="red")


@pytest.mark.slow
def test_divergence_stops_with_step_and_examples(tmp_path: Path, dataset: Dataset) -> None:
    model = tiny.build_llama(tmp_path / "m")
    config = TrainConfig.of(
        **settings(
            model,
            fine_tune_type="full",
            learning_rate=1.0,
            weight_decay=1e30,
            optimizer="sgd",
            max_grad_norm=0,
            warmup=0,
        )
    )
    with pytest.raises(WorkError, match=r"training diverged \(step \d+, examples .*a finite loss"):
        train.train(config, dataset, tmp_path / "run", emit=Events())


def test_a_gradient_that_is_no_number_stops_at_its_own_step(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, calls = Network.losses, []

    def broken(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        found = losses(self, *arguments)
        # The square root of 0 is finite and its gradient is infinite.
        return found + mx.sqrt((found - found).sum()) if len(calls) == 6 else found

    monkeypatch.setattr(Network, "losses", broken)
    config = TrainConfig.of(**settings(tiny_llama))
    with pytest.raises(WorkError, match=r"diverged \(step 6, examples .*finite gradient.*0000004"):
        train.train(config, dataset, tmp_path, emit=Events())
    assert [c.step for c in train.checkpoints(tmp_path)] == [4]


def measured(loss: float) -> Step:
    return Step(loss=loss, targets=1, tokens=1, examples=1, grad_norm=1.0, rows=1, padding=0, seconds=1.0)


def test_a_loss_worse_than_guessing_is_divergence(tmp_path: Path) -> None:
    check_step(tmp_path, 30, measured(9.0), smoothed=9.0, vocabulary=100, ids=["a"])
    expected = r"diverged \(step 30, examples a, b\).*smoothed loss under 9\.21, found 9\.5"
    with pytest.raises(WorkError, match=expected):
        check_step(tmp_path, 30, measured(2.0), smoothed=9.5, vocabulary=100, ids=["a", "b"])


def test_a_checkpoint_that_cannot_be_written_is_an_error(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    class Blocks(Events):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if isinstance(event, TrainEvent) and event.step == 4:
                shutil.rmtree(tmp_path / "checkpoints")
                (tmp_path / "checkpoints").write_text("in the way")

    with pytest.raises(WorkError, match=r"checkpoint cannot be written .*0000004"):
        train.train(TrainConfig.of(**settings(tiny_llama)), dataset, tmp_path, emit=Blocks())
