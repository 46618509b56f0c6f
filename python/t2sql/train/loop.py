"""Training from a dataset into checkpoints: what is checked first, the run, and its outcome."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql import data
from t2sql.data import Dataset, paraphrase
from t2sql.errors import InputError
from t2sql.models import Loaded, load
from t2sql.train.announce import announce
from t2sql.train.batches import Encoded, EncodedSplit, encode_split
from t2sql.train.config import TrainConfig
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.memory import available_memory
from t2sql.train.ranks import LostRank, Ranks
from t2sql.train.resuming import last_checkpoint
from t2sql.train.saved import CheckpointInfo, checkpoints, mark_best
from t2sql.train.session import Emit, Session


@dataclass
class TrainResult:
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
    loaded: Loaded | None = None,
) -> TrainResult:
    """Train into `out/checkpoints`. With `resume`, go on from the last whole checkpoint there, if any.

    `loaded` is a freshly loaded base model, which training changes; without it, `config.model` is loaded.
    In the first of several processes that mlx.launch started, the others have to be in `follow`.
    """
    started = time.perf_counter()
    folder = Path(out) / "checkpoints"
    ranks = Ranks()
    last = last_checkpoint(folder, config, dataset, resume)
    ranks.told(
        {
            "settings": config.model_dump(mode="json"),
            "dataset": str(dataset.path.resolve()),
            "fingerprint": dataset.fingerprint,
        }
    )
    have = available_memory() if loaded is None else None
    session = _session(config, dataset, loaded, folder, emit, ranks)
    announce(session, have)
    if last is not None:
        session.restore(last)
    session.share_start()
    _go(session)
    seconds = time.perf_counter() - started
    emit("end", seconds=seconds)
    found = checkpoints(folder)
    best = mark_best(folder) or found[-1]
    return TrainResult(
        found,
        best.path,
        best.step,
        session.step,
        seconds,
        session.train_loss,
        session.valid_loss,
        session.base_loss,
    )


def follow() -> None:
    """Take part in the training of the first of several processes; returns when it is done, or never began.

    The dataset has to be in the same place on this host, and the model argument to mean the same model.
    """
    ranks = Ranks()
    try:
        told = ranks.told(None)
    except LostRank:
        # The first rank did not come to train: it says itself why.
        return
    config, dataset = TrainConfig.of(**told["settings"]), data.load(Path(told["dataset"]))
    if dataset.fingerprint != told["fingerprint"]:
        raise InputError(
            "the dataset is not that of the first rank",
            where=f"{dataset.path} on rank {ranks.rank}",
            expected=f"fingerprint {told['fingerprint'][:12]}",
            found=dataset.fingerprint[:12],
        )
    session = _session(config, dataset, None, Path("checkpoints"), _silent, ranks)
    session.share_start()
    _go(session)


def _go(session: Session) -> None:
    # Inside a checkpoint the vectorized exponentials would keep what is to be forgotten.
    checkpointed = session.config.grad_checkpoint
    with nullcontext() if checkpointed else fast_exponentials(session.model):
        session.go()


def _silent(kind: str, **fields: Any) -> None:
    """The first rank tells."""


def _session(
    config: TrainConfig, dataset: Dataset, loaded: Loaded | None, folder: Path, emit: Emit, ranks: Ranks
) -> Session:
    lines, valid = dataset.train, dataset.valid
    loaded = loaded or load(config.model)
    split = _encoded(loaded, config, lines, "train", emit)
    if len(split.examples) < config.step_size:
        raise InputError(
            "fewer training examples than a batch",
            where=dataset.path,
            expected=f"at least {config.step_size}",
            found=len(split.examples),
            hint="Lower --batch-size",
        )
    forms = [split.examples, *_other_forms(loaded, config, lines, split)]
    return Session(
        config,
        loaded,
        forms,
        _encoded(loaded, config, valid, "valid", emit).examples,
        fingerprint=dataset.fingerprint,
        folder=folder,
        emit=emit,
        ranks=ranks,
    )


def _encoded(loaded: Loaded, config: TrainConfig, examples: Any, name: str, emit: Emit) -> EncodedSplit:
    split = encode_split(
        loaded.tokenizer, examples, max_seq_length=config.max_seq_length, loss_on=config.loss_on
    )
    if split.skipped:
        emit(
            "warning",
            message=f"{len(split.skipped)} {name} examples are longer than {config.max_seq_length} tokens "
            f"and are left out (first: {split.skipped[0]}); --max-seq-length raises the limit",
        )
    return split


def _other_forms(loaded: Loaded, config: TrainConfig, lines: Any, split: EncodedSplit) -> list[list[Encoded]]:
    """The forms of the lines that are trained on besides their own; one that got too long stays itself."""
    if not config.augment:
        return []
    left_out = set(split.skipped)
    kept = [line for line in lines if line.id not in left_out]
    out = []
    for number in range(1, config.variants):
        said = [paraphrase(line, config.augment, number, config.seed) for line in kept]
        encoded = encode_split(
            loaded.tokenizer, said, max_seq_length=config.max_seq_length, loss_on=config.loss_on
        )
        found = {example.id: example for example in encoded.examples}
        out.append([found.get(own.id, own) for own in split.examples])
    return out
