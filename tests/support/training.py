"""A small dataset and a way to run the loop on it, for the training tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from t2sql import data
from t2sql import train as training
from t2sql.data import Dataset
from t2sql.runs.records import Event, TrainEvent

NAMES = ("city", "river", "author", "planet", "train", "bird")
COLUMNS = ("Name", "Age", "Height", "Colour", "Weight", "Year")


def lines(count: int, offset: int = 0) -> list[dict[str, str]]:
    made = []
    for i in range(offset, offset + count):
        table, column = NAMES[i % 6], COLUMNS[(i * 5 + i // 6) % 6]
        value = f"{table[:2]}{i}"
        prompt = (
            f"table: {table}\ncolumns: {', '.join(COLUMNS[: 3 + i % 4])}\nQ: Which {column} has {value}?\nA: "
        )
        made.append({"prompt": prompt, "completion": f"SELECT {column} FROM {table} WHERE Name = '{value}'"})
    return made


def small_dataset(folder: Path, *, train: int = 20, valid: int = 6) -> Dataset:
    folder.mkdir(parents=True, exist_ok=True)
    for name, examples in (("train", lines(train)), ("valid", lines(valid, 1000)), ("test", lines(5, 2000))):
        text = "".join(json.dumps(line) + "\n" for line in examples)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return data.load(folder)


def settings(model: Path, **changes: Any) -> dict[str, Any]:
    return {
        "model": str(model),
        "iters": 12,
        "batch_size": 4,
        "num_layers": 1,
        "rank": 4,
        "dropout": 0.1,
        "warmup": 2,
        "steps_per_report": 2,
        "steps_per_eval": 4,
        "save_every": 4,
        **changes,
    }


class Events(list[Event]):
    """An `emit` that keeps the events."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind, as they are written."""
        return [event.to_json() for event in self if event.kind == kind]


def write_data(folder: Path) -> Path:
    folder.mkdir(parents=True)
    names = ("Ann", "Bob", "Cid", "Dan", "Eve")
    for split, count in (("train", 10), ("valid", 3), ("test", 3)):
        lines = []
        for i in range(count):
            who = f"{names[i % 5]}{split[0]}"
            answer = f"SELECT Age FROM people WHERE Name = '{who}'"
            text = f"table: people\ncolumns: Name, Age\nQ: How old is {who}?\nA: {answer}"
            lines.append(json.dumps({"text": text + "</s>"}))
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


class _Stop(Exception):
    pass


def train_until(step: int, config: training.TrainConfig, dataset: Dataset, run: Path) -> None:
    """Train into a run, and be stopped when a step is reported."""

    def until(event: Event) -> None:
        if isinstance(event, TrainEvent) and event.step == step:
            raise _Stop

    with pytest.raises(_Stop):
        training.train(config, dataset, run, emit=until)


def last_adapters(run: Path) -> bytes:
    """The weights of a run's last checkpoint, as they are in its file."""
    return (training.checkpoints(run)[-1].path / "adapters.safetensors").read_bytes()
