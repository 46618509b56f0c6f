"""Resuming: what has to be the same as before, and a session set to a checkpoint or to the first rank."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.leftovers import sweep
from t2sql.models import flat
from t2sql.runtimes import Module, mx
from t2sql.train.checkpoint_files import CheckpointInfo, checkpoints, read_state
from t2sql.train.config import TrainConfig, check_same_settings

_SAMPLED = 64
"""First values of each weight that its fingerprint depends on."""


def last_checkpoint(
    folder: Path, config: TrainConfig, dataset: Dataset, resume: bool
) -> CheckpointInfo | None:
    """The checkpoint to resume from; None when there is none.

    Args:
        folder: The directory of checkpoints; it is made, and unfinished files in it are removed.
        config: The settings now.
        dataset: The dataset now.
        resume: Whether the run may be resumed.

    Raises:
        InputError: The folder cannot be written, it has checkpoints and `resume` is not set, or settings
            or dataset are not those of the run.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("the output cannot be written", where=folder, found=error.strerror) from None
    if not os.access(folder, os.W_OK):
        raise InputError("the output cannot be written", where=folder)
    existing = checkpoints(folder)
    if existing and not resume:
        hint = "Go on from it with --resume, or choose another run"
        raise InputError("the run has checkpoints already", where=folder, hint=hint)
    sweep(folder, own=True)
    if not existing:
        return None
    state = read_state(existing[-1].path)
    check_same_settings(state.settings, config.model_dump(mode="json"))
    if state.dataset != dataset.fingerprint:
        raise InputError(
            "the dataset is not the run's",
            where=dataset.path,
            expected=f"fingerprint {state.dataset[:12]}",
            found=dataset.fingerprint[:12],
        )
    return existing[-1]


def weights_fingerprint(model: Module) -> str:
    """A hash of names, shapes, dtypes and the first values of each weight.

    It is quick to compute, and differs between two trainings since those change every matrix.
    """
    digest = hashlib.sha256()
    for name, value in sorted(flat(model.parameters()).items()):
        digest.update(f"{name} {value.shape} {value.dtype}\n".encode())
        digest.update(np.array(value.reshape(-1)[:_SAMPLED].astype(mx.float32)).tobytes())
    return digest.hexdigest()
