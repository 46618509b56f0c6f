"""A Hugging Face tokenizer's files, parsed once: tokenizer.json, its config, and the chat templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql.checked_json import CheckedJson, is_unicode, read_json
from t2sql.errors import InputError
from t2sql.gguf.tokenizer.chat_templates import read_templates
from t2sql.plain import Json, JsonObject


@dataclass(frozen=True)
class AddedToken:
    """A token that is found in text before the text is split.

    Attributes:
        id: Its id.
        content: Its text.
        special: Whether decoding can leave it out, as it does control tokens.
        rstrip: Whether it takes the whitespace after it.
    """

    id: int
    content: str
    special: bool
    rstrip: bool


@dataclass(frozen=True)
class TokenizerDocument:
    """tokenizer.json, as the tokenizers library writes it.

    Attributes:
        path: The file.
        model_type: `model.type`, "none" when it is not stated.
        vocab: `model.vocab`: token -> id; empty for a model that has no such mapping.
        merges: `model.merges`: pairs of tokens, each a list or a text with a space between them.
        ignore_merges: Whether a word that is a token is not split.
        byte_fallback: Whether unknown characters become byte tokens.
        unk_token: The token for what cannot be split.
        affixes: Those of `continuing_subword_prefix` and `end_of_word_suffix` that are set.
        added_tokens: Tokens found before splitting.
        normalizer: An object with a "type", whose other keys depend on it and may be such objects; None
            when there is none. The same holds for the next three.
        pre_tokenizer: What splits text into words.
        post_processor: What adds special tokens.
        decoder: What turns tokens back into text.
    """

    path: Path
    model_type: str
    vocab: Mapping[str, int]
    merges: Sequence[str | Sequence[str]]
    ignore_merges: bool
    byte_fallback: bool
    unk_token: str | None
    affixes: Sequence[str]
    added_tokens: Sequence[AddedToken]
    normalizer: CheckedJson | None
    pre_tokenizer: CheckedJson | None
    post_processor: CheckedJson | None
    decoder: CheckedJson | None


@dataclass(frozen=True)
class TokenizerSettings:
    """tokenizer_config.json; special_tokens_map.json fills in what it leaves open.

    Attributes:
        special_tokens: "bos", "eos", "unk" and "pad" -> the token's text, as far as stated.
        add_bos_token: Whether BOS is put before a text; None when the file does not say.
        add_eos_token: Whether EOS is put after a text; None when the file does not say.
        added_tokens: `added_tokens_decoder`.
        document: The settings themselves.
    """

    special_tokens: Mapping[str, str]
    add_bos_token: bool | None
    add_eos_token: bool | None
    added_tokens: Sequence[AddedToken]
    document: CheckedJson


@dataclass(frozen=True)
class TokenizerFiles:
    """All files of a directory's tokenizer.

    Attributes:
        folder: The directory.
        document: tokenizer.json, None when it does not exist.
        settings: tokenizer_config.json, empty when it does not exist.
        model_file: SentencePiece's tokenizer.model, None when it does not exist.
        chat_templates: Name -> template (see chat_templates.py).
    """

    folder: Path
    document: TokenizerDocument | None
    settings: TokenizerSettings
    model_file: Path | None
    chat_templates: Mapping[str, str]


def read_tokenizer_files(folder: Path) -> TokenizerFiles:
    """Read and parse whichever of the files exist.

    Raises:
        InputError: One of them does not parse.
    """
    document_file, model_file = folder / "tokenizer.json", folder / "tokenizer.model"
    settings = {
        **_optional(folder / "special_tokens_map.json"),
        **_optional(folder / "tokenizer_config.json"),
    }
    parsed = _settings(CheckedJson(settings, str(folder / "tokenizer_config.json")))
    return TokenizerFiles(
        folder=folder,
        document=parse_document(read_json(document_file), document_file) if document_file.is_file() else None,
        settings=parsed,
        model_file=model_file if model_file.is_file() else None,
        chat_templates=read_templates(folder, parsed.document),
    )


def parse_document(document: JsonObject, path: Path) -> TokenizerDocument:
    """The parts of a parsed tokenizer.json.

    Args:
        document: The JSON object.
        path: The file, for errors.

    Raises:
        InputError: A part has another type than the tokenizers library gives it.
    """
    root = CheckedJson(document, str(path))
    model = root.section("model")
    affixes = ("continuing_subword_prefix", "end_of_word_suffix")
    return TokenizerDocument(
        path=path,
        model_type=model.text("type", default="none"),
        vocab=_vocab(model),
        merges=_merges(model),
        ignore_merges=model.flag("ignore_merges", default=False),
        byte_fallback=model.flag("byte_fallback", default=False),
        unk_token=model.text("unk_token") if model.has("unk_token") else None,
        affixes=[key for key in affixes if model.text(key, default="")],
        added_tokens=[_added(token.integer("id", least=0), token) for token in root.objects("added_tokens")],
        normalizer=root.find_section("normalizer"),
        pre_tokenizer=root.find_section("pre_tokenizer"),
        post_processor=root.find_section("post_processor"),
        decoder=root.find_section("decoder"),
    )


def _vocab(model: CheckedJson) -> Mapping[str, int]:
    """Token -> id. A Unigram model has a list in its place, which is not read."""
    vocab = model.document.get("vocab")
    if not isinstance(vocab, dict):
        return {}
    ids = {token: i for token, i in vocab.items() if type(i) is int and i >= 0}
    if len(ids) != len(vocab) or not is_unicode("".join(ids)):
        raise model.refusal("vocab", "an object of tokens and their ids", "something else")
    return ids


def _merges(model: CheckedJson) -> Sequence[str | Sequence[str]]:
    merges = model.document.get("merges")
    if merges is None:
        return []
    if not isinstance(merges, list):
        raise model.refusal("merges", "a list")
    return [_merge(model, merge) for merge in merges]


def _merge(model: CheckedJson, merge: Json) -> str | Sequence[str]:
    if isinstance(merge, str):
        return merge
    pair = [token for token in merge if isinstance(token, str)] if isinstance(merge, list) else []
    if not isinstance(merge, list) or len(pair) != len(merge):
        raise InputError(
            "merge does not parse", where=model.where, expected="two tokens", found=repr(merge)[:80]
        )
    return pair


def _optional(path: Path) -> JsonObject:
    return read_json(path) if path.is_file() else {}


def _settings(settings: CheckedJson) -> TokenizerSettings:
    special_tokens = {}
    for name in ("bos", "eos", "unk", "pad"):
        text = _special_token(settings, f"{name}_token")
        if text is not None:
            special_tokens[name] = text
    added = settings.section("added_tokens_decoder")
    return TokenizerSettings(
        special_tokens=special_tokens,
        add_bos_token=_flag(settings, "add_bos_token"),
        add_eos_token=_flag(settings, "add_eos_token"),
        added_tokens=[_added(_token_id(added, key), added.section(key)) for key in added.document],
        document=settings,
    )


def _special_token(settings: CheckedJson, key: str) -> str | None:
    """A special token's text, stated alone or in an object; None when there is none."""
    if not settings.has(key):
        return None
    if isinstance(settings.document[key], dict):
        return settings.section(key).text("content")
    return settings.text(key)


def _flag(settings: CheckedJson, key: str) -> bool | None:
    """A flag that has a third state: null is false, and only absence leaves it open."""
    return settings.flag(key, default=False) if key in settings.document else None


def _token_id(added: CheckedJson, key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        raise added.refusal(key, "a token id as the key", ascii(key)[:80])
    return int(key)


def _added(token_id: int, token: CheckedJson) -> AddedToken:
    return AddedToken(
        id=token_id,
        content=token.text("content"),
        special=token.flag("special", default=False),
        rstrip=token.flag("rstrip", default=False),
    )
