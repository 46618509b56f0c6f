"""Events: appended, tailed while half-written, damaged lines reported."""

from __future__ import annotations

import json
import math
from pathlib import Path

from t2sql import runs
from t2sql.runs.events import EventLog, Tail, read_ends
from t2sql.runs.records import Event, ProgressEvent, TrainEvent, WarningEvent


def test_events_carry_version_time_stage_and_kind(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with run.lock(), run.stage("train", {}) as stage:
        stage.emit(TrainEvent(step=1, loss=math.nan))
    start, train, end = run.events()
    assert (start.kind, end.kind) == ("start", "end")
    assert isinstance(train, TrainEvent) and (train.v, train.stage, train.step) == (1, "train", 1)
    assert train.time and train.loss is None
    assert run.events(since=2) == [end]


def test_half_written_last_line_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = json.dumps({"v": 1, "time": 1, "stage": "train", "kind": "warning", "message": "é"}).encode()
    tail = Tail(path)
    assert tail.read() == []
    path.write_bytes(line + b"\n" + line[:20])
    assert len(tail.read()) == 1
    assert tail.read() == []
    path.write_bytes(line + b"\n" + line + b"\n")
    assert [event.to_json()["message"] for event in tail.read()] == ["\u00e9"]


def test_damaged_line_is_a_warning_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    good = json.dumps({"v": 1, "time": 1, "stage": "train", "kind": "train", "step": 1})
    path.write_text(f"{good}\nnot json\n[1]\n" + good.replace('"v": 1', '"v": 2') + f"\n\xff\n{good}\n")
    kinds = [event.kind for event in Tail(path).read()]
    assert kinds == ["train", "warning", "warning", "warning", "warning", "train"]
    messages = [event.message for event in Tail(path).read() if isinstance(event, WarningEvent)]
    assert "line 2" in messages[0] and "version 1, found 2" in messages[2]


def test_writer_after_a_kill_closes_the_half_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"v": 1, "ti')
    log = EventLog(path)
    log.append(TrainEvent(step=5))
    log.close()
    assert [event.kind for event in Tail(path).read()] == ["warning", "train"]


def test_replaced_log_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    good = json.dumps({"v": 1, "time": 1, "stage": "train", "kind": "train", "step": 1}) + "\n"
    path.write_text(good * 3)
    tail = Tail(path)
    assert len(tail.read()) == 3
    path.write_text(good)
    assert len(tail.read()) == 1


def test_tail_of_a_finished_run_ends(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with run.lock():
        run.emit("train", TrainEvent(step=1))
    assert [event.to_json()["step"] for event in run.tail()] == [1]


def test_ends_of_a_long_log_skip_the_cut_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = json.dumps({"v": 1, "time": 1, "stage": "train", "kind": "train", "step": 1, "pad": "x" * 100})
    path.write_text((line + "\n") * 5000)
    head, tail = read_ends(path)
    assert 0 < len(head) < 100 and 0 < len(tail) < 1000
    assert {event.kind for event in head + tail} == {"train"}


def test_progress_goes_to_listeners_and_sparsely_to_the_file(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    heard: list[Event] = []
    run.listen(heard.append)
    with run.lock(), run.stage("data", {}) as stage:
        for i in range(1, 101):
            stage.progress(i, 100, "examples")
    assert len([event for event in heard if event.kind == "progress"]) == 100
    assert all(event.time and event.v == 1 for event in heard)
    written = [event for event in run.events() if isinstance(event, ProgressEvent)]
    assert len(written) < 10 and written[-1].done == 100
