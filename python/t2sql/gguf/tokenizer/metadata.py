"""A Hugging Face directory's tokenizer as GGUF metadata: vocabulary, special tokens, flags, templates."""

from __future__ import annotations

from collections.abc import Mapping

from t2sql.checked_json import MAX_U32
from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.tokenizer.byte_level import byte_level, is_byte_level
from t2sql.gguf.tokenizer.chat_templates import DEFAULT
from t2sql.gguf.tokenizer.documents import TokenizerDocument, TokenizerFiles
from t2sql.gguf.tokenizer.spm import spm_from_document, spm_from_model
from t2sql.gguf.tokenizer.token_types import UNKNOWN
from t2sql.gguf.tokenizer.vocabulary import Vocabulary

# Our short name of a special token -> the one in GGUF's `tokenizer.ggml.*_token_id`.
SPECIAL_KEYS = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}


def tokenizer_metadata(
    files: TokenizerFiles, vocabulary: Vocabulary, config: ModelConfig, size: int
) -> list[Entry]:
    """All `tokenizer.*` entries of a GGUF.

    Args:
        files: The tokenizer.
        vocabulary: Its tokens, by `read_vocabulary`.
        config: config.json, for special tokens that the tokenizer's files do not name.
        size: Rows of the token embedding.

    Raises:
        InputError: A file is malformed, two ids have one text, or a token that is put around every text has
            no row in the embedding.
    """
    ids = _special_ids(vocabulary, files, config)
    bos, eos = _adds_bos_eos(vocabulary, files)
    if files.document is not None:
        # What the post-processor puts first is the BOS, unless a flag decides whether there is one.
        first = _template_id(files.document, first=True)
        if bos and first is not None and ids.get("bos") != first and files.settings.add_bos_token is None:
            # Last, as the key is then new.
            ids.pop("bos", None)
            ids["bos"] = first
    _check_rows(ids, vocabulary, files, size)
    entries = vocabulary.entries(size, files.folder)
    for name, token_id in ids.items():
        entries.append(Entry(f"tokenizer.ggml.{SPECIAL_KEYS[name]}_token_id", "u32", token_id))
    entries.append(Entry("tokenizer.ggml.add_bos_token", "bool", bos))
    entries.append(Entry("tokenizer.ggml.add_eos_token", "bool", eos))
    entries.append(Entry("tokenizer.ggml.add_space_prefix", "bool", vocabulary.add_space_prefix))
    named = [name for name in files.chat_templates if name != DEFAULT]
    if named:
        entries.append(Entry("tokenizer.chat_templates", "arr:str", named))
    for name, template in files.chat_templates.items():
        suffix = "" if name == DEFAULT else f".{name}"
        entries.append(Entry(f"tokenizer.chat_template{suffix}", "str", template))
    return entries


def read_vocabulary(files: TokenizerFiles, size: int, *, pre: str | None = None) -> Vocabulary:
    """The vocabulary, out of the file that says most.

    Args:
        files: The tokenizer.
        size: Rows of the token embedding.
        pre: llama.cpp's name for how a byte-level BPE splits text; None to recognise it.

    Raises:
        InputError: There is no tokenizer, llama.cpp lacks its kind, or a token that is not an added one has
            no row in the embedding.
    """
    document = files.document
    added = files.settings.added_tokens if document is None else document.added_tokens
    vocabulary = _whole_vocabulary(files, pre)
    return vocabulary.within(size, [token.content for token in added], files.folder)


def prefixes_once(files: TokenizerFiles) -> bool:
    """Whether a text gets a leading space at its beginning alone, SentencePiece's `legacy: false`."""
    document = files.document
    if document is None:
        return not files.settings.document.flag("legacy", default=True)
    if document.pre_tokenizer is None or is_byte_level(document):
        return False
    steps = document.pre_tokenizer.objects("pretokenizers") or [document.pre_tokenizer]
    return any(
        step.text("type", default="") == "Metaspace" and step.text("prepend_scheme", default="") == "first"
        for step in steps
    )


def unknown_special_ids(config: ModelConfig, vocabulary: Vocabulary) -> list[str]:
    """The special tokens of a config.json that no token has, as sentences; -1 says that there is none."""
    stated = {f"{name}_token_id": config.token_id(f"{name}_token_id") for name in SPECIAL_KEYS}
    return [
        f"config.json: no token has the id {token_id} that is its {key}; it is passed over"
        for key, token_id in stated.items()
        if token_id is not None and token_id >= 0 and token_id not in vocabulary.tokens
    ]


def _whole_vocabulary(files: TokenizerFiles, pre: str | None) -> Vocabulary:
    document, model_file = files.document, files.model_file
    if document is not None:
        if is_byte_level(document):
            return byte_level(document, pre)
        if document.model_type == "BPE" and model_file is None:
            return spm_from_document(document)
        if document.model_type not in ("BPE", "Unigram") or model_file is None:
            raise InputError(
                "tokenizer not supported",
                where=document.path,
                expected="byte-level BPE or SentencePiece BPE",
                found=document.model_type,
            )
    if model_file is None:
        raise InputError(
            "directory without tokenizer", where=files.folder, expected="tokenizer.json or tokenizer.model"
        )
    return spm_from_model(model_file, files)


def strips_after_special(files: TokenizerFiles) -> bool:
    """Whether special tokens take the whitespace after them, as Phi 3's do.

    True for a tokenizer.json that has Phi 3's own special tokens, where all but three of them strip; those
    three are the ones that llama.cpp exempts.
    """
    if files.document is None:
        return False
    added = {token.content: token for token in files.document.added_tokens}
    exempt = {"<unk>", "<s>", "<|endoftext|>"}
    others = [token for text, token in added.items() if text not in exempt and token.special]
    return added.keys() >= {*exempt, "</s>"} and bool(others) and all(token.rstrip for token in others)


def _special_ids(vocabulary: Vocabulary, files: TokenizerFiles, config: ModelConfig) -> dict[str, int]:
    """The ids of bos, eos, unk and pad: by the tokenizer's own names first, then by config.json."""
    by_token = {token: i for i, token in vocabulary.tokens.items()}
    ids: dict[str, int] = {}
    for name in SPECIAL_KEYS:
        token = files.settings.special_tokens.get(name)
        stated = config.token_id(f"{name}_token_id")
        if token is not None and token in by_token:
            ids[name] = by_token[token]
        elif stated is not None and stated in vocabulary.tokens:
            ids[name] = stated
    for i, kind in vocabulary.types.items():
        if kind == UNKNOWN:
            ids.setdefault("unk", i)
    return {name: ids[name] for name in SPECIAL_KEYS if name in ids}


def _check_rows(ids: Mapping[str, int], vocabulary: Vocabulary, files: TokenizerFiles, size: int) -> None:
    """Refuse a BOS or EOS that the embedding has no row for."""
    for name in ("bos", "eos"):
        token = files.settings.special_tokens.get(name)
        if ids.get(name, 0) >= size or (token is not None and token in vocabulary.without_row):
            raise InputError(
                "vocabulary larger than the embedding",
                where=files.folder,
                expected=f"an id below {size} for the {name.upper()} token",
                found=repr(token) if token is not None else ids.get(name),
                hint="Resize the embedding, or name another token in tokenizer_config.json",
            )


def _adds_bos_eos(vocabulary: Vocabulary, files: TokenizerFiles) -> tuple[bool, bool]:
    """Whether BOS and EOS are added: each by its flag, where there is none by the post-processor."""
    settings, document = files.settings, files.document
    bos, eos = settings.add_bos_token, settings.add_eos_token
    if bos is None:
        spm = vocabulary.model == "llama"
        bos = spm if document is None else _template_id(document, first=True) is not None
    if eos is None:
        eos = document is not None and _template_id(document, first=False) is not None
    return bos, eos


def _template_id(document: TokenizerDocument, *, first: bool) -> int | None:
    """The id that the post-processor puts before (`first`) or after a single text."""
    processor = document.post_processor
    if processor is None:
        return None
    for step in processor.objects("processors") or [processor]:
        single = step.objects("single") if step.text("type", default="") == "TemplateProcessing" else []
        edge = single[0 if first else -1] if single else None
        if edge is not None and edge.has("SpecialToken"):
            token = step.section("special_tokens").section(edge.section("SpecialToken").text("id"))
            token_id = token.token_id("ids")
            if token_id is None or not 0 <= token_id <= MAX_U32:
                raise token.refusal("ids", "a list of token ids")
            return token_id
    return None
