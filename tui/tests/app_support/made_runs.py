"""Run directories made through t2sql.runs, as the pipeline makes them, with losses from a formula."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

from t2sql import runs
from t2sql.runs import STAGES, records


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
            run.emit("train", report(step, loss, last))
        if step % 50 == 0:
            run.emit("train", records.ValidEvent(step=step, loss=loss + 0.08, seconds=1.2))
        if step % 100 == 0:
            checkpoint = records.CheckpointEvent(step=step, path=f"checkpoints/{step:07d}", best=True)
            run.emit("train", checkpoint)


def report(step: int, loss: float, last: int) -> records.TrainEvent:
    """A report of training."""
    return records.TrainEvent(
        step=step,
        loss=loss,
        learning_rate=1e-4 * min(1.0, step / 20),
        steps_per_second=2.5,
        tokens_per_second=1450 + 40 * math.sin(step),
        memory_bytes=1_400_000_000 + 100_000 * step,
        eta_seconds=float(last - step),
    )


def make_run(
    root: Path,
    name: str,
    *,
    steps: int = 400,
    stop_in: str | None = None,
    seed: float = 0.0,
    score: float = 0.83,
    planned: tuple[str, ...] = STAGES,
    **settings: object,
) -> runs.Run:
    """A run that is done; with `stop_in`, one that failed in that stage."""
    config = {"model": "demo", "data": "demo", "iters": steps, "seed": 0} | settings
    run = runs.create_run(root / name, config)
    try:
        with run.lock():
            run.plan(list(planned))
            for stage_name in planned:
                with run.stage(stage_name, {"seed": seed}) as stage:
                    if stage_name == "train":
                        train_events(run, 1, steps, seed=seed)
                    if stage_name == stop_in:
                        raise RuntimeError(f"{stage_name} cannot go on")
                    result = result_of(stage_name, steps, score)
                    if result is not None:
                        stage.save(result)
    except RuntimeError:
        assert stop_in
    return run


def result_of(stage: str, steps: int, score: float) -> records.StageResult | None:
    """What the stages find that Compare shows; None for the others."""
    if stage == "test":
        return records.TestResult(
            rows=tuple(
                tested(step, loss, steps, score)
                for step, loss in enumerate(losses(steps), 1)
                if step % 100 == 0
            )
        )
    if stage == "verify":
        return records.VerifyResult(
            files=tuple(
                records.VerifiedFile(file=f"demo.{kind}.gguf", ok=kind != "q4_0") for kind in ("q8_0", "q4_0")
            )
        )
    if stage == "compare":
        rows = (
            row
            for kind, size, lost in (("q8_0", 143 << 20, 0.0), ("q4_0", 77 << 20, 0.03))
            for row in compared(kind, size, score - lost)
        )
        return records.CompareResult(rows=tuple(rows), best_score=score)
    return None


def tested(step: int, loss: float, steps: int, score: float) -> records.TestedCheckpoint:
    """A checkpoint as stage `test` measured it; the last one is chosen."""
    valid = records.ValidationScore(
        n=100,
        correct=round(100 * (score - 0.1)),
        accuracy=score - 0.1,
        interval=(score - 0.18, score - 0.03),
    )
    return records.TestedCheckpoint(
        step=step,
        valid_loss=loss + 0.08,
        test_loss=loss + 0.1,
        test_perplexity=math.exp(loss + 0.1),
        valid=valid,
        best=step == steps // 100 * 100,
    )


def compared(kind: str, size: int, accuracy: float) -> list[records.ComparisonRow]:
    """One file on both backends."""
    return [
        records.ComparisonRow(
            model=f"demo.{kind}",
            path=f"gguf/demo.{kind}.gguf",
            type=kind,
            bytes=size,
            backend=backend,
            gen_tps=speed,
            correct=round(200 * accuracy),
            interval=(accuracy - 0.05, accuracy + 0.04),
            n=200,
        )
        for backend, speed in (("llama", 88.4), ("mlx", 31.0))
    ]


def make_many(root: Path, number: int) -> None:
    """Small runs, enough of them to fill a table many times over: one, copied."""
    first = make_run(root, "run-000", steps=200)
    for i in range(1, number):
        shutil.copytree(first.path, root / f"run-{i:03d}")
