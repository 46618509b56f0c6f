"""Byte-level BPE, as GPT-2 began it: its vocabulary out of tokenizer.json."""

from __future__ import annotations

import json

from t2sql.errors import InputError
from t2sql.gguf.tokenizer.documents import TokenizerDocument
from t2sql.gguf.tokenizer.pretokenizers import Splitting, check_normalizer, name_of
from t2sql.gguf.tokenizer.token_types import NORMAL
from t2sql.gguf.tokenizer.vocabulary import Vocabulary


def is_byte_level(document: TokenizerDocument) -> bool:
    """Whether a tokenizer.json is a BPE whose letters are bytes."""
    steps = [step.document for step in (document.pre_tokenizer, document.decoder) if step is not None]
    return document.model_type == "BPE" and "ByteLevel" in json.dumps(steps)


def byte_level(document: TokenizerDocument, pre: str | None) -> Vocabulary:
    """The vocabulary of a byte-level BPE.

    Args:
        document: tokenizer.json.
        pre: llama.cpp's name for how it splits text; None to recognise it by its structure. A splitting that
            the caller names is stored in the file, for the way back.

    Raises:
        InputError: A merge does not parse, an added token has another token's id, or llama.cpp lacks a part
            of the tokenizer.
    """
    tokens = {i: token for token, i in document.vocab.items()}
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in document.merges]
    for merge in merges:
        # Two tokens, neither empty nor with a space of its own.
        if merge.count(" ") != 1 or merge[0] == " " or merge[-1] == " ":
            raise InputError(
                "merge does not parse", where=document.path, expected="two tokens", found=repr(merge)
            )
    if not merges:
        raise InputError("tokenizer without merges", where=document.path, expected="model.merges")
    for affix in document.affixes:
        raise InputError("tokenizer not supported", where=document.path, expected=f"no {affix}")
    splitting = None
    if pre is None:
        check_normalizer(document)
        pre = name_of(document)
    else:
        splitting = Splitting.of(document)
    types = dict.fromkeys(tokens, NORMAL)
    vocabulary = Vocabulary("gpt2", pre, tokens, types, merges=merges, splitting=splitting)
    return vocabulary.with_added(document.added_tokens, document.path)
