"""A run that was stopped goes on to the same weights, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import tiny
from support.training import Events, settings, small_dataset

from t2sql import train
from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.runs.records import Event
from t2sql.train import TrainConfig

SCRIPT = """
import json, sys, time
from pathlib import Path
from t2sql import data, train
settings, dataset, out = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
def emit(event):
    step = event.to_json().get("step", "")
    print(event.kind, step, flush=True)
    if (event.kind, step) == ("train", 6):
        time.sleep(60)  # the signal comes here, however fast the steps are
train.train(train.TrainConfig.of(**settings), data.load(dataset), out, emit=emit, resume=True)
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(
    tiny_llama: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Events]:
    out, events = tmp_path_factory.mktemp("run"), Events()
    train.train(TrainConfig.of(**settings(tiny_llama)), dataset, out, emit=events)
    return out, events


def files(out: Path) -> dict[str, bytes]:
    kept = {p for c in train.checkpoints(out) for p in c.path.iterdir()} | {out / "checkpoints/best.json"}
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(kept)}


class Stop(Exception):
    pass


def interrupted(kind: str, step: int) -> Events:
    class Until(Events):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if event.kind == kind and event.to_json().get("step") == step:
                raise KeyboardInterrupt

    return Until()


@pytest.mark.parametrize(("kind", "step"), [("train", 2), ("train", 6), ("checkpoint", 8), ("valid", 12)])
def test_going_on_gives_the_same_files_and_losses(
    kind: str, step: int, whole: tuple[Path, Events], tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    config = TrainConfig.of(**settings(tiny_llama))
    with pytest.raises(KeyboardInterrupt):
        train.train(config, dataset, tmp_path, emit=interrupted(kind, step))
    assert train.checkpoints(tmp_path)[-1].step == step
    events = Events()
    train.train(config, dataset, tmp_path, emit=events, resume=True)
    assert files(tmp_path) == files(whole[0])
    losses = {e["step"]: e["loss"] for e in whole[1].of("train")}
    assert all(losses[e["step"]] == e["loss"] for e in events.of("train"))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_leaves_a_run_that_goes_on(
    end: signal.Signals, whole: tuple[Path, Events], tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    arguments = [json.dumps(settings(tiny_llama)), str(dataset.path), str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("train 6"):
            os.kill(process.pid, end)
            break
    process.wait(timeout=30)
    process.stdout.close()
    time.sleep(0.05)
    assert len(train.checkpoints(tmp_path)) < 3
    train.train(TrainConfig.of(**settings(tiny_llama)), dataset, tmp_path, emit=Events(), resume=True)
    assert files(tmp_path) == files(whole[0])
    assert not [p for p in (tmp_path / "checkpoints").iterdir() if p.name.startswith(".")]


def test_a_finished_run_is_not_repeated(
    whole: tuple[Path, Events], tiny_llama: Path, dataset: Dataset
) -> None:
    before, events = files(whole[0]), Events()
    config = TrainConfig.of(**settings(tiny_llama))
    result = train.train(config, dataset, whole[0], emit=events, resume=True)
    assert files(whole[0]) == before and not events.of("train")
    assert result.best == train.adapter_path(whole[0])


def test_a_half_written_checkpoint_is_not_one(whole: tuple[Path, Events], tmp_path: Path) -> None:
    shutil.copytree(whole[0], tmp_path / "run")
    (tmp_path / "run/checkpoints/0000012/state.json").unlink()
    assert [c.step for c in train.checkpoints(tmp_path / "run")] == [4, 8]


def test_another_setting_on_resume_is_refused(
    whole: tuple[Path, Events], tiny_llama: Path, dataset: Dataset
) -> None:
    config = TrainConfig.of(**settings(tiny_llama, rank=8))
    with pytest.raises(InputError, match=r"setting differs .*--rank.*expected 4, found 8"):
        train.train(config, dataset, whole[0], emit=Events(), resume=True)


def test_another_dataset_on_resume_is_refused(
    whole: tuple[Path, Events], tiny_llama: Path, tmp_path: Path
) -> None:
    other = small_dataset(tmp_path, train=21)
    with pytest.raises(InputError, match="dataset is not the run's"):
        train.train(TrainConfig.of(**settings(tiny_llama)), other, whole[0], emit=Events(), resume=True)


def test_another_model_on_resume_is_refused(
    whole: tuple[Path, Events], tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    model, out = tiny.build_llama(tmp_path / "model"), tmp_path / "run"
    few = settings(model, iters=4)
    train.train(TrainConfig.of(**few), dataset, out, emit=Events())
    (out / "checkpoints/0000004/state.json").write_text(
        (out / "checkpoints/0000004/state.json").read_text().replace('"iters": 4', '"iters": 8')
    )
    shutil.rmtree(model)
    tiny.build_llama(model, seed=1)
    with pytest.raises(InputError, match=r"the model is not the run's .*weights of fingerprint"):
        train.train(TrainConfig.of(**settings(model, iters=8)), dataset, out, emit=Events(), resume=True)


@pytest.mark.parametrize(
    ("change", "match"),
    [({"num_layers": 99}, "at most 2"), ({"lora_parameters": {"rank": 4, "scale": 0}}, "not 0")],
)
def test_a_checkpoint_with_settings_that_cannot_be_is_refused_on_resume(
    change: dict[str, object],
    match: str,
    whole: tuple[Path, Events],
    tiny_llama: Path,
    dataset: Dataset,
    tmp_path: Path,
) -> None:
    out = shutil.copytree(whole[0], tmp_path / "run")
    file = train.checkpoints(out)[-1].path / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=match):
        train.train(TrainConfig.of(**settings(tiny_llama)), dataset, out, emit=Events(), resume=True)
