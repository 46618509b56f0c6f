"""What `--adapter`, and a missing `--model` or `--data` beside it, mean."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql.runs import Run


def run_of(adapter: Path) -> Run | None:
    """The run that an adapter argument is, or lies in."""
    from t2sql import runs

    for path in (adapter, adapter.parent.parent):
        if runs.is_run(path):
            return runs.open_run(path)
    return None


def model_of(model: str | None, adapters: Iterable[Path]) -> str:
    """The model that was named, or the one that the adapters' run was trained from."""
    if model is not None:
        return model
    for adapter in adapters:
        run = run_of(adapter)
        if run is not None and "model" in run.config:
            return str(run.config["model"])
    raise InputError("which model?", expected="--model, or an --adapter in a run", found="neither")


def data_of(data: Path | None, adapters: Iterable[Path]) -> Path:
    """The dataset that was named, or the one in the adapters' run."""
    if data is not None:
        return data
    for adapter in adapters:
        run = run_of(adapter)
        if run is not None and run.dir_of("data").is_dir():
            return run.dir_of("data")
    raise InputError("which data?", expected="--data, or an --adapter in a run with data", found="neither")


def each_checkpoint(adapters: Iterable[Path]) -> list[tuple[str, Path]]:
    """(name, directory) of every adapter; a run stands for all its checkpoints."""
    from t2sql import runs, train

    found = []
    for adapter in adapters:
        if not runs.is_run(adapter):
            found.append((str(adapter), train.adapter_path(adapter)))
            continue
        checkpoints = train.checkpoints(adapter)
        if not checkpoints:
            raise InputError("the run has no checkpoints", where=adapter)
        found += [(str(checkpoint.step), checkpoint.path) for checkpoint in checkpoints]
    return found
