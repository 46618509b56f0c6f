"""The frozen layers' output in memory and in a file: the same values, and a line when it is off."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.training import Events, settings, small_dataset

from t2sql import train
from t2sql.data import Dataset
from t2sql.train import TrainConfig
from t2sql.train.state_store import NoSpace, StateStore

LENGTHS = [3, 5, 2, 7, 4]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return small_dataset(tmp_path / "data")


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint16])
@pytest.mark.parametrize("fraction", [0.0, 0.4, 1.0])
def test_states_come_back_as_they_were(
    fraction: float, dtype: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    whole = sum(LENGTHS) * 8 * np.dtype(dtype).itemsize
    store = StateStore(LENGTHS, 8, dtype, memory=fraction * whole, disk=whole)
    assert store.memory_bytes + store.disk_bytes == whole and store.memory_bytes <= fraction * whole
    given = [np.random.default_rng(i).integers(0, 9, (n, 8)).astype(dtype) for i, n in enumerate(LENGTHS)]
    for i in (3, 0, 4, 1, 2):
        assert i not in store
        store[i] = given[i]
    assert all(np.array_equal(store[i], given[i]) for i in range(5)) and len(store) == 5
    assert not any((tmp_path / "cache").glob("*")), "the file has no name"


def run(model: Path, dataset: Dataset, out: Path, **changes: Any) -> tuple[bytes, Events]:
    events = Events()
    config = TrainConfig.of(**settings(model, iters=8, **changes))
    result = train.train(config, dataset, out, emit=events)
    return (result.checkpoints[-1].path / "adapters.safetensors").read_bytes(), events


def test_training_from_a_file_is_training_from_memory(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    one, events = run(tiny_llama, dataset, tmp_path / "memory")
    assert events.of("start")[0]["cached_disk_bytes"] == 0
    two, events = run(tiny_llama, dataset, tmp_path / "file", cache_gb=1e-4)
    start = events.of("start")[0]
    assert start["cached_disk_bytes"] > 0 and 0 < start["cached_bytes"] <= 1e5 and start["cache"] == "on"
    assert one == two


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cache_gb": 1e-5, "cache_disk_gb": 1e-5}, "GB, more than --cache-gb 0.00 and --cache-disk-gb"),
        ({"cache_gb": 0}, "--cache-gb is 0"),
    ],
)
def test_a_cache_that_is_off_says_why(
    changes: dict[str, Any], why: str, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    _, events = run(tiny_llama, dataset, tmp_path / "run", **changes)
    assert why in events.of("start")[0]["cache"]
    assert any(why in e["message"] for e in events.of("warning"))


def test_with_every_layer_trained_there_is_nothing_to_keep(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    _, events = run(tiny_llama, dataset, tmp_path / "run", num_layers=-1)
    assert events.of("start")[0]["cache"] == "off: every layer is trained" and not events.of("warning")


def test_a_disk_that_is_full_turns_the_cache_off(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("t2sql.train.state_store._reserve", full)
    with pytest.raises(NoSpace, match="No space left"):
        StateStore(LENGTHS, 8, np.float32, memory=0, disk=1e9)
    _, events = run(tiny_llama, dataset, tmp_path / "run", cache_gb=1e-4)
    assert "No space left on device; T2SQL_CACHE names another" in events.of("start")[0]["cache"]
