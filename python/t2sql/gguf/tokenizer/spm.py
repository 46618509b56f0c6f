"""SentencePiece's BPE: its vocabulary out of tokenizer.model, or out of tokenizer.json alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from t2sql.checked_json import CheckedJson
from t2sql.errors import InputError
from t2sql.gguf.tokenizer.documents import TokenizerDocument, TokenizerFiles
from t2sql.gguf.tokenizer.token_types import BYTE, NORMAL, UNKNOWN
from t2sql.gguf.tokenizer.vocabulary import Vocabulary

# Generated code without types.
proto: Any = sentencepiece_model_pb2


def spm_from_model(file: Path, files: TokenizerFiles) -> Vocabulary:
    """The vocabulary of a tokenizer.model, with the added tokens of the JSON files beside it.

    Raises:
        InputError: The file does not parse, or is no BPE model.
    """
    model = _parse(file)
    if model.trainer_spec.model_type != proto.TrainerSpec.BPE or not model.pieces:
        raise InputError(
            "tokenizer not supported", where=file, expected="a SentencePiece BPE model", found="another kind"
        )
    pieces = list(enumerate(model.pieces))
    vocabulary = Vocabulary(
        "llama",
        "default",
        {i: piece.piece for i, piece in pieces},
        {i: piece.type for i, piece in pieces},
        {i: piece.score for i, piece in pieces},
        add_space_prefix=model.normalizer_spec.add_dummy_prefix,
    )
    if files.document is None:
        return vocabulary.with_added(files.settings.added_tokens)
    vocabulary = replace(vocabulary, add_space_prefix=prepends_space(files.document))
    return vocabulary.with_added(files.document.added_tokens)


def spm_from_document(document: TokenizerDocument) -> Vocabulary:
    """The vocabulary of a tokenizer.json that stands for a SentencePiece model.

    The scores, which tokenizer.json lacks, follow from the order of the merges: a piece ranks as the first
    merge that makes it.

    Raises:
        InputError: It has no byte fallback, a merge does not parse, or an added token has another token's id.
    """
    if not document.byte_fallback:
        raise InputError(
            "tokenizer not supported",
            where=document.path,
            expected="byte-level BPE, or BPE with byte_fallback",
            found="BPE without either",
        )
    tokens = {i: token for token, i in document.vocab.items()}
    rank: dict[str, int] = {}
    for index, merge in enumerate(document.merges):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if len(pair) != 2 or not all(pair):
            raise InputError(
                "merge does not parse", where=document.path, expected="two tokens", found=repr(merge)
            )
        rank.setdefault("".join(pair), index)
    types = {i: BYTE if _is_byte(token) else NORMAL for i, token in tokens.items()}
    # Characters join nothing; a longer piece that no merge makes must come after all that one does.
    last = len(rank) + 1
    scores = {i: -float(rank.get(t, last if len(t) > 1 else 0)) for i, t in tokens.items()}
    prefix = prepends_space(document)
    vocabulary = Vocabulary("llama", "default", tokens, types, scores, add_space_prefix=prefix)
    vocabulary = vocabulary.with_added(document.added_tokens, document.path)
    unknown = document.vocab.get(document.unk_token) if document.unk_token is not None else None
    if unknown is None:
        return vocabulary
    return replace(vocabulary, types={**vocabulary.types, unknown: UNKNOWN})


def prepends_space(document: TokenizerDocument) -> bool:
    """Whether a text gets a leading space, by a Prepend normalizer or a Metaspace pre-tokenizer."""
    for step in (*_steps(document.normalizer), *_steps(document.pre_tokenizer)):
        kind = step.text("type", default="")
        if kind == "Prepend":
            return True
        if kind == "Metaspace":
            scheme = step.text("prepend_scheme", default="always")
            return scheme != "never" and step.flag("add_prefix_space", default=True)
    return False


def _steps(step: CheckedJson | None) -> Iterator[CheckedJson]:
    """A step and, depth first, the steps inside it."""
    if step is None:
        return
    yield step
    for inner in step.objects("normalizers") or step.objects("pretokenizers"):
        yield from _steps(inner)


def _parse(file: Path) -> Any:
    """The `ModelProto` in a file."""
    try:
        return proto.ModelProto.FromString(file.read_bytes())
    # protobuf's DecodeError has another class in each of its implementations.
    except Exception as error:
        raise InputError("tokenizer.model does not parse", where=file, found=error) from None


def _is_byte(token: str) -> bool:
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")
