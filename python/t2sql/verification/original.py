"""The source in MLX: its tokenizer, and what it predicts at chosen positions of real texts.

Each is computed when it is first asked for, and shared by all files that are compared with the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from t2sql import models
from t2sql.runtimes import Module, mx
from t2sql.verification.divergence import Floats, log_softmax

TEXTS = (
    "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: How old is Wang Junjian?\n"
    "A: SELECT Age FROM students WHERE Name = 'Wang Junjian'",
    "table: orders\ncolumns: id, customer, total, date\nQ: What is the total of orders by Ann?\n"
    "A: SELECT SUM(total) FROM orders WHERE customer = 'Ann'",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n",
    "The capital of France is Paris, and the capital of Italy is Rome. In 1969 people first walked on the"
    " moon; they came back with 21.5 kilograms of stones.",
)
# How many of the caller's own texts are predicted, of each text how many tokens, and positions in all.
_OWN_TEXTS = 4
_TOKENS = 96
_POSITIONS = 72
# The most logits that are computed at once: 256 MiB of float32.
_MAX_LOGITS = 1 << 26


class Tokenizer(Protocol):
    """What verification uses of a tokenizer of transformers."""

    all_special_tokens: Sequence[str]
    bos_token_id: int | None
    eos_token_id: int | None

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """The token ids of a text."""


@dataclass(frozen=True)
class Position:
    """A place in a text where the next token is predicted.

    Attributes:
        text: The text's index in `Original.texts`.
        ids: The tokens before the place.
        following: The token that follows in the text.
    """

    text: int
    ids: tuple[int, ...]
    following: int


class Original:
    """The model that a file was made from."""

    def __init__(self, path: Path, prompts: Sequence[str] = ()) -> None:
        """Remember where the model is; nothing is loaded.

        Args:
            path: Its Hugging Face directory.
            prompts: Texts of the caller's own, to tokenize and predict beside the built-in ones.
        """
        self.path = Path(path)
        self.prompts = tuple(dict.fromkeys(prompts))

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The directory's tokenizer in transformers.

        Raises:
            InputError: The config is malformed, or the tokenizer does not load.
        """
        models.check_config(self.path)
        return inner_tokenizer(models.load_tokenizer(self.path, {}))

    @cached_property
    def texts(self) -> list[list[int]]:
        """The first tokens of each text: the built-in ones, then an even choice of the caller's."""
        step = max(1, len(self.prompts) // _OWN_TEXTS)
        chosen = (*TEXTS, *self.prompts[::step][:_OWN_TEXTS])
        return [list(self.tokenizer.encode(text))[:_TOKENS] for text in chosen]

    @cached_property
    def positions(self) -> list[Position]:
        """Evenly spread positions, in the order of the texts, so that a runtime's cache has the prefix."""
        each = max(1, _POSITIONS // len(self.texts))
        positions = []
        for text, ids in enumerate(self.texts):
            count = min(each, len(ids) - 2)
            for part in range(count):
                last = (len(ids) - 2) * (part + 1) // count
                positions.append(Position(text, tuple(ids[: last + 1]), ids[last + 1]))
        return positions

    @cached_property
    def expected(self) -> Floats:
        """What the source predicts in float32: log-probabilities, [positions, vocab_size]."""
        return predictions(models.load(self.path, dtype="float32", quantized=False).model, self)


def inner_tokenizer(wrapper: Any) -> Tokenizer:
    """The tokenizer of transformers in mlx-lm's `TokenizerWrapper`, which hides its flags."""
    tokenizer: Tokenizer = wrapper._tokenizer
    return tokenizer


def predictions(model: Module, original: Original) -> Floats:
    """What an MLX model predicts at the original's positions.

    Texts are padded on the right, which causal attention does not see, and run together as far as memory
    allows.

    Returns:
        Log-probabilities, [positions, vocab_size].
    """
    texts, rows = original.texts, []
    width = max(map(len, texts))
    count = max(1, _MAX_LOGITS // (width * int(model.args.vocab_size)))
    for first in range(0, len(texts), count):
        padded = [[*ids, *[0] * (width - len(ids))] for ids in texts[first : first + count]]
        chosen = [p for p in original.positions if first <= p.text < first + count]
        if chosen:
            logits = model(mx.array(padded))
            places = mx.array([p.text - first for p in chosen]), mx.array([len(p.ids) - 1 for p in chosen])
            rows.append(log_softmax(np.array(logits[places].astype(mx.float32))))
    return np.concatenate(rows)
