"""A Hugging Face tokenizer's tokens, types, scores and merges as GGUF holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.hf_tokenizer import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED, USER_DEFINED
from t2sql.gguf.pretokenizers import check_normalizer, name_of

Entry = tuple[str, str, Any]
# What llama.cpp's own converter gives tokens that no merge makes.
_NO_SCORE = -1000.0


@dataclass
class Vocabulary:
    """Tokens by id; ids that nothing names are padded on `entries`."""

    model: str
    pre: str
    tokens: dict[int, str]
    types: dict[int, int]
    scores: dict[int, float] = field(default_factory=dict)
    merges: list[str] = field(default_factory=list)
    add_space_prefix: bool = False
    # tokenizer.json's splitting where only the caller knows llama.cpp's name for it.
    splitting: dict[str, Any] | None = None

    def entries(self, size: int, where: Path) -> list[Entry]:
        largest = max(self.tokens, default=-1)
        if largest >= size:
            raise InputError(
                "vocabulary larger than the embedding",
                where=where,
                expected=f"token ids below {size}",
                found=f"{self.tokens[largest]!r} with id {largest}",
            )
        ids = range(size)
        entries: list[Entry] = [
            ("tokenizer.ggml.model", "str", self.model),
            ("tokenizer.ggml.pre", "str", self.pre),
            ("tokenizer.ggml.tokens", "arr:str", [self.tokens.get(i, f"[PAD{i}]") for i in ids]),
        ]
        if self.model == "llama":
            scores = [self.scores.get(i, _NO_SCORE) for i in ids]
            entries.append(("tokenizer.ggml.scores", "arr:f32", scores))
        types = [self.types.get(i, UNUSED) for i in ids]
        entries.append(("tokenizer.ggml.token_type", "arr:i32", types))
        if self.merges:
            entries.append(("tokenizer.ggml.merges", "arr:str", self.merges))
        if self.splitting is not None:
            text = json.dumps(self.splitting, ensure_ascii=False, sort_keys=True)
            entries.append(("t2sql.pre_tokenizer", "str", text))
        return entries


def read_vocabulary(
    folder: Path, document: dict[str, Any] | None, settings: dict[str, Any], *, pre: str | None = None
) -> Vocabulary:
    """The tokens of a directory; `pre` overrides the pre-tokenizer's name, which only byte-level BPE has."""
    model_file = folder / "tokenizer.model"
    if document is not None:
        kind = (document.get("model") or {}).get("type", "none")
        if kind == "BPE" and "ByteLevel" in json.dumps(
            [document.get("pre_tokenizer"), document.get("decoder")]
        ):
            return _byte_level(folder, document, pre)
        if kind == "BPE" and not model_file.is_file():
            return _spm_from_document(folder, document)
        if kind not in ("BPE", "Unigram") or not model_file.is_file():
            raise InputError(
                "tokenizer not supported",
                where=folder / "tokenizer.json",
                expected="byte-level BPE or SentencePiece BPE",
                found=kind,
            )
    if model_file.is_file():
        return _spm_from_model(model_file, document, settings)
    raise InputError(
        "directory without tokenizer", where=folder, expected="tokenizer.json or tokenizer.model"
    )


def _byte_level(folder: Path, document: dict[str, Any], pre: str | None) -> Vocabulary:
    where = folder / "tokenizer.json"
    tokens = {i: token for token, i in document["model"]["vocab"].items()}
    merges = [m if isinstance(m, str) else " ".join(m) for m in document["model"].get("merges") or []]
    for merge in merges:
        # Two tokens, neither empty nor with a space of its own.
        if merge.count(" ") != 1 or merge[0] == " " or merge[-1] == " ":
            raise InputError("merge does not parse", where=where, expected="two tokens", found=repr(merge))
    if not merges:
        raise InputError("tokenizer without merges", where=where, expected="model.merges")
    for key in ("continuing_subword_prefix", "end_of_word_suffix"):
        if document["model"].get(key):
            raise InputError("tokenizer not supported", where=where, expected=f"no {key}")
    if pre is None:
        check_normalizer(document, where)
    name = pre or name_of(document, where)
    vocabulary = Vocabulary("gpt2", name, tokens, dict.fromkeys(tokens, NORMAL), merges=merges)
    if pre is not None:
        vocabulary.splitting = {
            "pre_tokenizer": document.get("pre_tokenizer"),
            "normalizer": document.get("normalizer"),
            "ignore_merges": bool(document["model"].get("ignore_merges", False)),
        }
    _add_tokens(vocabulary, document)
    return vocabulary


def _spm_from_model(file: Path, document: dict[str, Any] | None, settings: dict[str, Any]) -> Vocabulary:
    from sentencepiece import sentencepiece_model_pb2

    proto: Any = sentencepiece_model_pb2

    try:
        model = proto.ModelProto.FromString(file.read_bytes())
    except Exception as error:
        raise InputError("tokenizer.model does not parse", where=file, found=error) from None
    if model.trainer_spec.model_type != 2 or not model.pieces:
        raise InputError(
            "tokenizer not supported", where=file, expected="a SentencePiece BPE model", found="another kind"
        )
    pieces = list(enumerate(model.pieces))
    vocabulary = Vocabulary(
        "llama",
        "default",
        {i: p.piece for i, p in pieces},
        {i: p.type for i, p in pieces},
        {i: p.score for i, p in pieces},
        add_space_prefix=model.normalizer_spec.add_dummy_prefix,
    )
    if document is not None:
        vocabulary.add_space_prefix = _prepends_space(document)
        _add_tokens(vocabulary, document)
    elif isinstance(settings.get("added_tokens_decoder"), dict):
        added = [{"id": int(i), **token} for i, token in settings["added_tokens_decoder"].items()]
        _add_tokens(vocabulary, {"added_tokens": added})
    return vocabulary


def _spm_from_document(folder: Path, document: dict[str, Any]) -> Vocabulary:
    """SentencePiece scores from the order of merges: a piece ranks as the first merge that makes it."""
    model = document["model"]
    if not model.get("byte_fallback"):
        raise InputError(
            "tokenizer not supported",
            where=folder / "tokenizer.json",
            expected="byte-level BPE, or BPE with byte_fallback",
            found="BPE without either",
        )
    tokens = {i: token for token, i in model["vocab"].items()}
    rank: dict[str, int] = {}
    for i, merge in enumerate(model["merges"]):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if len(pair) != 2 or not all(pair):
            raise InputError(
                "merge does not parse",
                where=folder / "tokenizer.json",
                expected="two tokens",
                found=repr(merge),
            )
        rank.setdefault("".join(pair), i)
    types = {i: BYTE if _is_byte(token) else NORMAL for i, token in tokens.items()}
    # Characters join nothing; a longer piece that no merge makes must come after all that one does.
    last = len(rank) + 1
    scores = {i: -float(rank.get(t, last if len(t) > 1 else 0)) for i, t in tokens.items()}
    vocabulary = Vocabulary("llama", "default", tokens, types, scores)
    vocabulary.add_space_prefix = _prepends_space(document)
    _add_tokens(vocabulary, document)
    unknown = model["vocab"].get(model.get("unk_token"))
    if unknown is not None:
        vocabulary.types[unknown] = UNKNOWN
    return vocabulary


def _is_byte(token: str) -> bool:
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")


def _add_tokens(vocabulary: Vocabulary, document: dict[str, Any]) -> None:
    """Special tokens are CONTROL, others USER_DEFINED: llama.cpp finds both in text before splitting."""
    for token in document.get("added_tokens") or []:
        i = token["id"]
        known = vocabulary.types.get(i)
        content = token["content"]
        if known in (UNKNOWN, BYTE):
            continue
        vocabulary.types[i] = CONTROL if token.get("special") else USER_DEFINED
        if vocabulary.model == "llama":
            vocabulary.scores.setdefault(i, _NO_SCORE)
            if not token.get("special"):
                content = content.replace("▁", " ")
        vocabulary.tokens[i] = content


def _prepends_space(document: dict[str, Any]) -> bool:
    """Whether a text gets a leading ▁: by a Prepend normalizer or a Metaspace pre-tokenizer."""

    def steps(node: Any) -> list[dict[str, Any]]:
        if not isinstance(node, dict):
            return []
        inner = node.get("normalizers") or node.get("pretokenizers") or []
        return [node, *(step for child in inner for step in steps(child))]

    for step in steps(document.get("normalizer")) + steps(document.get("pre_tokenizer")):
        if step.get("type") == "Prepend":
            return True
        if step.get("type") == "Metaspace":
            return bool(
                step.get("prepend_scheme", "always") != "never" and step.get("add_prefix_space", True)
            )
    return False
