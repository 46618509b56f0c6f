"""benches/gpu.py at toy sizes on this machine's device: its parts work, and its checks see what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gpu
import gpu_training
import pytest
from support.training import small_dataset

from t2sql.runtimes import device

pytestmark = pytest.mark.model


@pytest.fixture(autouse=True)
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_DEVICE_POLICY", "cuda")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset(tmp_path_factory.mktemp("source") / "lines").path


@pytest.fixture(scope="module")
def size(source: Path) -> gpu.Size:
    return replace(gpu.TINY, source=str(source))


@pytest.fixture(scope="module")
def work(size: gpu.Size, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that `prepare` filled."""
    folder = tmp_path_factory.mktemp("work")
    assert gpu.prepare(folder, size) == {"train": 20, "few": 20, "large": False}
    yield folder


@pytest.mark.parametrize("name", ["agreement", "resuming", "chain"])
def test_what_is_checked_holds(name: str, work: Path, size: gpu.Size) -> None:
    assert gpu.is_right(gpu.PARTS[name](work, size))


def test_training_is_measured(work: Path, size: gpu.Size) -> None:
    figures = gpu.PARTS["train, t2sql"](work, size)
    assert figures["steps_per_second"] > 0 and figures["peak_memory_bytes"] > 0
    assert figures["last_loss"] < figures["first_loss"]


@pytest.mark.parametrize("name", ["answer 4-bit, t2sql", "answer 4-bit, mlx-lm"])
def test_answering_is_measured(name: str, work: Path, size: gpu.Size) -> None:
    figures = gpu.PARTS[name](work, size)
    assert figures["tokens_per_second"] > 0 and figures["peak_memory_bytes"] > 0
    assert figures.get("weights", "4-bit") == "4-bit"


def test_a_curve_that_is_off_is_seen(work: Path, size: gpu.Size, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = iter(([2.0, 1.0], [2.0, 1.001], [2.0, 1.1]))
    monkeypatch.setattr(gpu_training, "_curve", lambda *_: next(curves))
    figures = gpu.PARTS["agreement"](work, size)
    assert figures["float32"]["ok"] and not figures["bfloat16"]["ok"]
    assert not gpu.is_right(figures)


def test_a_part_that_fails_is_reported(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    command = [sys.executable, gpu.__file__, "--tiny", "--data", str(tmp_path / "none"), "--out", str(out)]
    done = subprocess.run([*command, "--only", "prepare"], capture_output=True, text=True)
    parts = json.loads(out.read_text())["parts"]
    assert done.returncode == 1 and "InputError" in parts["prepare"]["error"]


@pytest.mark.skipif(device() != "cpu", reason="elsewhere: there is a GPU")
def test_full_sizes_are_refused_without_a_gpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    assert gpu.main() == 2
    assert "--tiny" in capsys.readouterr().err
