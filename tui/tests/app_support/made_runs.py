"""Run directories made through t2sql.runs, as the pipeline makes them, with losses from a formula."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

from t2sql import runs

STAGES = ["data", "train", "test", "fuse", "convert", "quantize", "verify", "compare", "report"]


def losses(steps: int, seed: float = 0.0) -> list[float]:
    """A curve that falls and shakes, the same each time."""
    return [
        2.6 * math.exp(-step / 60) + 0.35 + 0.12 * math.sin(step * 12.9898 + seed) * math.exp(-step / 400)
        for step in range(1, steps + 1)
    ]


def train_events(run: runs.Run, first: int, last: int, *, seed: float = 0.0, every: int = 10) -> None:
    """The events of steps `first` to `last`, validation and a checkpoint each hundredth."""
    for step, loss in enumerate(losses(last, seed), 1):
        if step < first:
            continue
        if step % every == 0:
            run.emit(
                "train",
                "train",
                step=step,
                loss=loss,
                learning_rate=1e-4 * min(1.0, step / 20),
                steps_per_second=2.5,
                tokens_per_second=1450 + 40 * math.sin(step),
                memory_bytes=1.4e9 + 1e5 * step,
                eta_seconds=float(last - step),
            )
        if step % 50 == 0:
            run.emit("train", "valid", step=step, loss=loss + 0.08, seconds=1.2)
        if step % 100 == 0:
            run.emit("train", "checkpoint", step=step, path=f"checkpoints/{step:07d}", best=True)


def make_run(
    root: Path,
    name: str,
    *,
    steps: int = 400,
    stop_in: str | None = None,
    seed: float = 0.0,
    score: float = 0.83,
    planned: list[str] | None = None,
    **settings: Any,
) -> runs.Run:
    """A run that is done; with `stop_in`, one that failed in that stage."""
    config = {"model": "demo", "data": "demo", "iters": steps, "seed": 0} | settings
    run = runs.create_run(root / name, config)
    try:
        with run.lock():
            run.plan(planned or STAGES)
            for stage_name in planned or STAGES:
                with run.stage(stage_name, {"seed": seed}) as stage:
                    if stage_name == "train":
                        train_events(run, 1, steps, seed=seed)
                    if stage_name == stop_in:
                        raise RuntimeError(f"{stage_name} cannot go on")
                    else:
                        stage.result.update(result_of(stage_name, steps, score))
    except RuntimeError:
        assert stop_in
    return run


def result_of(stage: str, steps: int, score: float) -> dict[str, Any]:
    """What the pipeline records of the stages that Compare shows."""
    if stage == "test":
        rows = [
            {
                "step": step,
                "valid_loss": loss + 0.08,
                "test_loss": loss + 0.1,
                "test_perplexity": math.exp(loss + 0.1),
                "best": step == steps // 100 * 100,
                "valid": {"accuracy": score - 0.1, "interval": [score - 0.18, score - 0.03], "n": 100},
            }
            for step, loss in enumerate(losses(steps), 1)
            if step % 100 == 0
        ]
        return {"rows": rows}
    if stage == "verify":
        return {"files": [{"file": f"demo.{kind}.gguf", "ok": kind != "q4_0"} for kind in ("q8_0", "q4_0")]}
    if stage == "compare":
        rows = [
            {
                "name": f"demo.{kind}",
                "path": f"gguf/demo.{kind}.gguf",
                "type": kind,
                "bytes": size,
                "backend": backend,
                "gen_tps": speed,
                "accuracy": score - loss,
                "interval": [score - loss - 0.05, score - loss + 0.04],
                "n": 200,
            }
            for kind, size, loss in (("q8_0", 143 << 20, 0.0), ("q4_0", 77 << 20, 0.03))
            for backend, speed in (("llama", 88.4), ("mlx", 31.0))
        ]
        return {"rows": rows, "best_score": score}
    return {}


def make_many(root: Path, number: int) -> None:
    """Small runs, enough of them to fill a table many times over: one, copied."""
    first = make_run(root, "run-000", steps=200)
    for i in range(1, number):
        shutil.copytree(first.path, root / f"run-{i:03d}")
