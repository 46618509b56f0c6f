"""A Hugging Face tokenizer's files, parsed once: tokenizer.json, its config, and the chat templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from t2sql.errors import InputError
from t2sql.gguf.hf_config import read_json
from t2sql.plain import JsonObject

# A normalizer, pre-tokenizer, post-processor or decoder of tokenizer.json: an object with a "type", whose
# other keys depend on it. Sequences nest such objects.
Step: TypeAlias = Mapping[str, Any]


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
        normalizer: None when there is none; the same for the next three.
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
    normalizer: Step | None
    pre_tokenizer: Step | None
    post_processor: Step | None
    decoder: Step | None


@dataclass(frozen=True)
class TokenizerSettings:
    """tokenizer_config.json; special_tokens_map.json fills in what it leaves open.

    Attributes:
        special_tokens: "bos", "eos", "unk" and "pad" -> the token's text, as far as stated.
        add_bos_token: Whether BOS is put before a text; None when the file does not say.
        add_eos_token: Whether EOS is put after a text; None when the file does not say.
        added_tokens: `added_tokens_decoder`.
        chat_templates: Name -> template; the usual one is called "default".
    """

    special_tokens: Mapping[str, str]
    add_bos_token: bool | None
    add_eos_token: bool | None
    added_tokens: Sequence[AddedToken]
    chat_templates: Mapping[str, str]


@dataclass(frozen=True)
class TokenizerFiles:
    """All files of a directory's tokenizer.

    Attributes:
        folder: The directory.
        document: tokenizer.json, None when it does not exist.
        settings: tokenizer_config.json, empty when it does not exist.
        model_file: SentencePiece's tokenizer.model, None when it does not exist.
        chat_templates: Name -> template: chat_template.jinja, else those of the settings.
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
    parsed = _settings(settings, folder / "tokenizer_config.json")
    template = folder / "chat_template.jinja"
    templates = parsed.chat_templates
    if template.is_file():
        templates = {"default": template.read_text(encoding="utf-8")}
    return TokenizerFiles(
        folder=folder,
        document=parse_document(read_json(document_file), document_file) if document_file.is_file() else None,
        settings=parsed,
        model_file=model_file if model_file.is_file() else None,
        chat_templates=templates,
    )


def parse_document(document: Mapping[str, Any], path: Path) -> TokenizerDocument:
    """The parts of a parsed tokenizer.json.

    Args:
        document: The JSON object.
        path: The file, for errors.

    Raises:
        InputError: A part has another type than the tokenizers library gives it.
    """
    try:
        model = document.get("model") or {}
        vocab = model.get("vocab")
        affixes = ("continuing_subword_prefix", "end_of_word_suffix")
        return TokenizerDocument(
            path=path,
            model_type=str(model.get("type", "none")),
            vocab=vocab if isinstance(vocab, dict) else {},
            merges=model.get("merges") or [],
            ignore_merges=bool(model.get("ignore_merges", False)),
            byte_fallback=bool(model.get("byte_fallback", False)),
            unk_token=model.get("unk_token"),
            affixes=[key for key in affixes if model.get(key)],
            added_tokens=[_added(token["id"], token) for token in document.get("added_tokens") or []],
            normalizer=document.get("normalizer"),
            pre_tokenizer=document.get("pre_tokenizer"),
            post_processor=document.get("post_processor"),
            decoder=document.get("decoder"),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _malformed(path, error) from None


def _optional(path: Path) -> JsonObject:
    return read_json(path) if path.is_file() else {}


def _settings(settings: Mapping[str, Any], path: Path) -> TokenizerSettings:
    try:
        tokens = {name: settings.get(f"{name}_token") for name in ("bos", "eos", "unk", "pad")}
        texts = {n: t.get("content") if isinstance(t, dict) else t for n, t in tokens.items()}
        decoder = settings.get("added_tokens_decoder")
        added = decoder.items() if isinstance(decoder, dict) else ()
        return TokenizerSettings(
            special_tokens={name: text for name, text in texts.items() if isinstance(text, str)},
            add_bos_token=_flag(settings, "add_bos_token"),
            add_eos_token=_flag(settings, "add_eos_token"),
            added_tokens=[_added(token_id, token) for token_id, token in added],
            chat_templates=_templates(settings.get("chat_template")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _malformed(path, error) from None


def _flag(settings: Mapping[str, Any], key: str) -> bool | None:
    return bool(settings[key]) if key in settings else None


def _added(token_id: int | str, token: Mapping[str, Any]) -> AddedToken:
    return AddedToken(
        id=int(token_id),
        content=str(token["content"]),
        special=bool(token.get("special", False)),
        rstrip=bool(token.get("rstrip", False)),
    )


def _templates(template: object) -> dict[str, str]:
    if isinstance(template, str):
        return {"default": template}
    named = template if isinstance(template, list) else []
    return {one["name"]: one["template"] for one in named if one.get("name") and one.get("template")}


def _malformed(path: Path, error: Exception) -> InputError:
    return InputError(
        "file does not parse",
        where=path,
        expected="a tokenizer's file as transformers writes it",
        found=f"{type(error).__name__}: {error}",
    )
