"""Training on a GPU: t2sql beside mlx-lm on the same model and examples, the processor's curve, resuming.

The functions are parts of `gpu.py`, each run in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from t2sql import data, models, train
from t2sql.data import Dataset
from t2sql.runs.records import Event, TrainEvent
from t2sql.runtimes import device, mx, peak_memory, policy
from t2sql.train import TrainConfig

# isort: split
# After t2sql's runtimes, so that MLX finds the fast BLAS.
from mlx_lm import lora
from mlx_lm.tuner.callbacks import TrainingCallback

PROJECTIONS = [f"self_attn.{name}_proj" for name in "qkvo"] + [
    f"mlp.{name}_proj" for name in ("gate", "up", "down")
]
SETTINGS: dict[str, dict[str, Any]] = {
    "demo": {"batch_size": 8, "num_layers": -1, "rank": 16, "scale": 10.0},
    "tutorial": {
        **{"batch_size": 4, "num_layers": 16, "rank": 8, "scale": 20.0},
        "keys": ("q_proj", "v_proj"),
    },
}
"""`make demo` trains all layers and projections; the tutorial q and v of the last 16 layers."""

BOUNDS = {"float32": 0.002, "bfloat16": 0.01}
"""The most by which a loss may differ from the processor's, as a fraction of it. A GPU's float32 products
may round their inputs to 11 bits (TF32), bfloat16 has 8."""


def train_t2sql(
    model: Path, dataset: Path, settings: str, steps: int, every: int, **changes: Any
) -> dict[str, Any]:
    """Steps of t2sql's own training: median speed after the first half, which warms up.

    Args:
        model: The model's directory.
        dataset: Training and validation lines.
        settings: A name of `SETTINGS`.
        steps: Optimizer steps.
        every: Steps between two measurements.
        changes: Other settings.
    """
    events: list[Event] = []
    config = _config(model, steps, every, **SETTINGS[settings], **changes)
    with _folder(model.parent) as out:
        seconds = train.train(config, data.load(dataset), out, emit=events.append).seconds
    reports = [event for event in events if isinstance(event, TrainEvent)]
    late = reports[len(reports) // 2 :]
    return {
        "steps_per_second": statistics.median(event.steps_per_second or 0.0 for event in late),
        "tokens_per_second": statistics.median(event.tokens_per_second or 0.0 for event in late),
        "first_loss": reports[0].loss,
        "last_loss": reports[-1].loss,
        "training_seconds": seconds,
        "peak_memory_bytes": peak_memory(),
    }


def train_mlx_lm(model: Path, texts: Path, settings: str, steps: int, every: int) -> dict[str, Any]:
    """The same by mlx-lm's own command, on lines of text."""
    chosen = SETTINGS[settings]
    keys = [name for name in PROJECTIONS if name.split(".")[1] in chosen.get("keys", name.split(".")[1])]
    with _folder(model.parent) as folder:
        arguments = {
            **lora.CONFIG_DEFAULTS,
            **{"model": str(model), "data": str(texts), "train": True, "adapter_path": str(folder)},
            **{"iters": steps, "steps_per_report": every, "val_batches": 1, "steps_per_eval": 10**6},
            **{"save_every": 10**6, "batch_size": chosen["batch_size"], "num_layers": chosen["num_layers"]},
            **{"optimizer": "adamw", "learning_rate": 1e-4, "trust_remote_code": False},
            "lora_parameters": {
                "rank": chosen["rank"],
                "scale": chosen["scale"],
                "dropout": 0.0,
                "keys": keys,
            },
        }
        reporter = _Reporter()
        # `lora.run` asks this function for its callback whatever it is given.
        lora.get_reporting_callbacks = lambda *_, **__: reporter
        began = time.perf_counter()
        lora.run(SimpleNamespace(**arguments))
        seconds = time.perf_counter() - began
    late = reporter.reports[len(reporter.reports) // 2 :]
    return {
        "steps_per_second": statistics.median(report["iterations_per_second"] for report in late),
        "tokens_per_second": statistics.median(report["tokens_per_second"] for report in late),
        "first_loss": reporter.reports[0]["train_loss"],
        "last_loss": reporter.reports[-1]["train_loss"],
        "training_seconds": seconds,
        "peak_memory_bytes": peak_memory(),
    }


class _Reporter(TrainingCallback):
    """Keeps what mlx-lm reports."""

    def __init__(self) -> None:
        self.reports: list[dict[str, float]] = []

    def on_train_loss_report(self, train_info: dict[str, float]) -> None:
        self.reports.append(train_info)


def agreement(model: Path, dataset: Path, steps: int) -> dict[str, Any]:
    """The loss of every step on the processor, and how far the device is from it in each type.

    The processor computes as the device does, op by op in MLX. That its own layers in Rust give MLX's values
    is tested where they are.
    """
    before = mx.default_device()
    # The same examples in the same order: under its own policy the processor puts those with common
    # beginnings into one batch.
    os.environ["T2SQL_DEVICE_POLICY"] = policy().kind
    mx.set_default_device(mx.cpu)
    expected = _curve(model, dataset, steps, "float32")
    mx.set_default_device(before)
    found: dict[str, Any] = {"device": device(), "cpu_float32": expected}
    for dtype, bound in BOUNDS.items():
        curve = _curve(model, dataset, steps, dtype)
        largest = max(abs(a - b) / b for a, b in zip(curve, expected, strict=True))
        found[dtype] = {
            "losses": curve,
            "largest_difference": largest,
            "bound": bound,
            "ok": largest <= bound,
        }
    return found


def resuming(model: Path, dataset: Path, steps: int) -> dict[str, Any]:
    """A training that is stopped half way and resumed, beside one that is not: the same weights?"""
    config = _config(model, steps, 1, dropout=0.1, save_every=steps // 2, **SETTINGS["demo"])
    examples = data.load(dataset)

    def stop(event: Event) -> None:
        if isinstance(event, TrainEvent) and event.step == steps // 2 + 2:
            raise _Stop

    weights = []
    with _folder(model.parent) as folder:
        train.train(config, examples, folder / "whole", emit=_ignore)
        with suppress(_Stop):
            train.train(config, examples, folder / "parts", emit=stop)
        train.train(config, examples, folder / "parts", emit=_ignore, resume=True)
        for name in ("whole", "parts"):
            last = train.checkpoints(folder / name)[-1]
            weights.append(mx.load(str(last.path / "adapters.safetensors")))
    largest = max(
        float(np.abs(np.array(value) - np.array(weights[1][name])).max())
        for name, value in weights[0].items()
    )
    return {"identical": largest == 0.0, "largest_difference": largest, "ok": largest <= 1e-4}


class _Stop(Exception):
    """Ends a training from its `emit`."""


def _curve(model: Path, dataset: Path, steps: int, dtype: str) -> list[float]:
    losses: list[float] = []

    def keep(event: Event) -> None:
        if isinstance(event, TrainEvent) and event.loss is not None:
            losses.append(event.loss)

    config = _config(model, steps, 1, learning_rate=1e-3, **SETTINGS["demo"])
    with _folder(model.parent) as out:
        loaded = models.load(model, dtype=dtype)
        train.train(config, data.load(dataset), out, emit=keep, model=loaded)
    return losses


def _config(model: Path, steps: int, every: int, **changes: Any) -> TrainConfig:
    settings = {"learning_rate": 1e-4, "warmup": 2, "save_every": 10**6, "steps_per_eval": 10**6, **changes}
    return TrainConfig.of(model=str(model), iters=steps, steps_per_report=every, **settings)


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """A new folder that goes with the block."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder) / "run"


def _ignore(event: Event) -> None:
    """Drop an event."""


def first_lines(dataset: Path, out: Path, count: int) -> Dataset:
    """A copy of a dataset with the first examples of each split."""
    shutil.copytree(dataset, out)
    for file in out.glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(lines[:count]), encoding="utf-8")
    return data.load(out)


def write_texts(dataset: Path, out: Path) -> None:
    """The same lines as `{"text": …}`, which mlx-lm trains on as they stand."""
    out.mkdir()
    for split in ("train", "valid"):
        examples = data.load(dataset).split(split)
        lines = [json.dumps({"text": example.prompt + example.completion}) for example in examples]
        (out / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
