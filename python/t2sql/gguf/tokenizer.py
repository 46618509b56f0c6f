"""A Hugging Face directory's tokenizer as GGUF metadata: vocabulary, special tokens, flags, templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from t2sql.gguf.hf import read_json
from t2sql.gguf.hf_tokenizer import UNKNOWN
from t2sql.gguf.vocabulary import Entry, Vocabulary, read_vocabulary

_RSTRIP = re.compile(rb'"rstrip"\s*:\s*true')


def tokenizer_metadata(
    folder: Path, config: dict[str, Any], size: int, *, pre: str | None = None
) -> list[Entry]:
    """All `tokenizer.*` entries for a model whose embedding has `size` rows."""
    settings_file = folder / "tokenizer_config.json"
    settings = read_json(settings_file) if settings_file.is_file() else {}
    special_file = folder / "special_tokens_map.json"
    if special_file.is_file():
        settings = {**read_json(special_file), **settings}
    document = read_json(folder / "tokenizer.json") if (folder / "tokenizer.json").is_file() else None
    vocabulary = read_vocabulary(folder, document, settings, pre=pre)
    ids = _special_ids(vocabulary, settings, config)
    bos, eos = _adds(vocabulary, document, settings)
    entries = vocabulary.entries(size, folder)
    for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        if name in ids:
            entries.append((f"tokenizer.ggml.{key}_token_id", "u32", ids[name]))
    if document is not None:
        bos_id = _template_id(document, first=True)
        if bos and bos_id is not None and ids.get("bos") != bos_id and "add_bos_token" not in settings:
            entries = [e for e in entries if e[0] != "tokenizer.ggml.bos_token_id"]
            entries.append(("tokenizer.ggml.bos_token_id", "u32", bos_id))
    entries.append(("tokenizer.ggml.add_bos_token", "bool", bos))
    entries.append(("tokenizer.ggml.add_eos_token", "bool", eos))
    entries.append(("tokenizer.ggml.add_space_prefix", "bool", vocabulary.add_space_prefix))
    entries.extend(_templates(folder, settings))
    return entries


def strips_after_special(folder: Path) -> bool:
    """Whether special tokens take the whitespace after them, as Phi 3's do, all of whose tokens are there."""
    file = folder / "tokenizer.json"
    # Parsing a vocabulary takes as long as writing a tenth of the model: most have no such token at all.
    if not file.is_file() or not _RSTRIP.search(file.read_bytes()):
        return False
    added = {t["content"]: t for t in read_json(file).get("added_tokens") or []}
    kept = {"<unk>", "<s>", "<|endoftext|>"}
    others = [token for text, token in added.items() if text not in kept and token.get("special")]
    return added.keys() >= {*kept, "</s>"} and bool(others) and all(t.get("rstrip") for t in others)


def _special_ids(vocabulary: Vocabulary, settings: dict[str, Any], config: dict[str, Any]) -> dict[str, int]:
    """Ids by the tokenizer's own names first, then by config.json."""
    by_token = {token: i for i, token in vocabulary.tokens.items()}
    ids = {}
    for name in ("bos", "eos", "unk", "pad"):
        token = settings.get(f"{name}_token")
        token = token.get("content") if isinstance(token, dict) else token
        value = config.get(f"{name}_token_id")
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(token, str) and token in by_token:
            ids[name] = by_token[token]
        elif isinstance(value, int) and value in vocabulary.tokens:
            ids[name] = value
    for i, kind in vocabulary.types.items():
        if kind == UNKNOWN:
            ids.setdefault("unk", i)
    return ids


def _adds(
    vocabulary: Vocabulary, document: dict[str, Any] | None, settings: dict[str, Any]
) -> tuple[bool, bool]:
    """BOS and EOS as the original adds them: stated flags beat the post-processor, as in transformers."""
    if "add_bos_token" in settings or "add_eos_token" in settings:
        return bool(settings.get("add_bos_token", False)), bool(settings.get("add_eos_token", False))
    if document is None:
        return vocabulary.model == "llama", False
    return _template_id(document, first=True) is not None, _template_id(document, first=False) is not None


def _template_id(document: dict[str, Any], *, first: bool) -> int | None:
    """The id that a post-processor puts before (or after) a single text."""
    processor = document.get("post_processor") or {}
    for step in processor.get("processors") or [processor]:
        if step.get("type") == "TemplateProcessing" and step.get("single"):
            edge = step["single"][0 if first else -1]
            if "SpecialToken" in edge:
                return int(step["special_tokens"][edge["SpecialToken"]["id"]]["ids"][0])
    return None


def _templates(folder: Path, settings: dict[str, Any]) -> list[Entry]:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return [("tokenizer.chat_template", "str", file.read_text(encoding="utf-8"))]
    template = settings.get("chat_template")
    if isinstance(template, str):
        return [("tokenizer.chat_template", "str", template)]
    entries: list[Entry] = []
    for one in template if isinstance(template, list) else []:
        name, text = one.get("name"), one.get("template")
        if name == "default":
            entries.append(("tokenizer.chat_template", "str", text))
        elif name and text:
            entries.append((f"tokenizer.chat_template.{name}", "str", text))
    return entries
