"""Texts to calibrate with, as token ids: chunks of a file, or a dataset's prompts with their answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql import data, models, train
from t2sql.errors import InputError


@dataclass(frozen=True)
class Sequences:
    """Sequences that are run each by itself.

    Attributes:
        name: What they come from, for people.
        ids: The tokens of each.
        context: Tokens of the longest.
    """

    name: str
    ids: list[list[int]]
    context: int

    @property
    def tokens(self) -> int:
        """Tokens of all sequences."""
        return sum(map(len, self.ids))


def text_sequences(tokenizer: Any, text: str, name: str, *, context: int, most_tokens: int) -> Sequences:
    """Chunks of a text, as llama-imatrix cuts it.

    Args:
        tokenizer: mlx-lm's wrapper around the model's tokenizer.
        text: The text; one line end at its end is dropped.
        name: What it is called in the importance matrix.
        context: Tokens of a chunk.
        most_tokens: Chunks beyond so many tokens are left out; at least one chunk stays.

    Raises:
        InputError: The text has fewer tokens than two contexts.
    """
    reader = models.TextTokenizer(tokenizer)
    chunks = models.text_chunks(reader.tokenize(text.removesuffix("\n")), context, reader.first_token)
    return Sequences(name, chunks[: max(1, most_tokens // context)], context)


def dataset_sequences(tokenizer: Any, dataset: data.Dataset, *, context: int, most_tokens: int) -> Sequences:
    """A dataset's training prompts with their answers, each a sequence as the model is trained on it.

    The training split is used, so that valid and test stay unseen; where there is none, valid.

    Args:
        tokenizer: mlx-lm's wrapper around the model's tokenizer.
        dataset: The dataset.
        context: Tokens above which an example is left out.
        most_tokens: Tokens to use at most, of examples that are spread evenly over the split; at least one
            example stays.

    Raises:
        InputError: There is no example, or all are too long.
    """
    name = next((name for name in ("train", "valid") if dataset.counts.get(name)), None)
    if name is None:
        raise InputError(
            "the dataset has nothing to calibrate with", where=dataset.path, expected="train.jsonl"
        )
    encoded = train.encode_split(tokenizer, dataset.split(name), max_seq_length=context)
    ids = [list(example.ids) for example in encoded.examples]
    step = max(1, -(-sum(map(len, ids)) // most_tokens))
    chosen = ids[::step]
    return Sequences(Path(dataset.path).name, chosen, max(map(len, chosen)))
