"""What `--adapter`, and a missing `--model` or `--data` beside it, mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from t2sql import gguf, models, runs, train
from t2sql.cli.output import Output
from t2sql.errors import InputError
from t2sql.progress import Progress


def run_of(adapter: Path) -> runs.Run | None:
    """The run that an adapter argument is, or is in; None when it belongs to no run."""
    for path in (adapter, adapter.parent.parent):
        if runs.is_run(path):
            return runs.open_run(path)
    return None


def model_of(
    model: str | None,
    adapters: Sequence[Path],
    progress: Progress | None = None,
    *,
    option: str = "--model",
) -> models.ModelRef:
    """The model that was named, or the one that the adapters' run was trained from.

    A hub model of a run is the commit that the run recorded.

    Args:
        model: The value of `option`.
        adapters: The values of --adapter.
        progress: Called during a download.
        option: The option that names a model.

    Raises:
        InputError: Neither names a model, or there is no such model.
    """
    if model is not None:
        return models.resolve(model, progress=progress)
    for adapter in adapters:
        run = run_of(adapter)
        if run is not None and "model" in run.config:
            return run_model(run, progress=progress)
    for adapter in adapters:
        # The error of an adapter that is not there says more than the question for its model.
        train.adapter_path(adapter)
    raise InputError(
        "which model?",
        where=adapters[0] if adapters else None,
        expected=f"{option}, or an --adapter in a run",
        found="an adapter outside a run" if adapters else "neither",
    )


def run_model(run: runs.Run, *, progress: Progress | None = None) -> models.ModelRef:
    """A run's base model; of a hub model, the commit that the run recorded."""
    source, pinned = str(run.config["model"]), run.document.model
    revision = pinned.revision if pinned is not None and pinned.source == source else None
    return models.resolve(source, revision=revision, progress=progress)


def data_of(data: Path | None, adapters: Iterable[Path]) -> Path:
    """The dataset that was named, or the one in the adapters' run.

    Raises:
        InputError: Neither names a dataset.
    """
    if data is not None:
        return data
    for adapter in adapters:
        run = run_of(adapter)
        if run is not None and run.layout.data.is_dir():
            return run.layout.data
    raise InputError("which data?", expected="--data, or an --adapter in a run with data", found="neither")


def each_checkpoint(adapters: Iterable[Path]) -> list[tuple[str, Path]]:
    """(name, directory) of every adapter; a run stands for all its checkpoints.

    Raises:
        InputError: One is neither an adapter nor a run with checkpoints.
    """
    named = []
    for adapter in adapters:
        if not runs.is_run(adapter):
            named.append((str(adapter), train.adapter_path(adapter)))
            continue
        checkpoints = train.checkpoints(adapter)
        if not checkpoints:
            raise InputError("the run has no checkpoints", where=adapter)
        named += [(str(checkpoint.step), checkpoint.path) for checkpoint in checkpoints]
    return named


def adapter_as_gguf(
    out: Output, adapter: Path, base: str | None, target: Path, options: gguf.AdapterOptions
) -> gguf.ConvertResult:
    """Write an adapter alone as a GGUF file.

    Args:
        out: Where progress goes.
        adapter: A checkpoint, or a run: the one that it chose.
        base: The value of --base; None for the run's model.
        target: The file.
        options: How to write it; what is known of the adapter is filled in.

    Raises:
        InputError: There is no such adapter or model, or they do not fit each other.
        WorkError: The adapter has no effect, or writing failed.
    """
    with out.progress("convert") as progress:
        directory = models.directory(model_of(base, [adapter], option="--base"), progress=progress)
        checkpoint = train.adapter_path(adapter)
        known = replace(
            options,
            trained_on=models.training_base(checkpoint),
            min_logprob=train.min_logprob(checkpoint),
            grammar=models.adapter_grammar(checkpoint),
        )
        return gguf.convert_adapter(directory, checkpoint, target, known, progress=progress)
