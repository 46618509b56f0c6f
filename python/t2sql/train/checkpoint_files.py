"""Checkpoints on disk: written whole or not at all, listed, and the chosen one marked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from t2sql.adapters import WEIGHTS
from t2sql.errors import InputError, WorkError
from t2sql.files import flush, output_directory, write_json
from t2sql.models import adapter_min_logprob
from t2sql.ownership import CHECKPOINT
from t2sql.plain import JsonObject, parse_json
from t2sql.runs import RunLayout
from t2sql.runs.records import ChosenCheckpoint, RecordError, TrainingState
from t2sql.runtimes import Array, mx

STATE_VERSION = 1
CONFIG = "adapter_config.json"
OPTIMIZER = "optimizer.safetensors"
STATE = "state.json"
FILES = (WEIGHTS, CONFIG, OPTIMIZER, STATE)


@dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint of a run.

    Attributes:
        step: Optimizer steps done.
        path: Its directory.
        valid_loss: The validation loss of exactly its weights; None where that was not measured.
    """

    step: int
    path: Path
    valid_loss: float | None


def checkpoints(run_or_dir: Path) -> list[CheckpointInfo]:
    """The whole checkpoints of a run (or of its `checkpoints` directory), by step.

    Raises:
        InputError: The state of one does not parse or is of another version.
    """
    folder = _layout(Path(run_or_dir)).checkpoints
    whole = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.isdigit() and _is_whole(path):
            state = read_state(path)
            whole.append(CheckpointInfo(state.step, path, state.valid_loss))
    return whole


def adapter_path(path: Path) -> Path:
    """The adapter directory that `path` means: itself, or a run's chosen (else last) checkpoint.

    Raises:
        InputError: It is neither an adapter nor a run with checkpoints.
    """
    if (path / CONFIG).is_file() or path.suffix == ".npz":
        return path
    existing = checkpoints(path)
    if not existing:
        expected = "a checkpoint directory or a run with checkpoints"
        found = "a directory without one" if path.is_dir() else "a file" if path.exists() else "nothing there"
        raise InputError("no adapter", where=path, expected=expected, found=found)
    chosen = best_step(path)
    return next((c.path for c in existing if c.step == chosen), existing[-1].path)


def best_step(run_or_dir: Path) -> int | None:
    """The step of the chosen checkpoint; None where none was chosen.

    Raises:
        InputError: best.json does not parse.
    """
    best = _read_best(_layout(Path(run_or_dir)).best)
    return None if best is None else best.step


def min_logprob(adapter: Path) -> float | None:
    """The log-probability under which a checkpoint's answers are uncertain.

    It is known of a run's chosen checkpoint only; None for every other, and where none was found.

    Raises:
        InputError: best.json does not parse.
    """
    return adapter_min_logprob(adapter)


def mark_best(run_or_dir: Path) -> CheckpointInfo | None:
    """Choose the checkpoint of the lowest validation loss, the earliest of equal ones.

    Returns:
        The chosen one; None where no checkpoint was measured.
    """
    measured = [(c.valid_loss, c.step, c) for c in checkpoints(run_or_dir) if c.valid_loss is not None]
    if not measured:
        return None
    best = min(measured, key=lambda entry: entry[:2])[2]
    choose(run_or_dir, ChosenCheckpoint(step=best.step, valid_loss=best.valid_loss, select="loss"))
    return best


def choose(run_or_dir: Path, chosen: ChosenCheckpoint) -> None:
    """Write best.json: the checkpoint that a run stands for, and why."""
    write_json(_layout(Path(run_or_dir)).best, chosen.to_json())


def read_state(path: Path) -> TrainingState:
    """The counters and settings of a checkpoint directory.

    Raises:
        InputError: state.json does not parse or is of another version.
    """
    file = path / STATE
    try:
        state = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("the checkpoint's state does not parse", where=file, found=error) from None
    if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
        version = state.get("version") if isinstance(state, dict) else type(state).__name__
        raise InputError(
            "the checkpoint is of another version", where=file, expected=STATE_VERSION, found=version
        )
    try:
        return TrainingState.from_json(state)
    except RecordError as error:
        raise InputError("the checkpoint's state does not parse", where=file, found=error) from None


def write_checkpoint(
    folder: Path,
    step: int,
    *,
    weights: Mapping[str, Array],
    optimizer: Mapping[str, Array],
    adapter_config: JsonObject,
    state: TrainingState,
) -> Path:
    """Write `folder/0000100`, whole or not at all.

    Args:
        folder: The directory of checkpoints.
        step: Optimizer steps done.
        weights: The trained tensors.
        optimizer: The optimizer's state.
        adapter_config: The JSON of adapter_config.json.
        state: What training needs to go on.

    Returns:
        The checkpoint's directory.

    Raises:
        WorkError: It cannot be written.
    """
    out = folder / f"{step:07d}"
    try:
        if out.exists() and not _is_whole(out):
            shutil.rmtree(out)
        with output_directory(out, CHECKPOINT, force=True) as building:
            for name, tensors in ((WEIGHTS, weights), (OPTIMIZER, optimizer)):
                # Sorted by name: the same tensors then make the same file.
                ordered = dict(sorted(tensors.items()))
                mx.save_safetensors(str(building / name), ordered, metadata={"format": "mlx"})
            write_json(building / CONFIG, adapter_config)
            write_json(building / STATE, state.to_json())
            flush(building)
    except (OSError, RuntimeError, InputError) as error:
        raise WorkError("the checkpoint cannot be written", where=out, found=error) from None
    return out


def remove_checkpoint(folder: Path, step: int) -> None:
    """Remove a checkpoint that was written only because training was interrupted.

    Args:
        folder: The directory of checkpoints.
        step: Its step; one that is not there is no error.
    """
    shutil.rmtree(folder / f"{step:07d}", ignore_errors=True)


def _is_whole(path: Path) -> bool:
    return all((path / name).is_file() for name in FILES)


def _read_best(file: Path) -> ChosenCheckpoint | None:
    try:
        return ChosenCheckpoint.from_json(parse_json(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, RecordError, OSError) as error:
        raise InputError("best.json does not parse", where=file, found=error) from None


def _layout(path: Path) -> RunLayout:
    """The layout of a run, given as itself or as its `checkpoints` directory."""
    return RunLayout(path.parent if path.name == "checkpoints" else path)
