"""The loop: what it writes, what it says, what it refuses, and that it learns."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.training import Events, settings, small_dataset

from t2sql import models, train
from t2sql.data import Dataset
from t2sql.errors import InputError, WorkError
from t2sql.runtimes.mlx import mx
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
    assert events[-1][0] == "end"


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
    from t2sql.evaluate.loss import measure_loss

    for checkpoint in train.checkpoints(done[2]):
        loaded = models.load(tiny_llama, adapter=checkpoint.path)
        again = measure_loss(loaded, dataset.valid, batch_size=1)
        assert again.loss == pytest.approx(checkpoint.valid_loss, abs=1e-5)


def test_mlx_lm_loads_the_adapter_and_agrees(done: Any, tiny_llama: Path) -> None:
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
    monkeypatch.setattr("t2sql.train.network.Network.shares", False)
    split = train.train(config, dataset, tmp_path / "split", emit=Events())
    assert result.valid_loss == pytest.approx(split.valid_loss, abs=1e-4)


def test_examples_over_the_limit_are_left_out_and_said(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    from t2sql.train.batches import encode_split

    tokenizer = models.load(tiny_llama).tokenizer
    lengths = sorted(e.length for e in encode_split(tokenizer, dataset.train, max_seq_length=999).examples)
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


def test_an_existing_run_is_refused(done: Any, tiny_llama: Path, dataset: Dataset) -> None:
    with pytest.raises(InputError, match=r"has checkpoints already .*--resume"):
        train.train(TrainConfig.of(**settings(tiny_llama)), dataset, done[2], emit=Events())


def test_an_output_that_cannot_be_written_is_an_error(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="output cannot be written"):
        train.train(TrainConfig.of(**settings(tiny_llama)), dataset, tmp_path / "file", emit=Events())


def test_a_missing_split_is_an_error(tiny_llama: Path, tmp_path: Path) -> None:
    dataset = small_dataset(tmp_path / "data")
    (tmp_path / "data/valid.jsonl").unlink()
    from t2sql import data

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


def test_divergence_stops_with_step_and_examples(tmp_path: Path, dataset: Dataset) -> None:
    model = tiny.build_llama(tmp_path / "m")
    config = TrainConfig.of(
        **settings(
            model, fine_tune_type="full", learning_rate=1e30, optimizer="sgd", max_grad_norm=0, warmup=0
        )
    )
    with pytest.raises(WorkError, match=r"training diverged \(step \d+, examples .*a finite loss"):
        train.train(config, dataset, tmp_path / "run", emit=Events())


def test_the_learning_rate_rises_and_falls() -> None:
    config = TrainConfig.of(iters=100, warmup=10, learning_rate=1.0)
    rates = [config.rate_at(step) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == 1.0 and rates[-1] == pytest.approx(0.01)
    assert all(a >= b for a, b in itertools.pairwise(rates[9:]))
    assert math.isclose(TrainConfig.of(schedule="constant", warmup=0).rate_at(500), 1e-3)
    for schedule in ("linear", "exponential"):
        others = [
            TrainConfig.of(iters=100, warmup=10, learning_rate=1.0, schedule=schedule).rate_at(s)
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


def test_a_gradient_that_is_no_number_stops_at_its_own_step(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from t2sql.train.network import Network

    losses, calls = Network.losses, []

    def broken(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        found = losses(self, *arguments)
        # The root of nothing has a slope without end, and a finite value.
        return found + mx.sqrt((found - found).sum()) if len(calls) == 6 else found

    monkeypatch.setattr(Network, "losses", broken)
    config = TrainConfig.of(**settings(tiny_llama))
    with pytest.raises(WorkError, match=r"diverged \(step 6, examples .*finite gradient.*0000004"):
        train.train(config, dataset, tmp_path, emit=Events())
    assert [c.step for c in train.checkpoints(tmp_path)] == [4]


def test_a_loss_worse_than_guessing_is_divergence(tmp_path: Path) -> None:
    from t2sql.train.stopping import check_step

    check_step(tmp_path, 30, 9.0, 1.0, 9.0, 100, ["a"])
    with pytest.raises(
        WorkError, match=r"diverged \(step 30, examples a, b\).*smoothed loss under 9\.21, found 9\.5"
    ):
        check_step(tmp_path, 30, 2.0, 1.0, 9.5, 100, ["a", "b"])


def test_a_checkpoint_that_cannot_be_written_is_an_error(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    class Blocks(Events):
        def __call__(self, kind: str, **fields: Any) -> None:
            super().__call__(kind, **fields)
            if (kind, fields.get("step")) == ("train", 4):
                shutil.rmtree(tmp_path / "checkpoints")
                (tmp_path / "checkpoints").write_text("in the way")

    with pytest.raises(WorkError, match=r"checkpoint cannot be written .*0000004"):
        train.train(TrainConfig.of(**settings(tiny_llama)), dataset, tmp_path, emit=Blocks())
