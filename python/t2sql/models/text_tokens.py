"""A text as the token ids that a model reads it as, whole or in chunks of a context's length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from t2sql.errors import InputError


class TextTokenizer:
    """A directory's tokenizer of transformers, asked for plain text.

    Attributes:
        first_token: The token that every text begins with; None where the tokenizer adds none.
    """

    def __init__(self, wrapper: Any) -> None:
        """Take the tokenizer out of mlx-lm's wrapper, as `load_tokenizer` returns it."""
        self._tokenizer = wrapper._tokenizer
        bos, begins = self._tokenizer.bos_token_id, self._tokenizer.encode("a")[:1]
        self.first_token: int | None = bos if bos is not None and begins == [bos] else None

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, with BOS and EOS where the tokenizer adds them."""
        # Otherwise transformers warns of a text that is longer than the model's context.
        return list(self._tokenizer.encode(text, verbose=False))


def text_chunks(ids: Sequence[int], context: int, first_token: int | None) -> list[list[int]]:
    """Cut a text into chunks as llama-perplexity and llama-imatrix do; the rest at its end is not used.

    Args:
        ids: The text's tokens.
        context: Tokens of a chunk.
        first_token: The token that takes the place of each chunk's first; None for none.

    Raises:
        InputError: The text has fewer tokens than two contexts.
    """
    if len(ids) < 2 * context:
        raise InputError(
            "the text is too short" if len(ids) > 1 else "the text is empty",
            expected=f"at least {2 * context} tokens, two contexts",
            found=f"{len(ids)} tokens",
            hint="Give more text, or a smaller --context",
        )
    begin = [] if first_token is None else [first_token]
    return [
        [*begin, *ids[start + len(begin) : start + context]]
        for start in range(0, len(ids) - context + 1, context)
    ]
