"""Checkpoints on disk: written whole or not at all, listed, and the best one marked."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, WorkError

STATE_VERSION = 1
BEST = "best.json"
FILES = ("adapters.safetensors", "adapter_config.json", "optimizer.safetensors", "state.json")


@dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint and the validation loss of exactly its weights, where that was measured."""

    step: int
    path: Path
    valid_loss: float | None


def checkpoints(run_or_dir: Path) -> list[CheckpointInfo]:
    """The whole checkpoints of a run (or of its `checkpoints` directory), by step."""
    folder = _folder(Path(run_or_dir))
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.isdigit() and all((path / name).is_file() for name in FILES):
            state = read_state(path)
            found.append(CheckpointInfo(state["step"], path, state["valid_loss"]))
    return found


def adapter_path(path: Path) -> Path:
    """The adapter directory that `path` means: itself, or the chosen (else the last) checkpoint of a run."""
    path = Path(path)
    if (path / "adapter_config.json").is_file() or path.suffix == ".npz":
        return path
    found = checkpoints(path)
    if not found:
        expected = "a checkpoint directory or a run with checkpoints"
        raise InputError("no adapter", where=path, expected=expected)
    chosen = best_step(path)
    return next((c.path for c in found if c.step == chosen), found[-1].path)


def best_step(run_or_dir: Path) -> int | None:
    """The step that `best.json` names."""
    return _best(_folder(Path(run_or_dir)))[0]


def min_logprob(adapter: Path) -> float | None:
    """Below which log-probability a checkpoint's answers are uncertain: known of the chosen one alone."""
    step, least = _best(Path(adapter).resolve().parent)
    return least if step is not None and Path(adapter).resolve().name == f"{step:07d}" else None


def _best(folder: Path) -> tuple[int | None, float | None]:
    try:
        document = json.loads((folder / BEST).read_text(encoding="utf-8"))
        least = document.get("min_logprob")
        return int(document["step"]), None if least is None else float(least)
    except FileNotFoundError:
        return None, None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise InputError("best.json does not parse", where=folder / BEST, found=error) from None


def mark_best(run_or_dir: Path) -> CheckpointInfo | None:
    """Choose the checkpoint of the lowest validation loss, the earliest of equal ones."""
    found = [c for c in checkpoints(run_or_dir) if c.valid_loss is not None]
    if not found:
        return None
    best = min(found, key=lambda c: (c.valid_loss, c.step))
    choose(run_or_dir, best, select="loss")
    return best


def choose(run_or_dir: Path, chosen: CheckpointInfo, *, select: str, **why: Any) -> None:
    """Write `best.json`: the checkpoint that a run stands for, how it was chosen, and with which figures."""
    document = {"step": chosen.step, "valid_loss": chosen.valid_loss, "select": select, **why}
    file = _folder(Path(run_or_dir)) / BEST
    beside = file.with_name(f".{BEST}.tmp-{os.getpid()}")
    beside.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, file)


def read_state(path: Path) -> dict[str, Any]:
    file = path / "state.json"
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("the checkpoint's state does not parse", where=file, found=error) from None
    if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
        found = state.get("version") if isinstance(state, dict) else type(state).__name__
        raise InputError(
            "the checkpoint is of another version", where=file, expected=STATE_VERSION, found=found
        )
    return state


def write_checkpoint(
    folder: Path,
    step: int,
    *,
    weights: dict[str, Any],
    optimizer: dict[str, Any],
    adapter_config: dict[str, Any],
    state: dict[str, Any],
) -> Path:
    """`folder/0000100`, built beside its place and renamed into it."""
    from t2sql.runtimes import mx

    out = folder / f"{step:07d}"
    building = folder / f".{out.name}.tmp-{os.getpid()}"
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        for name, tensors in ((FILES[0], weights), (FILES[2], optimizer)):
            # In order of names: the same tensors then make the same file.
            ordered = dict(sorted(tensors.items()))
            mx.save_safetensors(str(building / name), ordered, metadata={"format": "mlx"})
        for name, document in ((FILES[1], adapter_config), (FILES[3], {"version": STATE_VERSION, **state})):
            (building / name).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        for name in FILES:
            _flush(building / name)
        if out.exists():
            shutil.rmtree(out)
        os.rename(building, out)
    except (OSError, RuntimeError) as error:
        raise WorkError("the checkpoint cannot be written", where=out, found=error) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return out


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for path in folder.glob(".*.tmp-*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _folder(path: Path) -> Path:
    return path if path.name == "checkpoints" else path / "checkpoints"
