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
_LOOK_SPECIAL = frozenset({"<pad>", "<mask>", "<2mass>", "[@BOS@]"})


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
        without_row: Added tokens that were left out because the embedding has no row for them.
    """

    model: Literal["gpt2", "llama"]
    pre: str
    tokens: Mapping[int, str]
    types: Mapping[int, int]
    scores: Mapping[int, float] = field(default_factory=dict)
    merges: Sequence[str] = ()
    add_space_prefix: bool = False
    splitting: Splitting | None = None
    without_row: Sequence[str] = ()

    def with_added(self, added: Iterable[AddedToken], where: Path | None = None) -> Vocabulary:
        """The vocabulary with added tokens: special ones are CONTROL, others USER_DEFINED.

        llama.cpp finds both kinds in text before it splits the text. A token whose text the vocabulary has
        already is that one, whatever id it states, as in the tokenizers library.

        Args:
            added: The tokens.
            where: The file that names them, where an id of another token is a mistake: the tokenizers library
                passes over such an id and gives a new one. None where added tokens may rename pieces, as
                those beside a tokenizer.model do.

        Raises:
            InputError: A token has the id of another one.
        """
        tokens, types, scores = dict(self.tokens), dict(self.types), dict(self.scores)
        ids = {token: i for i, token in tokens.items()}
        for token in added:
            i = ids.setdefault(token.content, token.id)
            if types.get(i) in (UNKNOWN, BYTE):
                continue
            if tokens.get(i, token.content) != token.content:
                if where is not None:
                    raise InputError(
                        "an added token has the id of another token",
                        where=where,
                        expected=f"an id of its own for {token.content!r}",
                        found=f"id {i}, which is {tokens[i]!r}",
                        hint="Give it an id that no token has, and a row in the embedding",
                    )
                ids.pop(tokens[i], None)
            content = token.content
            types[i] = CONTROL if token.special or looks_special(content) else USER_DEFINED
            if self.model == "llama":
                scores.setdefault(i, NO_SCORE)
                if types[i] == USER_DEFINED:
                    content = content.replace(SPACE, " ")
            tokens[i] = content
        return replace(self, tokens=tokens, types=types, scores=scores)

    def within(self, size: int, placeholders: Iterable[str], where: Path) -> Vocabulary:
        """The vocabulary of the ids that have a row in the embedding.

        Args:
            size: Rows of the token embedding.
            placeholders: Texts of added tokens, which may be without a row: what stands for an image.
            where: The directory, for errors.

        Raises:
            InputError: Another token has no row.
        """
        beyond = {i: token for i, token in self.tokens.items() if i >= size}
        if not beyond:
            return self
        may_be_left_out = {*placeholders}
        for i, token in sorted(beyond.items()):
            if token not in may_be_left_out:
                raise InputError(
                    "vocabulary larger than the embedding",
                    where=where,
                    expected=f"token ids below {size}",
                    found=f"{token!r} with id {i}",
                    hint="The tokenizer is another model's, or the embedding was not resized for it",
                )
        return replace(
            self,
            tokens={i: token for i, token in self.tokens.items() if i < size},
            types={i: kind for i, kind in self.types.items() if i < size},
            scores={i: score for i, score in self.scores.items() if i < size},
            without_row=tuple(beyond[i] for i in sorted(beyond)),
        )

    def entries(self, size: int, where: Path) -> list[Entry]:
        """The vocabulary as metadata.

        Args:
            size: Rows of the token embedding; ids that no token has become unused "[PAD…]"s.
            where: The directory, for errors.

        Raises:
            InputError: Two ids have the same text, on which llama.cpp ends the process.
        """
        ids = range(size)
        entries = [
            Entry("tokenizer.ggml.model", "str", self.model),
            Entry("tokenizer.ggml.pre", "str", self.pre),
            Entry("tokenizer.ggml.tokens", "arr:str", self._distinct(size, where)),
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

    def _distinct(self, size: int, where: Path) -> list[str]:
        """The texts of all ids; no two are the same."""
        texts = [self.tokens.get(i, f"[PAD{i}]") for i in range(size)]
        first: dict[str, int] = {}
        for i, text in enumerate(texts):
            other = first.setdefault(text, i)
            # llama.cpp gives empty texts names of their own.
            if other != i and text:
                raise InputError(
                    "two token ids with one text",
                    where=where,
                    expected="a text of its own for each id",
                    found=f"{text!r} with ids {other} and {i}",
                    hint="Rename or remove one of them in the tokenizer's files",
                )
        return texts


def looks_special(text: str) -> bool:
    """Whether llama.cpp's converter takes an added token for a control token though it is not marked as one.

    The rule is that of `does_token_look_special` in convert_hf_to_gguf.py: fill-in-the-middle tokens are
    published like that.
    """
    shapes = (("<|", "|>"), ("<｜", "｜>"), ("<unused", ">"))
    return text in _LOOK_SPECIAL or any(text.startswith(a) and text.endswith(b) for a, b in shapes)
