"""Stage `data`: the dataset copied or generated into the run."""

from __future__ import annotations

from t2sql import data
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.prompt import DEFAULT_FORMAT
from t2sql.runs import StageHandle
from t2sql.runs.records import DataResult


def inputs(context: Context) -> JsonObject:
    """The source with its settings, and what tells its content."""
    settings = context.settings
    return {
        "source": settings.data,
        "seed": settings.data_seed,
        "limit": settings.limit,
        # As versions that did not know it recorded their stages.
        **({"prompt": settings.prompt} if settings.prompt_format != DEFAULT_FORMAT else {}),
        # Not the answers themselves: a run goes on with those that there were when its data was made.
        **({} if settings.with_remembered is None else {"with_remembered": settings.with_remembered}),
        **data.source_state(settings.data),
    }


def work(context: Context, stage: StageHandle) -> DataResult:
    """Write the dataset into the run."""
    settings, out = context.settings, context.run.layout.data
    dataset = data.prepare(
        data.DataSource(settings.data, prompt=settings.prompt_format, remembered=settings.with_remembered),
        out,
        seed=settings.data_seed,
        limit=settings.limit,
        force=True,
        progress=stage.progress,
        warn=stage.warn,
    )
    # A missing split is refused here, before hours of training.
    for split in ("train", "valid", "test"):
        dataset.split(split)
    stage.output(out)
    return DataResult(
        counts=dataset.counts,
        fingerprint=dataset.fingerprint,
        remembered=dataset.remembered or None,
    )
