"""The source in MLX: its tokenizer, and what it predicts at chosen positions of real texts.

Worked out once, when first asked for, and shared by all files that are compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.verification.divergence import log_softmax

if TYPE_CHECKING:
    import numpy as np

TEXTS = (
    "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: How old is Wang Junjian?\n"
    "A: SELECT Age FROM students WHERE Name = 'Wang Junjian'",
    "table: orders\ncolumns: id, customer, total, date\nQ: What is the total of orders by Ann?\n"
    "A: SELECT SUM(total) FROM orders WHERE customer = 'Ann'",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n",
    "The capital of France is Paris, and the capital of Italy is Rome. In 1969 people first walked on the"
    " moon; they came back with 21.5 kilograms of stones.",
)
# Of the caller's own texts so many are read, and of each text so many tokens.
_OWN_TEXTS = 4
_TOKENS = 96
_POSITIONS = 72
# Logits computed at a time.
_ROOM = 1 << 26


@dataclass(frozen=True)
class Position:
    """The tokens so far, and the one that follows them in the text."""

    text: int
    ids: tuple[int, ...]
    following: int


class Original:
    def __init__(self, path: Path, prompts: Sequence[str] = ()) -> None:
        self.path = Path(path)
        self.prompts = tuple(dict.fromkeys(prompts))

    @cached_property
    def tokenizer(self) -> Any:
        """A transformers tokenizer: mlx-lm wraps it, and the special tokens' flags are the inner one's."""
        from t2sql.models import check_config, load_tokenizer

        check_config(self.path)
        return inner_tokenizer(load_tokenizer(self.path, {}))

    @cached_property
    def texts(self) -> list[list[int]]:
        step = max(1, len(self.prompts) // _OWN_TEXTS)
        chosen = (*TEXTS, *self.prompts[::step][:_OWN_TEXTS])
        return [list(self.tokenizer.encode(text))[:_TOKENS] for text in chosen]

    @cached_property
    def positions(self) -> list[Position]:
        """Evenly spread over the texts, in their order, so that a runtime's cache holds what came before."""
        each = max(1, _POSITIONS // len(self.texts))
        found = []
        for text, ids in enumerate(self.texts):
            count = min(each, len(ids) - 2)
            for part in range(count):
                last = (len(ids) - 2) * (part + 1) // count
                found.append(Position(text, tuple(ids[: last + 1]), ids[last + 1]))
        return found

    @cached_property
    def expected(self) -> np.ndarray:
        """Log-probabilities, [positions, vocabulary]."""
        from t2sql.models import load

        return predictions(load(self.path, dtype="float32", quantized=False).model, self)


def inner_tokenizer(tokenizer: Any) -> Any:
    return getattr(tokenizer, "_tokenizer", tokenizer)


def predictions(model: Any, original: Original) -> np.ndarray:
    """What an MLX model predicts at the original's positions, [positions, vocabulary].

    Several texts at once, as many as there is room for: padding on the right is not seen.
    """
    import numpy as np

    from t2sql.runtimes import mx

    texts, rows = original.texts, []
    width = max(map(len, texts))
    vocabulary = int(model.args.vocab_size)
    count = max(1, _ROOM // (width * vocabulary))
    for first in range(0, len(texts), count):
        padded = [[*ids, *[0] * (width - len(ids))] for ids in texts[first : first + count]]
        chosen = [p for p in original.positions if first <= p.text < first + count]
        if chosen:
            logits = model(mx.array(padded))
            places = mx.array([p.text - first for p in chosen]), mx.array([len(p.ids) - 1 for p in chosen])
            rows.append(log_softmax(np.array(logits[places].astype(mx.float32))))
    return np.concatenate(rows)
