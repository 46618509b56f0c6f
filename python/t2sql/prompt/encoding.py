"""Prompts as token ids: the one place for training and for asking."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

from t2sql.errors import InputError
from t2sql.prompt.end_marks import strip_end_marks
from t2sql.prompt.rendering import prompt_text


class Tokenizer(Protocol):
    """What `encode` uses of a tokenizer; those of transformers, and mlx-lm's wrapper of them, have it."""

    @property
    def eos_token(self) -> str | None:
        """The text of the end-of-text token; None if the tokenizer has none."""
        ...

    @property
    def eos_token_id(self) -> int | None:
        """The id of the end-of-text token; None if the tokenizer has none."""
        ...

    @property
    def bos_token_id(self) -> int | None:
        """The id of the token that begins a text; None if the tokenizer has none."""
        ...

    def encode(self, text: str, /) -> list[int]:
        """The token ids of a text, with the BOS and EOS tokens that this tokenizer adds."""
        ...


class EncodedPrompt(NamedTuple):
    """A prompt, or a prompt and its completion, as token ids.

    Attributes:
        ids: The token ids.
        prompt_len: The number of ids at the beginning that are the prompt's.
    """

    ids: list[int]
    prompt_len: int


def encode(tokenizer: Tokenizer, prompt: str, completion: str | None = None) -> EncodedPrompt:
    """Encode a prompt; with a completion, encode both and close them with exactly one end-of-text token.

    The ids of a prompt alone are always the beginning of its ids with a completion. For that a space at the
    prompt's end is left to the completion ("A:" + " SELECT"), since tokenizers join it to the word after it.

    Args:
        tokenizer: Where it puts a BOS token before a text, the ids begin with one.
        prompt: As `render_prompt` returns it.
        completion: The statement; written-out end-of-text tokens at its end are removed.

    Raises:
        InputError: The tokenizer has no end-of-text token, or it merges the completion's beginning with
            whatever comes before it.
    """
    head = prompt_text(prompt)
    ids = _ids(tokenizer, head)
    if completion is None:
        return EncodedPrompt(ids, len(ids))
    eos = tokenizer.eos_token_id
    if eos is None:
        raise InputError("the tokenizer has no end-of-text token", expected="eos_token_id")
    tail = prompt[len(head) :] + strip_end_marks(completion, tokenizer.eos_token or "")
    whole = _ids(tokenizer, head + tail)
    if whole[: len(ids)] == ids:
        return EncodedPrompt([*whole, eos], len(ids))
    return EncodedPrompt([*ids, *_continuation(tokenizer, head, tail), eos], len(ids))


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a text without EOS tokens at its end and with at most one BOS token."""
    ids = list(tokenizer.encode(text))
    eos, bos = tokenizer.eos_token_id, tokenizer.bos_token_id
    while len(ids) > 1 and eos is not None and ids[-1] == eos:
        ids.pop()
    while len(ids) > 1 and bos is not None and ids[0] == ids[1] == bos:
        del ids[0]
    return ids


def _continuation(tokenizer: Tokenizer, head: str, tail: str) -> list[int]:
    """The ids of `tail` inside a text, for a tokenizer that merges it with the end of `head`.

    A tokenizer may add a space or a BOS token at the beginning of a text, so `tail` is encoded after an
    anchor that it does not merge with, and the anchor's ids are cut off.
    """
    anchors = [*re.findall(r"\S+", head)[-1:], *re.findall(r"\S", head)[-1:], ":", ".", "\n", "x"]
    for anchor in anchors:
        anchor_ids = _ids(tokenizer, anchor)
        both = _ids(tokenizer, anchor + tail)
        if both[: len(anchor_ids)] == anchor_ids:
            return both[len(anchor_ids) :]
    raise InputError("the tokenizer merges any text with what precedes it", found=repr(tail[:20]))
