"""A GGUF's tokenizer as Hugging Face files: tokenizer.json, its config and, for SPM, tokenizer.model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.pretokenizers import structure

# tokenizer.ggml.token_type, the same numbers as SentencePiece's.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
_BYTE_SPACE = "▁"


def write_tokenizer(source: GgufFile, out: Path) -> None:
    kind = source.need("tokenizer.ggml.model")
    if kind == "gpt2":
        document = _bpe(source)
    elif kind == "llama":
        document = _spm(source)
        (out / "tokenizer.model").write_bytes(_sentencepiece(source))
    else:
        raise InputError(
            "tokenizer not supported", where=source.path, expected="gpt2 (BPE) or llama (SPM)", found=kind
        )
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    text = json.dumps(_config(source), ensure_ascii=False, indent=2)
    (out / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")


def special_ids(source: GgufFile) -> dict[str, int]:
    """bos, eos, unk and pad ids as llama.cpp resolves them: stated, else the tokenizer kind's own."""
    spm = source.get("tokenizer.ggml.model") == "llama"
    ids = {"bos": 1, "eos": 2, "unk": 0} if spm else {}
    for short, long in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        value = source.get(f"tokenizer.ggml.{long}_token_id")
        if value is not None:
            ids[short] = int(value)
    return {name: i for name, i in ids.items() if 0 <= i < len(source.need("tokenizer.ggml.tokens"))}


def adds(source: GgufFile) -> tuple[bool, bool]:
    """Whether llama.cpp puts BOS before and EOS after a text."""
    spm = source.get("tokenizer.ggml.model") == "llama"
    bos_by_name = source.get("tokenizer.ggml.pre") in ("llama-bpe", "llama3", "llama-v3")
    bos = source.get("tokenizer.ggml.add_bos_token", spm or bos_by_name)
    return bool(bos), bool(source.get("tokenizer.ggml.add_eos_token", False))


def _types(source: GgufFile) -> list[int]:
    tokens = source.need("tokenizer.ggml.tokens")
    types = source.get("tokenizer.ggml.token_type") or [NORMAL] * len(tokens)
    if len(types) != len(tokens):
        raise InputError(
            "tokenizer lists differ in length",
            where=source.path,
            expected=f"{len(tokens)} token types",
            found=len(types),
        )
    return list(types)


def _vocab(source: GgufFile) -> dict[str, int]:
    """Token -> id, without the padding that conversion adds for ids that no token has."""
    pairs = zip(source.need("tokenizer.ggml.tokens"), _types(source), strict=True)
    return {t: i for i, (t, kind) in enumerate(pairs) if not (kind == UNUSED and t == f"[PAD{i}]")}


def _added(source: GgufFile) -> list[dict[str, Any]]:
    added = []
    pairs = zip(source.need("tokenizer.ggml.tokens"), _types(source), strict=True)
    for i, (token, kind) in enumerate(pairs):
        if kind in (CONTROL, UNKNOWN, USER_DEFINED):
            flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            added.append({"id": i, "content": token, **flags, "special": kind != USER_DEFINED})
    return added


def _post_processor(source: GgufFile) -> dict[str, Any] | None:
    tokens, ids = source.need("tokenizer.ggml.tokens"), special_ids(source)
    bos, eos = adds(source)
    around: list[tuple[str, bool]] = [("bos", bos), ("eos", eos)]
    used = {name: tokens[ids[name]] for name, wanted in around if wanted and name in ids}
    if not used:
        return None

    def template(sequence: str, type_id: int) -> list[dict[str, Any]]:
        text: list[dict[str, Any]] = [{"Sequence": {"id": sequence, "type_id": type_id}}]
        if "bos" in used:
            text.insert(0, {"SpecialToken": {"id": used["bos"], "type_id": type_id}})
        if "eos" in used:
            text.append({"SpecialToken": {"id": used["eos"], "type_id": type_id}})
        return text

    special = {t: {"id": t, "ids": [ids[name]], "tokens": [t]} for name, t in used.items()}
    single = template("A", 0)
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": single + template("B", 1),
        "special_tokens": special,
    }


def _document(source: GgufFile, **parts: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added(source),
        "normalizer": parts["normalizer"],
        "pre_tokenizer": parts["pre_tokenizer"],
        "post_processor": _post_processor(source) or parts.get("post_processor"),
        "decoder": parts["decoder"],
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": parts.get("unk_token"),
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": parts.get("fuse_unk", False),
            "byte_fallback": parts.get("byte_fallback", False),
            "ignore_merges": parts.get("ignore_merges", False),
            "vocab": _vocab(source),
            "merges": parts["merges"],
        },
    }


def _splitting(source: GgufFile) -> tuple[Any, bool, Any]:
    """The pre-tokenizer, `ignore_merges` and normalizer: kept by convert, else of the name."""
    kept = source.get("t2sql.pre_tokenizer")
    if kept is None:
        return structure(source.get("tokenizer.ggml.pre", "default"), source.path)
    try:
        splitting = json.loads(kept)
        return splitting["pre_tokenizer"], bool(splitting["ignore_merges"]), splitting["normalizer"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "metadata does not parse", where=f"{source.path}: t2sql.pre_tokenizer", found=str(kept)[:80]
        ) from None


def _bpe(source: GgufFile) -> dict[str, Any]:
    pre, ignore_merges, normalizer = _splitting(source)
    merges = []
    for line in source.need("tokenizer.ggml.merges"):
        # A token never begins with a plain space, so the first one after it separates the two.
        at = line.find(" ", 1)
        if at < 0:
            raise InputError(
                "merge does not parse", where=source.path, expected="two tokens", found=repr(line)
            )
        merges.append([line[:at], line[at + 1 :]])
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return _document(
        source,
        normalizer=normalizer,
        pre_tokenizer=pre,
        post_processor=byte_level,
        decoder=byte_level,
        ignore_merges=ignore_merges,
        merges=merges,
    )


def _spm(source: GgufFile) -> dict[str, Any]:
    tokens = source.need("tokenizer.ggml.tokens")
    ids = special_ids(source)
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": _BYTE_SPACE}
    decoders: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"String": _BYTE_SPACE}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    normalizer: dict[str, Any] = replace
    if source.get("tokenizer.ggml.add_space_prefix", True):
        prepend = {"type": "Prepend", "prepend": _BYTE_SPACE}
        normalizer = {"type": "Sequence", "normalizers": [prepend, replace]}
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return _document(
        source,
        normalizer=normalizer,
        pre_tokenizer=None,
        decoder={"type": "Sequence", "decoders": decoders},
        unk_token=tokens[ids["unk"]] if "unk" in ids else None,
        fuse_unk=True,
        byte_fallback=BYTE in _types(source),
        merges=_spm_merges(source),
    )


def _spm_merges(source: GgufFile) -> list[list[str]]:
    """SentencePiece BPE joins the pair whose piece scores highest: every split of every piece, best first."""
    tokens, types = source.need("tokenizer.ggml.tokens"), _types(source)
    scores = source.need("tokenizer.ggml.scores")
    ids = {t: i for i, (t, kind) in enumerate(zip(tokens, types, strict=True)) if kind == NORMAL}
    ranked = sorted(ids.items(), key=lambda item: (-scores[item[1]], item[1]))
    merges: list[list[str]] = []
    for token, _ in ranked:
        splits = [(token[:at], token[at:]) for at in range(1, len(token))]
        known = [(a, b) for a, b in splits if a in ids and b in ids]
        merges.extend([a, b] for a, b in sorted(known, key=lambda ab: (ids[ab[0]], ids[ab[1]])))
    return merges


def _sentencepiece(source: GgufFile) -> bytes:
    from sentencepiece import sentencepiece_model_pb2

    proto: Any = sentencepiece_model_pb2
    model = proto.ModelProto()
    tokens, types = source.need("tokenizer.ggml.tokens"), _types(source)
    vocab = _vocab(source)
    for token, score, kind in zip(tokens, source.need("tokenizer.ggml.scores"), types, strict=True):
        if token in vocab:
            model.pieces.add(piece=token, score=score, type=kind)
    ids = special_ids(source)
    spec = model.trainer_spec
    spec.model_type = proto.TrainerSpec.BPE
    spec.vocab_size = len(model.pieces)
    spec.byte_fallback = BYTE in types
    spec.unk_id, spec.bos_id = ids.get("unk", 0), ids.get("bos", -1)
    spec.eos_id, spec.pad_id = ids.get("eos", -1), -1
    spec.unk_piece = tokens[ids.get("unk", 0)]
    normalizer = model.normalizer_spec
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = bool(source.get("tokenizer.ggml.add_space_prefix", True))
    normalizer.remove_extra_whitespaces = bool(source.get("tokenizer.ggml.remove_extra_whitespaces", False))
    normalizer.escape_whitespaces = True
    return model.SerializeToString()


def _config(source: GgufFile) -> dict[str, Any]:
    tokens, ids = source.need("tokenizer.ggml.tokens"), special_ids(source)
    bos, eos = adds(source)
    config: dict[str, Any] = {
        # The generic class reads tokenizer.json as it stands; named ones rebuild it from the vocabulary.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": bos,
        "add_eos_token": eos,
        "clean_up_tokenization_spaces": False,
        "model_max_length": int(source.get("{arch}.context_length", 2048)),
    }
    config.update({f"{name}_token": tokens[i] for name, i in ids.items()})
    template = source.get("tokenizer.chat_template")
    if template:
        config["chat_template"] = template
    return config
