"""A GGUF's tokenizer as Hugging Face files: tokenizer.json, its config and, for SPM, tokenizer.model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.tokenizer.gguf_tokenizer import GgufTokenizer
from t2sql.gguf.tokenizer.token_types import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED, USER_DEFINED
from t2sql.gguf.tokenizer.vocabulary import SPACE
from t2sql.plain import Json, JsonObject

# Generated code without types.
proto: Any = sentencepiece_model_pb2


@dataclass(frozen=True)
class _Bpe:
    """tokenizer.json's `model` without the vocabulary."""

    merges: Sequence[Sequence[str]]
    ignore_merges: bool = False
    unk_token: str | None = None
    fuse_unk: bool = False
    byte_fallback: bool = False


@dataclass(frozen=True)
class _Steps:
    """What surrounds tokenizer.json's `model`; `post_processor` is used when no token is added."""

    normalizer: JsonObject | None
    pre_tokenizer: JsonObject | None
    post_processor: JsonObject | None
    decoder: JsonObject


def write_tokenizer(source: GgufFile, out: Path) -> None:
    """Write the tokenizer's files into the directory `out`.

    Raises:
        InputError: The file's tokenizer is malformed, or of a kind that this package does not know.
    """
    tokenizer, document = _read(source)
    if tokenizer.model == "llama":
        (out / "tokenizer.model").write_bytes(_sentencepiece(tokenizer))
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    config = _config(tokenizer, source.integer("{arch}.context_length", default=2048))
    text = json.dumps(config, ensure_ascii=False, indent=2)
    (out / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")


def tokenizer_json(source: GgufFile) -> str:
    """The text of tokenizer.json.

    Raises:
        InputError: The file's tokenizer is malformed, or of a kind that this package does not know.
    """
    return json.dumps(_read(source)[1], ensure_ascii=False)


def _read(source: GgufFile) -> tuple[GgufTokenizer, JsonObject]:
    """A file's tokenizer, and tokenizer.json's document."""
    kind = source.text("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        raise InputError(
            "tokenizer not supported", where=source.path, expected="gpt2 (BPE) or llama (SPM)", found=kind
        )
    tokenizer = GgufTokenizer.read(source)
    return tokenizer, _byte_level(tokenizer) if kind == "gpt2" else _spm(tokenizer)


def _byte_level(tokenizer: GgufTokenizer) -> JsonObject:
    splitting = tokenizer.split_by()
    merges = []
    for line in tokenizer.need_merges():
        # A token never begins with a plain space, so the first one after it separates the two.
        space = line.find(" ", 1)
        if space < 0:
            raise InputError(
                "merge does not parse", where=tokenizer.path, expected="two tokens", found=repr(line)
            )
        merges.append([line[:space], line[space + 1 :]])
    byte_level: JsonObject = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    steps = _Steps(splitting.normalizer, splitting.pre_tokenizer, byte_level, byte_level)
    return _document(tokenizer, _Bpe(merges, ignore_merges=splitting.ignore_merges), steps)


def _spm(tokenizer: GgufTokenizer) -> JsonObject:
    ids = tokenizer.special_ids
    replace: JsonObject = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    decoders: list[Json] = [
        {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    normalizer: JsonObject = replace
    if tokenizer.add_space_prefix:
        prepend: JsonObject = {"type": "Prepend", "prepend": SPACE}
        normalizer = {"type": "Sequence", "normalizers": [prepend, replace]}
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    model = _Bpe(
        _spm_merges(tokenizer),
        unk_token=tokenizer.tokens[ids["unk"]] if "unk" in ids else None,
        fuse_unk=True,
        byte_fallback=BYTE in tokenizer.types,
    )
    steps = _Steps(normalizer, None, None, {"type": "Sequence", "decoders": decoders})
    return _document(tokenizer, model, steps)


def _document(tokenizer: GgufTokenizer, model: _Bpe, steps: _Steps) -> JsonObject:
    """tokenizer.json."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added(tokenizer),
        "normalizer": steps.normalizer,
        "pre_tokenizer": steps.pre_tokenizer,
        "post_processor": _post_processor(tokenizer) or steps.post_processor,
        "decoder": steps.decoder,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": model.unk_token,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": model.fuse_unk,
            "byte_fallback": model.byte_fallback,
            "ignore_merges": model.ignore_merges,
            "vocab": tokenizer.vocab,
            "merges": model.merges,
        },
    }


def _added(tokenizer: GgufTokenizer) -> list[Json]:
    """`added_tokens`: what llama.cpp finds in text before splitting it."""
    added: list[Json] = []
    for i, (token, kind) in enumerate(zip(tokenizer.tokens, tokenizer.types, strict=True)):
        if kind in (CONTROL, UNKNOWN, USER_DEFINED):
            flags = dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
            special = kind != USER_DEFINED
            # The default of the tokenizers library.
            added.append({"id": i, "content": token, **flags, "normalized": not special, "special": special})
    return added


def _post_processor(tokenizer: GgufTokenizer) -> JsonObject | None:
    """The template that adds BOS and EOS; None when neither is added."""
    tokens, ids = tokenizer.tokens, tokenizer.special_ids
    wanted = (("bos", tokenizer.add_bos), ("eos", tokenizer.add_eos))
    used = {name: tokens[ids[name]] for name, adds in wanted if adds and name in ids}
    if not used:
        return None

    def template(sequence: str, type_id: int) -> list[Json]:
        text: list[Json] = [{"Sequence": {"id": sequence, "type_id": type_id}}]
        if "bos" in used:
            text.insert(0, {"SpecialToken": {"id": used["bos"], "type_id": type_id}})
        if "eos" in used:
            text.append({"SpecialToken": {"id": used["eos"], "type_id": type_id}})
        return text

    single = template("A", 0)
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": single + template("B", 1),
        "special_tokens": {t: {"id": t, "ids": [ids[name]], "tokens": [t]} for name, t in used.items()},
    }


def _spm_merges(tokenizer: GgufTokenizer) -> list[list[str]]:
    """The merges of a SentencePiece BPE: every split of every piece into two pieces, best first.

    SentencePiece has no merges; it joins the neighbours whose joint piece has the highest score.
    """
    scores = tokenizer.need_scores()
    pairs = enumerate(zip(tokenizer.tokens, tokenizer.types, strict=True))
    ids = {token: i for i, (token, kind) in pairs if kind == NORMAL}
    ranked = sorted(ids.items(), key=lambda item: (-scores[item[1]], item[1]))
    merges: list[list[str]] = []
    for token, _ in ranked:
        splits = [(token[:end], token[end:]) for end in range(1, len(token))]
        known = [(a, b) for a, b in splits if a in ids and b in ids]
        merges.extend([a, b] for a, b in sorted(known, key=lambda ab: (ids[ab[0]], ids[ab[1]])))
    return merges


def _sentencepiece(tokenizer: GgufTokenizer) -> bytes:
    """tokenizer.model."""
    model = proto.ModelProto()
    vocab, ids = tokenizer.vocab, tokenizer.special_ids
    scores = tokenizer.need_scores()
    for i in range(max(vocab.values(), default=-1) + 1):
        token, kind = tokenizer.tokens[i], tokenizer.types[i]
        if vocab.get(token) != i:
            token, kind = f"[PAD{i}]", UNUSED
        elif kind == UNKNOWN and i != ids.get("unk"):
            # SentencePiece has one unknown token; some files give their padding this type too.
            kind = UNUSED
        model.pieces.add(piece=token, score=scores[i], type=kind)
    spec = model.trainer_spec
    spec.model_type = proto.TrainerSpec.BPE
    spec.vocab_size = len(model.pieces)
    spec.byte_fallback = BYTE in tokenizer.types
    spec.unk_id, spec.bos_id = ids.get("unk", 0), ids.get("bos", -1)
    spec.eos_id, spec.pad_id = ids.get("eos", -1), -1
    spec.unk_piece = tokenizer.tokens[ids.get("unk", 0)]
    normalizer = model.normalizer_spec
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = tokenizer.add_space_prefix
    normalizer.remove_extra_whitespaces = tokenizer.remove_extra_whitespaces
    normalizer.escape_whitespaces = True
    return bytes(model.SerializeToString())


def _config(tokenizer: GgufTokenizer, context_length: int) -> JsonObject:
    """tokenizer_config.json."""
    config: dict[str, Json] = {
        # The generic class reads tokenizer.json as it stands; named ones rebuild it from the vocabulary.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": tokenizer.add_bos,
        "add_eos_token": tokenizer.add_eos,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context_length,
    }
    config.update({f"{name}_token": tokenizer.tokens[i] for name, i in tokenizer.special_ids.items()})
    if tokenizer.chat_template:
        config["chat_template"] = tokenizer.chat_template
    return config
