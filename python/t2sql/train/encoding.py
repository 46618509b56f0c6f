"""Examples as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from t2sql.errors import InputError
from t2sql.prompt import Tokenizer, encode


class Trainable(Protocol):
    """An example that can be trained on."""

    @property
    def id(self) -> str:
        """Its name in messages."""
        ...

    @property
    def prompt(self) -> str:
        """What the model is given."""
        ...

    @property
    def completion(self) -> str:
        """What the model should answer."""
        ...


@dataclass(frozen=True)
class Encoded:
    """An example as token ids.

    Attributes:
        id: Its name in messages.
        ids: Prompt, completion and end of text.
        first: Index of the first trained token: the loss is over `ids[first:]`.
    """

    id: str
    ids: tuple[int, ...]
    first: int

    @property
    def length(self) -> int:
        """Positions that the model sees; the last id is only a target."""
        return len(self.ids) - 1


@dataclass(frozen=True)
class EncodedSplit:
    """The examples of a split as token ids.

    Attributes:
        examples: The examples that are not too long.
        skipped: Ids of those that are.
    """

    examples: list[Encoded]
    skipped: list[str]


def encode_split(
    tokenizer: Tokenizer, examples: Sequence[Trainable], *, max_seq_length: int, loss_on: str = "completion"
) -> EncodedSplit:
    """Encode a split. Examples over the limit are left out: cut short, they would teach broken statements.

    Args:
        tokenizer: mlx-lm's, as `models.load_tokenizer` returns it.
        examples: The examples.
        max_seq_length: The most positions of an example.
        loss_on: "completion" or "all": the tokens that are trained on.

    Raises:
        InputError: An example has no completion, or all are too long.
    """
    encoded, skipped = [], []
    for example in examples:
        if not example.completion.strip():
            raise InputError("an example has no completion to learn", where=example.id)
        ids, prompt_len = encode(tokenizer, example.prompt, example.completion)
        if len(ids) - 1 > max_seq_length:
            skipped.append(example.id)
        else:
            first = max(1, prompt_len) if loss_on == "completion" else 1
            encoded.append(Encoded(example.id, tuple(ids), first))
    if not encoded:
        raise InputError(
            "every example is longer than the limit",
            expected=f"at most {max_seq_length} tokens",
            found=f"{len(skipped)} examples",
            hint="Raise --max-seq-length",
        )
    return EncodedSplit(encoded, skipped)
