"""A tokenizer's tokens with their types, scores and merges, as GGUF holds them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.tokenizer.documents import AddedToken
from t2sql.gguf.tokenizer.pretokenizers import Splitting
from t2sql.gguf.tokenizer.token_types import BYTE, CONTROL, UNKNOWN, UNUSED, USER_DEFINED

# The score that llama.cpp's own converter gives tokens that no merge makes.
NO_SCORE = -1000.0
# SentencePiece's letter for a space.
SPACE = "▁"


@dataclass(frozen=True)
class Vocabulary:
    """What a tokenizer knows, by token id. Ids without a token are padded by `entries`.

    Attributes:
        model: `tokenizer.ggml.model`: "gpt2" for byte-level BPE, "llama" for SentencePiece's BPE.
        pre: `tokenizer.ggml.pre`: llama.cpp's name for how text is split into words.
        tokens: id -> text.
        types: id -> type (see token_types.py).
        scores: id -> SentencePiece's score; only of a "llama" model.
        merges: Pairs of tokens with a space between them, best first; only of a "gpt2" model.
        add_space_prefix: Whether a text gets a leading space.
        splitting: tokenizer.json's splitting, kept where only the caller knows llama.cpp's name for it.
    """

    model: Literal["gpt2", "llama"]
    pre: str
    tokens: Mapping[int, str]
    types: Mapping[int, int]
    scores: Mapping[int, float] = field(default_factory=dict)
    merges: Sequence[str] = ()
    add_space_prefix: bool = False
    splitting: Splitting | None = None

    def with_added(self, added: Iterable[AddedToken]) -> Vocabulary:
        """The vocabulary with added tokens: special ones are CONTROL, others USER_DEFINED.

        llama.cpp finds both kinds in text before it splits the text.
        """
        tokens, types, scores = dict(self.tokens), dict(self.types), dict(self.scores)
        for token in added:
            if types.get(token.id) in (UNKNOWN, BYTE):
                continue
            content = token.content
            types[token.id] = CONTROL if token.special else USER_DEFINED
            if self.model == "llama":
                scores.setdefault(token.id, NO_SCORE)
                if not token.special:
                    content = content.replace(SPACE, " ")
            tokens[token.id] = content
        return replace(self, tokens=tokens, types=types, scores=scores)

    def entries(self, size: int, where: Path) -> list[Entry]:
        """The vocabulary as metadata.

        Args:
            size: Rows of the token embedding; ids from the last token to there become unused "[PAD…]"s.
            where: The directory, for errors.

        Raises:
            InputError: A token's id has no row in the embedding.
        """
        largest = max(self.tokens, default=-1)
        if largest >= size:
            raise InputError(
                "vocabulary larger than the embedding",
                where=where,
                expected=f"token ids below {size}",
                found=f"{self.tokens[largest]!r} with id {largest}",
            )
        ids = range(size)
        entries = [
            Entry("tokenizer.ggml.model", "str", self.model),
            Entry("tokenizer.ggml.pre", "str", self.pre),
            Entry("tokenizer.ggml.tokens", "arr:str", [self.tokens.get(i, f"[PAD{i}]") for i in ids]),
        ]
        if self.model == "llama":
            scores = [self.scores.get(i, NO_SCORE) for i in ids]
            entries.append(Entry("tokenizer.ggml.scores", "arr:f32", scores))
        types = [self.types.get(i, UNUSED) for i in ids]
        entries.append(Entry("tokenizer.ggml.token_type", "arr:i32", types))
        if self.merges:
            entries.append(Entry("tokenizer.ggml.merges", "arr:str", list(self.merges)))
        if self.splitting is not None:
            text = json.dumps(self.splitting._asdict(), ensure_ascii=False, sort_keys=True)
            entries.append(Entry("t2sql.pre_tokenizer", "str", text))
        return entries
