"""A Hugging Face directory's tokenizer as GGUF metadata: vocabulary, special tokens, flags, templates."""

from __future__ import annotations

from t2sql.checked_json import MAX_U32
from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.tokenizer.byte_level import byte_level, is_byte_level
from t2sql.gguf.tokenizer.documents import TokenizerDocument, TokenizerFiles
from t2sql.gguf.tokenizer.spm import spm_from_document, spm_from_model
from t2sql.gguf.tokenizer.token_types import UNKNOWN
from t2sql.gguf.tokenizer.vocabulary import Vocabulary

# Our short name of a special token -> the one in GGUF's `tokenizer.ggml.*_token_id`.
SPECIAL_KEYS = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}


def tokenizer_metadata(
    files: TokenizerFiles, config: ModelConfig, size: int, *, pre: str | None = None
) -> list[Entry]:
    """All `tokenizer.*` entries of a GGUF.

    Args:
        files: The tokenizer.
        config: config.json, for special tokens that the tokenizer's files do not name.
        size: Rows of the token embedding.
        pre: llama.cpp's name for how a byte-level BPE splits text; None to recognise it.

    Raises:
        InputError: llama.cpp lacks this kind of tokenizer, or a file is malformed.
    """
    vocabulary = read_vocabulary(files, pre=pre)
    ids = _special_ids(vocabulary, files, config)
    bos, eos = _adds_bos_eos(vocabulary, files)
    if files.document is not None:
        # What the post-processor puts first is the BOS, unless a flag decides whether there is one.
        first = _template_id(files.document, first=True)
        if bos and first is not None and ids.get("bos") != first and files.settings.add_bos_token is None:
            # Last, as the key is then new.
            ids.pop("bos", None)
            ids["bos"] = first
    entries = vocabulary.entries(size, files.folder)
    for name, token_id in ids.items():
        entries.append(Entry(f"tokenizer.ggml.{SPECIAL_KEYS[name]}_token_id", "u32", token_id))
    entries.append(Entry("tokenizer.ggml.add_bos_token", "bool", bos))
    entries.append(Entry("tokenizer.ggml.add_eos_token", "bool", eos))
    entries.append(Entry("tokenizer.ggml.add_space_prefix", "bool", vocabulary.add_space_prefix))
    for name, template in files.chat_templates.items():
        suffix = "" if name == "default" else f".{name}"
        entries.append(Entry(f"tokenizer.chat_template{suffix}", "str", template))
    return entries


def read_vocabulary(files: TokenizerFiles, *, pre: str | None = None) -> Vocabulary:
    """The vocabulary, out of the file that says most.

    Args:
        files: The tokenizer.
        pre: As for `tokenizer_metadata`.

    Raises:
        InputError: There is no tokenizer, or llama.cpp lacks its kind.
    """
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


def _adds_bos_eos(vocabulary: Vocabulary, files: TokenizerFiles) -> tuple[bool, bool]:
    """Whether BOS and EOS are added: stated flags win over the post-processor, as in transformers."""
    settings, document = files.settings, files.document
    if settings.add_bos_token is not None or settings.add_eos_token is not None:
        return bool(settings.add_bos_token), bool(settings.add_eos_token)
    if document is None:
        return vocabulary.model == "llama", False
    return _template_id(document, first=True) is not None, _template_id(document, first=False) is not None


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
