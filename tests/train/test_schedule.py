"""Training for a limited time: what is measured is taken back, and what was planned is repeated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.training import Events, settings, small_dataset

from t2sql import train
from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.runs import RunLayout
from t2sql.runs.records import Event, TimedSchedule
from t2sql.train import TrainConfig
from t2sql.train.schedule import Pace, fitted

DAY = 24 * 60.0


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


def weights(out: Path) -> dict[str, bytes]:
    names = ("adapters.safetensors", "optimizer.safetensors")
    return {f"{c.step}/{n}": (c.path / n).read_bytes() for c in train.checkpoints(out) for n in names}


class Until(Events):
    """Raises KeyboardInterrupt at the first event that `text` is in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if self.text in json.dumps(event.to_json()):
            raise KeyboardInterrupt


@pytest.mark.parametrize("num_layers", [1, 2])
def test_with_time_enough_the_weights_are_those_without_a_limit(
    num_layers: int, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    config = TrainConfig.of(**settings(tiny_llama, num_layers=num_layers))
    train.train(config, dataset, tmp_path / "free", emit=Events())
    events = Events()
    train.train(config.model_copy(update={"minutes": DAY}), dataset, tmp_path / "timed", emit=events)
    assert weights(tmp_path / "timed") == weights(tmp_path / "free")
    (event,) = events.of("schedule")
    assert event["iters"] == event["most"] == 12


def test_too_little_time_is_a_shorter_schedule_and_the_same_as_asked_for_by_name(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    config = TrainConfig.of(**settings(tiny_llama, iters=10_000, steps_per_eval=5000, save_every=5000))
    timed = config.model_copy(update={"minutes": DAY})
    events = Events()
    # The time is over before the first step.
    result = train.train(timed, dataset, tmp_path / "timed", emit=events, seconds=1e-3)
    schedule = TimedSchedule.from_json(json.loads(RunLayout(tmp_path / "timed").schedule.read_text()))
    assert result.steps == schedule.iters == 1
    names = ("iters", "warmup", "steps_per_eval", "save_every")
    plain = config.model_copy(update={name: getattr(schedule, name) for name in names})
    train.train(plain, dataset, tmp_path / "plain", emit=Events())
    assert weights(tmp_path / "timed") == weights(tmp_path / "plain")


@pytest.mark.parametrize("text", ["measuring", '"kind": "schedule"', '"kind": "checkpoint"'])
def test_going_on_repeats_the_schedule(text: str, tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    config = TrainConfig.of(**settings(tiny_llama, minutes=DAY))
    with pytest.raises(KeyboardInterrupt):
        train.train(config, dataset, tmp_path / "run", emit=Until(text))
    file = RunLayout(tmp_path / "run").schedule
    assert file.exists() == (text != "measuring")
    if file.exists():
        # Another clock would have set another number.
        planned = replace(TimedSchedule.from_json(json.loads(file.read_text())), iters=9)
        file.write_text(json.dumps(planned.to_json()))
    events = Events()
    result = train.train(config, dataset, tmp_path / "run", emit=events, resume=True)
    assert result.steps == (12 if text == "measuring" else 9)
    assert events.of("schedule")[0]["iters"] == result.steps


def test_a_checkpoint_without_its_schedule_is_refused(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    config = TrainConfig.of(**settings(tiny_llama, minutes=DAY))
    with pytest.raises(KeyboardInterrupt):
        train.train(config, dataset, tmp_path, emit=Until('"kind": "checkpoint"'))
    RunLayout(tmp_path).schedule.unlink()
    with pytest.raises(InputError, match="schedule is gone"):
        train.train(config, dataset, tmp_path, emit=Events(), resume=True)


def test_steps_of_later_epochs_are_counted_at_their_own_pace() -> None:
    config = TrainConfig.of(iters=1000, warmup=20, steps_per_eval=100, save_every=500)
    pace = Pace(first=1.0, later=0.5, measured=4)
    # 100 s, less 3 for the margin and 10 for validations: 50 steps of a second, 74 of half a second.
    schedule = fitted(config, pace, left=100, seconds=100, valid_seconds=1.0, first_time=50)
    assert schedule.iters == 50 + 74
    assert (schedule.warmup, schedule.steps_per_eval, schedule.save_every) == (3, 13, 62)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf"), 1e9, "ten"])
def test_times_that_make_no_sense_are_refused(minutes: object) -> None:
    with pytest.raises(InputError, match="minutes"):
        TrainConfig.of(minutes=minutes)
