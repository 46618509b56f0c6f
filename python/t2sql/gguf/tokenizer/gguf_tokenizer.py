"""A GGUF's tokenizer: the `tokenizer.*` metadata with llama.cpp's defaults for what is not stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.tokenizer.metadata import SPECIAL_KEYS
from t2sql.gguf.tokenizer.pretokenizers import Splitting, structure
from t2sql.gguf.tokenizer.token_types import BYTE, NORMAL, UNUSED
from t2sql.plain import parse_json

T = TypeVar("T")

# The ids that llama.cpp assumes for a SentencePiece model (`llama_vocab::impl::load`).
_SPM_IDS = {"bos": 1, "eos": 2, "unk": 0}
_LLAMA3_NAMES = ("llama-bpe", "llama3", "llama-v3")


@dataclass(frozen=True)
class GgufTokenizer:
    """The tokenizer of a GGUF.

    Attributes:
        path: The file.
        model: `tokenizer.ggml.model`.
        pre: `tokenizer.ggml.pre`.
        tokens: The text of every id.
        types: The type of every id (see token_types.py).
        scores: SentencePiece's scores; None for other tokenizers.
        merges: Merges as llama.cpp has them, "LEFT RIGHT"; None for SentencePiece.
        special_ids: Those of bos, eos, unk and pad that exist.
        add_bos: Whether llama.cpp puts BOS before a text.
        add_eos: Whether llama.cpp puts EOS after a text.
        add_space_prefix: Whether a text gets a leading space.
        remove_extra_whitespaces: Whether runs of whitespace become one.
        chat_template: The usual chat template, in Jinja.
        splitting: tokenizer.json's splitting, where the conversion could not name it; as JSON.
    """

    path: Path
    model: str
    pre: str
    tokens: Sequence[str]
    types: Sequence[int]
    scores: Sequence[float] | None
    merges: Sequence[str] | None
    special_ids: Mapping[str, int]
    add_bos: bool
    add_eos: bool
    add_space_prefix: bool
    remove_extra_whitespaces: bool
    chat_template: str | None
    splitting: str | None

    @classmethod
    def read(cls, source: GgufFile) -> GgufTokenizer:
        """The tokenizer of a file.

        Raises:
            InputError: The file has none, or its lists differ in length.
        """
        source.need("tokenizer.ggml.tokens")
        tokens = source.texts("tokenizer.ggml.tokens")
        types = source.integers("tokenizer.ggml.token_type") or [NORMAL] * len(tokens)
        if not all(NORMAL <= kind <= BYTE for kind in types):
            raise source.refusal("tokenizer.ggml.token_type", f"types from {NORMAL} to {BYTE}")
        scores = source.numbers("tokenizer.ggml.scores") or None
        for what, values in (("token types", types), ("scores", scores)):
            if values is not None and len(values) != len(tokens):
                raise InputError(
                    "tokenizer lists differ in length",
                    where=source.path,
                    expected=f"{len(tokens)} {what}",
                    found=len(values),
                )
        add_bos, add_eos = adds_bos_eos(source)
        return cls(
            path=source.path,
            model=source.text("tokenizer.ggml.model"),
            pre=source.text("tokenizer.ggml.pre", default="default"),
            tokens=tokens,
            types=types,
            scores=scores,
            merges=source.texts("tokenizer.ggml.merges") or None,
            special_ids=special_ids(source),
            add_bos=add_bos,
            add_eos=add_eos,
            add_space_prefix=source.flag("tokenizer.ggml.add_space_prefix", default=True),
            remove_extra_whitespaces=source.flag("tokenizer.ggml.remove_extra_whitespaces", default=False),
            chat_template=source.text("tokenizer.chat_template", default="") or None,
            splitting=source.text("t2sql.pre_tokenizer", default="") or None,
        )

    @property
    def vocab(self) -> dict[str, int]:
        """Token -> id, without the padding that conversion adds for ids that no token has."""
        pairs = enumerate(zip(self.tokens, self.types, strict=True))
        return {token: i for i, (token, kind) in pairs if not (kind == UNUSED and token == f"[PAD{i}]")}

    def need_scores(self) -> Sequence[float]:
        """The scores.

        Raises:
            InputError: The file has none.
        """
        return _needed(self.scores, self.path, "tokenizer.ggml.scores")

    def need_merges(self) -> Sequence[str]:
        """The merges.

        Raises:
            InputError: The file has none.
        """
        return _needed(self.merges, self.path, "tokenizer.ggml.merges")

    def split_by(self) -> Splitting:
        """How a byte-level BPE splits text: as the conversion stored it, else by the name in `pre`.

        Raises:
            InputError: The name is unknown, or what was stored does not parse.
        """
        if self.splitting is None:
            return structure(self.pre, self.path)
        try:
            stored = parse_json(self.splitting)
            return Splitting(stored["pre_tokenizer"], bool(stored["ignore_merges"]), stored["normalizer"])
        except (ValueError, KeyError, TypeError):
            raise InputError(
                "metadata does not parse",
                where=f"{self.path}: t2sql.pre_tokenizer",
                found=str(self.splitting)[:80],
            ) from None


def special_ids(source: GgufFile) -> dict[str, int]:
    """The ids of bos, eos, unk and pad as llama.cpp resolves them: as stated, else the tokenizer's usual.

    Raises:
        InputError: The file has no tokens.
    """
    ids = dict(_SPM_IDS) if source.get("tokenizer.ggml.model") == "llama" else {}
    for name, key in SPECIAL_KEYS.items():
        full = f"tokenizer.ggml.{key}_token_id"
        if source.get(full) is not None:
            ids[name] = source.integer(full, least=-1)
    source.need("tokenizer.ggml.tokens")
    return {name: i for name, i in ids.items() if 0 <= i < len(source.texts("tokenizer.ggml.tokens"))}


def adds_bos_eos(source: GgufFile) -> tuple[bool, bool]:
    """Whether llama.cpp puts BOS before a text, and EOS after it."""
    spm = source.get("tokenizer.ggml.model") == "llama"
    bos_by_default = spm or source.get("tokenizer.ggml.pre") in _LLAMA3_NAMES
    return (
        source.flag("tokenizer.ggml.add_bos_token", default=bos_by_default),
        source.flag("tokenizer.ggml.add_eos_token", default=False),
    )


def _needed(value: Sequence[T] | None, path: Path, key: str) -> Sequence[T]:
    if value is None:
        raise InputError(
            "metadata key missing",
            where=path,
            expected=key,
            hint="The file is incomplete: convert it again from its source",
        )
    return value
