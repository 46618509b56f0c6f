"""Stage `data`: the dataset copied or generated into the run."""

from __future__ import annotations

from typing import Any

from t2sql import data
from t2sql.data import Dataset
from t2sql.pipeline.chain import Context


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    inputs: dict[str, Any] = {"source": settings.data, "seed": settings.data_seed, "limit": settings.limit}
    inputs |= data.source_state(settings.data)
    with run.stage("data", inputs) as stage:
        if stage.done:
            return
        out = run.dir_of("data")
        dataset = data.prepare(
            settings.data,
            out,
            seed=settings.data_seed,
            limit=settings.limit,
            force=True,
            progress=stage.progress,
            warn=lambda text: stage.emit("warning", message=text),
        )
        for split in ("train", "valid", "test"):
            dataset.split(split)
        stage.result.update(counts=dataset.counts, fingerprint=dataset.fingerprint)
        stage.output(out)


def dataset_of(context: Context) -> Dataset:
    return data.load(context.run.dir_of("data"))
