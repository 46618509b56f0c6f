"""Training from a dataset into checkpoints: what is checked first, the run, and its result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from t2sql import data, models
from t2sql.checked_json import read_json
from t2sql.data import Dataset
from t2sql.errors import InputError
from t2sql.models import Loaded, ModelRef
from t2sql.plain import JsonObject
from t2sql.runs.records import EndEvent, Event, ProgressEvent, Record
from t2sql.runtimes import available_memory
from t2sql.train.announce import announce, check_fits
from t2sql.train.checkpoint_files import CheckpointInfo, checkpoints, mark_best, read_state
from t2sql.train.compute import Compute, choose
from t2sql.train.config import TrainConfig
from t2sql.train.emit import Emit
from t2sql.train.examples import encode_dataset
from t2sql.train.loop import Loop
from t2sql.train.ranks import LostRank, Ranks
from t2sql.train.restoring import broadcast_start, restore
from t2sql.train.resuming import last_checkpoint
from t2sql.train.schedule import Deadline, announce_schedule, recorded_schedule
from t2sql.train.session import Session
from t2sql.train.setup import base_directory, check_base_fits, load_base


@dataclass
class TrainResult:
    """What a training left.

    Attributes:
        checkpoints: All checkpoints, by step.
        best: The directory of the one with the lowest validation loss.
        best_step: Its step.
        steps: Optimizer steps done, also before an interruption.
        seconds: Time that this call took, in seconds.
        train_loss: The last reported training loss, in nats per trained token.
        valid_loss: The last validation loss.
        base_valid_loss: The validation loss before the first step.
    """

    checkpoints: list[CheckpointInfo]
    best: Path
    best_step: int
    steps: int
    seconds: float
    train_loss: float | None
    valid_loss: float | None
    base_valid_loss: float | None


def train(
    config: TrainConfig,
    dataset: Dataset,
    out: Path,
    *,
    emit: Emit,
    resume: bool = False,
    model: ModelRef | Loaded | None = None,
    seconds: float | None = None,
) -> TrainResult:
    """Train into `out/checkpoints`.

    In the first of several processes that mlx.launch started, the others have to be in `follow`.

    Args:
        config: The settings.
        dataset: The training and validation lines.
        out: The run directory.
        emit: Receives the events.
        resume: Go on from the last whole checkpoint, if there is one.
        model: The base model; by default what `config.model` means. A loaded one has to be fresh, and is
            changed.
        seconds: Seconds that training may take where `config.minutes` is set; by default those minutes.

    Raises:
        InputError: Settings, dataset, model and output do not go together.
        WorkError: Training diverged, a checkpoint cannot be written, or (LostRank) a process is gone.
    """
    started = time.perf_counter()
    folder = Path(out) / "checkpoints"
    ranks = Ranks()
    last = last_checkpoint(folder, config, dataset, resume)
    compute = choose(config, None if last is None else read_state(last.path))
    schedule = recorded_schedule(folder, config, last) if resume else None
    deadline = None if config.minutes is None else Deadline(started, seconds or 60 * config.minutes)
    ref = None if isinstance(model, Loaded) else model or models.resolve(config.model)
    invitation = Invitation(
        settings=config.model_dump(mode="json"),
        revision=None if ref is None else ref.revision,
        dataset=str(dataset.path.resolve()),
        fingerprint=dataset.fingerprint,
        seconds=None if deadline is None else deadline.seconds,
        compute=compute.to_json(),
    )
    ranks.broadcast_object(invitation.to_json())
    available = None if ref is None else available_memory()
    if isinstance(model, Loaded):
        loaded, examples = model, encode_dataset(model.tokenizer, config, dataset, emit)
    else:
        ref = ref or models.resolve(config.model)
        check_base_fits(ref, config, compute)
        path = base_directory(ref, config).path
        settings = read_json(path / "config.json")
        tokenizer = models.load_tokenizer(path, settings)
        examples = encode_dataset(tokenizer, config, dataset, emit)
        check_fits(ref, settings, config, examples, ranks.size, compute)
        loaded = load_base(ref, config, compute, tokenizer=tokenizer)
    session = Session(config, loaded, examples, ranks, compute)
    announce(session, emit, available)
    if schedule is not None:
        session.follow(schedule)
        announce_schedule(session, schedule, emit)
    if last is not None:
        restore(session, last)
        emit(
            ProgressEvent(done=session.step, total=session.config.iters, unit="steps", resumed=str(last.path))
        )
    broadcast_start(session)
    Loop(session, folder, emit, deadline).run()
    seconds = time.perf_counter() - started
    emit(EndEvent(seconds=seconds))
    written = checkpoints(folder)
    best = mark_best(folder) or written[-1]
    return TrainResult(
        checkpoints=written,
        best=best.path,
        best_step=best.step,
        steps=session.step,
        seconds=seconds,
        train_loss=session.train_loss,
        valid_loss=session.valid_loss,
        base_valid_loss=session.base_loss,
    )


@dataclass(frozen=True, kw_only=True)
class Invitation(Record):
    """What the first of several processes tells the others before training.

    Attributes:
        settings: Training settings by name.
        revision: The commit of a hub model; None for other models.
        dataset: The dataset's directory, the same on every host.
        fingerprint: The dataset's fingerprint.
        seconds: Time for training, in seconds; None where it is not limited.
        compute: What multiplies by the base's matrices.
    """

    settings: JsonObject
    revision: str | None
    dataset: str
    fingerprint: str
    seconds: float | None
    compute: JsonObject


def follow() -> None:
    """Take part in the training that the first of several processes leads, until it is done.

    The dataset has to be in the same place on this host, and the model argument to mean the same model. If
    the first process ends before it trains, this returns at once: the first reports why.

    Raises:
        InputError: The dataset is not that of the first process.
        LostRank: Another process ended.
    """
    ranks = Ranks()
    try:
        shared = Invitation.from_json(ranks.broadcast_object(None))
    except LostRank:
        return
    config, dataset = TrainConfig.of(**shared.settings), data.load(Path(shared.dataset))
    if dataset.fingerprint != shared.fingerprint:
        raise InputError(
            "the dataset is not that of the first rank",
            where=f"{dataset.path} on rank {ranks.rank}",
            expected=f"fingerprint {shared.fingerprint[:12]}",
            found=dataset.fingerprint[:12],
        )
    compute = Compute.from_json(shared.compute)
    loaded = load_base(models.resolve(config.model, revision=shared.revision), config, compute)
    examples = encode_dataset(loaded.tokenizer, config, dataset, _ignore)
    session = Session(config, loaded, examples, ranks, compute)
    broadcast_start(session)
    deadline = None if shared.seconds is None else Deadline(time.perf_counter(), shared.seconds)
    Loop(session, Path("checkpoints"), _ignore, deadline).run()


def _ignore(event: Event) -> None:
    """Drop an event: the first rank reports them."""
