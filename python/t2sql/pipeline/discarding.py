"""What changed settings would throw away of a run: named with its cost before anything is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from t2sql import runs, train
from t2sql.errors import InputError, T2sqlError
from t2sql.leftovers import remove
from t2sql.runs import STAGES, Run
from t2sql.runs.records import Json, WarningEvent

_FIRST_STAGE = {
    **dict.fromkeys(("data", "data_seed", "limit", "prompt", "with_remembered"), "data"),
    **dict.fromkeys(("select", "select_limit", "max_tokens"), "test"),
    "types": "quantize",
    **dict.fromkeys(("compare_limit", "compare_limit_mlx"), "compare"),
}
"""The first stage that depends on a setting; on all others, training does."""


@dataclass(frozen=True)
class Loss:
    """What of a run the changed settings throw away.

    Attributes:
        changes: The settings that differ, with both values.
        stages: The stages that have begun and have to be done again, in their order.
        seconds: What those took so far, in seconds.
        steps: The steps whose checkpoints are thrown away.
        paths: The files and directories that are thrown away.
        bytes: What those take.
        is_dear: Whether there is anything to ask about: a file, or the figures of a stage that ended well.
    """

    changes: tuple[str, ...]
    stages: tuple[str, ...]
    seconds: float
    steps: tuple[int, ...]
    paths: tuple[Path, ...]
    bytes: int
    is_dear: bool

    def __str__(self) -> str:
        """The loss in a sentence without a full stop."""
        parts = [f"stages {', '.join(self.stages)} ({self.seconds:.0f} s of work)"]
        if self.steps:
            plural = "checkpoint" if len(self.steps) == 1 else "checkpoints"
            parts.append(f"{plural} at steps {', '.join(map(str, self.steps))}")
        if self.paths:
            names = ", ".join(_short(path) for path in self.paths)
            parts.append(f"{len(self.paths)} files and folders ({names}) of {self.bytes:,} bytes")
        return f"{'; '.join(self.changes)} would throw away " + "; ".join(parts)


Decide = Callable[[Loss], bool]
"""Whether a loss is accepted."""


def refuse(loss: Loss) -> bool:
    """Accept no loss."""
    return False


def loss_of(run: Run, before: Mapping[str, Json], settings: Mapping[str, Json]) -> Loss | None:
    """What a run loses by getting these settings; None where nothing is lost.

    Args:
        run: The run.
        before: All settings as they were recorded.
        settings: All settings as they will be recorded.
    """
    names = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
    names = [name for name in names if name not in train.FREE_SETTINGS]
    if not names:
        return None
    first = min(STAGES.index(_FIRST_STAGE.get(name, "train")) for name in names)
    stages = tuple(name for name in STAGES[first:] if name in run.stages)
    if not stages:
        return None
    trained = train.checkpoints(run.path) if "train" in stages else []
    paths = _paths(run, stages)
    return Loss(
        changes=tuple(f"{name} from {before.get(name)} to {settings.get(name)}" for name in names),
        stages=stages,
        seconds=sum(run.stages[name].seconds or 0.0 for name in stages),
        steps=tuple(checkpoint.step for checkpoint in trained),
        paths=paths,
        bytes=sum(_size(path) for path in paths),
        is_dear=bool(paths) or any(run.stages[name].state == "done" for name in stages),
    )


def check_loss(run: Run, loss: Loss, decide: Decide) -> None:
    """Check that a loss is wanted, and that it takes nothing that t2sql did not write.

    Raises:
        InputError: It is not wanted, or one of the folders holds other files.
    """
    others = [
        file
        for file in runs.foreign_files(run.path)
        if any(file.is_relative_to(p) or p.is_relative_to(file) for p in loss.paths)
    ]
    if others:
        raise InputError(
            "the changed settings would throw away what t2sql did not write",
            where=run.path,
            found=", ".join(str(file) for file in others[:3]),
            hint="Move it elsewhere, or choose another --out",
        )
    if not decide(loss):
        raise InputError(
            "nothing is done, since work would be lost",
            where=run.path,
            found=str(loss),
            hint="Choose another --out to keep it, or add --discard to throw it away",
        )


def discard(run: Run, loss: Loss) -> None:
    """Throw away what was agreed to: first the records, so that no old figure stands over new settings.

    Args:
        run: The run, locked for writing.
        loss: What is thrown away.

    Raises:
        InputError: A file cannot be removed.
    """
    run.forget(loss.stages)
    run.emit(None, WarningEvent(message=f"settings changed; thrown away: {', '.join(loss.stages)}"))
    for path in loss.paths:
        try:
            remove(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            where = error.filename or path
            raise InputError(
                "a file of the run cannot be removed", where=where, found=error.strerror
            ) from None


def _paths(run: Run, stages: tuple[str, ...]) -> tuple[Path, ...]:
    """The outputs of stages that exist inside the run, and what the report and training write besides."""
    layout, root = run.layout, run.layout.named_root
    named = {Path(os.path.normpath(root / output)) for name in stages for output in run.stages[name].outputs}
    more = {
        "data": [layout.data],
        "train": [layout.checkpoints],
        "test": [layout.best],
        "fuse": [layout.fused],
        "compare": [layout.predictions],
        "report": [layout.report_json, layout.report_markdown, layout.report_html],
    }
    # Every changed figure is in the report, which `t2sql report` writes for an unfinished run, too.
    for name in {*stages, "report"}:
        named.update(Path(os.path.abspath(path)) for path in more.get(name, []))
    inside = sorted(path for path in named if path.is_relative_to(root) and path != root and _size(path))
    # A folder stands for what is in it.
    return tuple(run.path / p.relative_to(root) for p in inside if not any(q in p.parents for q in inside))


def _size(path: Path) -> int:
    try:
        return runs.size(path)
    except (OSError, T2sqlError):
        return 0


def _short(path: Path) -> str:
    return path.name if path.parent.name != "gguf" else f"gguf/{path.name}"
