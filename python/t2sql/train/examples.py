"""The dataset's lines as token ids: what is too long is left out, paraphrases are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from t2sql import data
from t2sql.data import Dataset, Example
from t2sql.errors import InputError
from t2sql.runs.records import WarningEvent
from t2sql.train.config import TrainConfig
from t2sql.train.emit import Emit
from t2sql.train.encoding import Encoded, EncodedSplit, encode_split
from t2sql.train.session import TrainingData


def encode_dataset(tokenizer: Any, config: TrainConfig, dataset: Dataset, emit: Emit) -> TrainingData:
    """Encode the training and validation lines.

    Args:
        tokenizer: mlx-lm's, as `models.load_tokenizer` returns it.
        config: The settings.
        dataset: The lines.
        emit: Receives a warning for lines that are left out.

    Raises:
        InputError: A split is missing, all its lines are too long, or there are fewer than a batch.
    """
    lines = dataset.train
    split = _encode(tokenizer, config, lines, "train", emit)
    _check_count(split, config, dataset.path)
    paraphrases = [split.examples, *_other_wordings(tokenizer, config, lines, split)]
    measured = data.subset(dataset.valid, config.valid_limit or None)
    valid = _encode(tokenizer, config, measured, "valid", emit)
    return TrainingData(paraphrases, valid.examples, dataset.fingerprint, dataset.prompt_format)


def _check_count(split: EncodedSplit, config: TrainConfig, path: Path) -> None:
    if len(split.examples) < config.step_size:
        raise InputError(
            "fewer training examples than a batch",
            where=path,
            expected=f"at least {config.step_size}",
            found=len(split.examples),
            hint="Lower --batch-size",
        )


def _encode(
    tokenizer: Any, config: TrainConfig, lines: Sequence[Example], name: str, emit: Emit
) -> EncodedSplit:
    split = encode_split(tokenizer, lines, max_seq_length=config.max_seq_length, loss_on=config.loss_on)
    if split.skipped:
        message = (
            f"{len(split.skipped)} {name} examples are longer than {config.max_seq_length} tokens and are "
            f"left out (first: {split.skipped[0]}); --max-seq-length raises the limit"
        )
        emit(WarningEvent(message=message))
    return split


def _other_wordings(
    tokenizer: Any, config: TrainConfig, lines: Sequence[Example], split: EncodedSplit
) -> list[list[Encoded]]:
    """Paraphrases 1, 2, ... of all lines; in place of one that is too long, the line itself."""
    if not config.augment:
        return []
    left_out = set(split.skipped)
    used = [line for line in lines if line.id not in left_out]
    wordings = []
    for number in range(1, config.variants):
        reworded = [data.paraphrase(line, config.augment, number, config.seed) for line in used]
        encoded = encode_split(
            tokenizer, reworded, max_seq_length=config.max_seq_length, loss_on=config.loss_on
        )
        by_id = {example.id: example for example in encoded.examples}
        wordings.append([by_id.get(own.id, own) for own in split.examples])
    return wordings
