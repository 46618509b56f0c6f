"""What the events of a run add up to."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_support.made_runs import make_run, train_events

from t2sql import runs
from t2sql.errors import InputError
from t2sql.runs import records
from t2sql_tui.runs.history import History


def test_a_whole_run(root: Path) -> None:
    history = History(make_run(root, "one", steps=200).path)
    assert history.read()
    assert history.train["loss"].steps.tolist() == list(range(10, 201, 10))
    assert history.valid.steps.tolist() == [50, 100, 150, 200]
    assert list(history.checkpoints) == [100, 200]
    assert history.checkpoints[100].loss == history.valid.values[1]
    assert tuple(history.stages) == runs.STAGES
    assert {stage.state for stage in history.stages.values()} == {"done"}
    assert not history.read()


def test_events_come_as_they_are_written(root: Path) -> None:
    run = runs.create_run(root / "live", {"iters": 100})
    history = History(run.path)
    history.read()
    with run.lock(), run.stage("train", {}):
        train_events(run, 1, 50)
        run.emit_progress("train", 50, 100)
        assert history.read()
        assert len(history.train["loss"]) == 5
        assert history.stages["train"].state == "running"
        assert history.stages["train"].fraction == 0.5
        train_events(run, 51, 60)
        assert history.read()
        assert history.train["loss"].steps[-1] == 60
    assert history.read()
    assert history.stages["train"].state == "done"


def test_resumed_training_replaces_steps_and_checkpoints(root: Path) -> None:
    run = make_run(root, "again", steps=300, stop_in="train")
    history = History(run.path)
    history.read()
    with run.lock():
        train_events(run, 101, 200)
    history.read()
    assert history.train["loss"].steps[-1] == 200
    assert list(history.checkpoints) == [100, 200]
    assert history.stages["train"].state == "failed"


def test_a_half_written_line_is_waited_for(root: Path) -> None:
    run = make_run(root, "half", steps=20)
    events = run.path / "events.jsonl"
    history = History(run.path)
    history.read()
    number = history.events
    with events.open("a") as file:
        file.write('{"v":1,"time":1,"stage":"train","kind":"tr')
    history.read()
    assert history.events == number
    with events.open("a") as file:
        file.write('ain","step":30,"loss":0.1}\n')
    history.read()
    assert history.train["loss"].last == 0.1


@pytest.mark.parametrize(
    "line",
    [
        "not JSON",
        "[1, 2]",
        '{"v":99,"kind":"train"}',
        '{"v":1,"kind":"train","step":"three","loss":"low","time":"noon"}',
        '{"v":1,"kind":"checkpoint","step":NaN}',
        '{"v":1,"kind":"valid","stage":["x"],"step":Infinity,"loss":null}',
        '{"v":1,"kind":"progress","stage":"train","done":null,"total":"x"}',
        '{"v":1,"kind":"end","stage":"train","seconds":"many"}',
    ],
)
def test_a_corrupt_line_is_no_error(root: Path, line: str) -> None:
    run = make_run(root, "bad", steps=20)
    with (run.path / "events.jsonl").open("a") as file:
        file.write(line + "\n")
    history = History(run.path)
    assert history.read()
    assert history.train["loss"].steps.tolist() == [10, 20]


def test_a_run_of_another_version_says_so(root: Path) -> None:
    run = make_run(root, "other", steps=20)
    config = run.path / "config.toml"
    config.write_text(config.read_text().replace("run_format = 1", "run_format = 9"))
    with pytest.raises(InputError, match="another version"):
        History(run.path).read()


def test_the_time_left_follows_the_pace(root: Path) -> None:
    run = runs.create_run(root / "pace", {"iters": 100})
    history = History(run.path)
    history.read()
    history.extend(records.TrainEvent(step=s, time=s * 2.0, loss=1.0) for s in (10, 20, 40))
    assert history.eta() == 120.0
