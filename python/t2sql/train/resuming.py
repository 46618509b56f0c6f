"""What a resumed run must have in common with the one that was stopped."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.models import flat
from t2sql.runtimes import mx
from t2sql.train.config import FREE_SETTINGS, TrainConfig
from t2sql.train.saved import CheckpointInfo, checkpoints, read_state, sweep

HINT = "Resume with the same settings, or start another run"
_SAMPLED = 64


def last_checkpoint(
    folder: Path, config: TrainConfig, dataset: Dataset, resume: bool
) -> CheckpointInfo | None:
    """The checkpoint to go on from, or None; InputError when there is one and it may not be gone on from."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("the output cannot be written", where=folder, found=error.strerror) from None
    if not os.access(folder, os.W_OK):
        raise InputError("the output cannot be written", where=folder)
    found = checkpoints(folder)
    if found and not resume:
        hint = "Go on from it with --resume, or choose another run"
        raise InputError("the run has checkpoints already", where=folder, hint=hint)
    sweep(folder)
    if not found:
        return None
    state = read_state(found[-1].path)
    _same_settings(state["settings"], config.model_dump(mode="json"))
    if state["dataset"] != dataset.fingerprint:
        raise InputError(
            "the dataset is not the run's",
            where=dataset.path,
            expected=f"fingerprint {state['dataset'][:12]}",
            found=dataset.fingerprint[:12],
        )
    return found[-1]


def _same_settings(before: dict[str, Any], now: dict[str, Any]) -> None:
    for name, value in before.items():
        if name not in FREE_SETTINGS and now.get(name) != value:
            where = f"--{name.replace('_', '-')}"
            raise InputError(
                "a setting differs from the run's",
                where=where,
                expected=value,
                found=now.get(name),
                hint=HINT,
            )


def same_model(state: dict[str, Any], fingerprint: str, model: str) -> None:
    """InputError when the checkpoint was trained on other weights than the model has now."""
    if state.get("model", fingerprint) != fingerprint:
        raise InputError(
            "the model is not the run's",
            where=f"--model {model}",
            expected=f"weights of fingerprint {state['model'][:12]}",
            found=fingerprint[:12],
            hint="Its files changed since the run began: bring them back, or start another run",
        )


def model_fingerprint(model: Any) -> str:
    """Of names, shapes, types and some values of each weight: quick, and another training differs in all."""
    found = hashlib.sha256()
    for name, value in sorted(flat(model.parameters()).items()):
        found.update(f"{name} {value.shape} {value.dtype}\n".encode())
        few = value.reshape(-1)[:_SAMPLED]
        found.update(np.array(few.astype(mx.float32)).tobytes())
    return found.hexdigest()
