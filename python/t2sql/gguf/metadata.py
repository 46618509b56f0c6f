"""The metadata of a converted file: what llama.cpp's own converter writes, and the `t2sql.*` keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.card import Card, read_card
from t2sql.gguf.families import Family
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.tokenizer import Entry, strips_after_special, tokenizer_metadata
from t2sql.gguf.types import QUANTIZATION_VERSION, GgmlType

# The path is nobody's business; what was quantized in the source is not so in the file.
_NOT_KEPT = ("_name_or_path", "quantization", "quantization_config")
_PHI3 = re.compile("(phi)-?3", re.IGNORECASE)
_HUB = "https://huggingface.co/"


def metadata_of(
    directory: HfDirectory,
    family: Family,
    type: GgmlType,
    *,
    vocabulary_size: int,
    parameters: int,
    pre: str | None = None,
) -> list[Entry]:
    config = directory.config
    entries = _general(directory, family, parameters)
    arch = family.gguf_architecture
    for key in family.keys:
        value = config.get(key.config)
        if value is None:
            value = key.default
        if value is None:
            if key.required:
                raise InputError("setting missing", where=directory.path / "config.json", expected=key.config)
            continue
        entries.append((f"{arch}.{key.gguf}", key.type, float(value) if key.type == "f32" else int(value)))
    entries.append((f"{arch}.vocab_size", "u32", vocabulary_size))
    further = [*family.rope.metadata(config), *(family.metadata(config) if family.metadata else [])]
    entries.extend((f"{arch}.{name}", kind, value) for name, kind, value in further)
    entries.append(("general.file_type", "u32", type.file_type))
    entries.append(("general.quantization_version", "u32", QUANTIZATION_VERSION))
    entries.extend(tokenizer_metadata(directory.path, config, vocabulary_size, pre=pre))
    entries.append(("t2sql.prompt_format", "str", prompt_format(config)))
    if (least := _about(config).get("min_logprob")) is not None:
        entries.append(("t2sql.min_logprob", "f32", float(least)))
    # For the way back: what no GGUF key says.
    kept = {key: value for key, value in config.items() if key not in _NOT_KEPT}
    entries.append(("t2sql.config", "str", json.dumps(kept, sort_keys=True)))
    return _last_of_each([_name_for_llama_cpp(entry, directory.path) for entry in entries])


def _name_for_llama_cpp(entry: Entry, folder: Path) -> Entry:
    """llama.cpp drops whitespace after special tokens in models with phi3 in their name, and in no other:
    the name has it exactly when the tokenizer does that."""
    key, kind, name = entry
    if key != "general.name":
        return entry
    named, strips = bool(_PHI3.search(name)), strips_after_special(folder)
    if strips and not named:
        return key, kind, f"{name} phi3"
    return (key, kind, _PHI3.sub(r"\1 3", name)) if named and not strips else entry


def prompt_format(config: dict[str, Any]) -> str:
    """What the model was trained on, when its config says; else this version's own format."""
    from t2sql.prompt import PROMPT_FORMAT

    return str(_about(config).get("prompt_format", PROMPT_FORMAT))


def _about(config: dict[str, Any]) -> dict[str, Any]:
    block = config.get("t2sql")
    return block if isinstance(block, dict) else {}


def _general(directory: HfDirectory, family: Family, parameters: int) -> list[Entry]:
    card = _card(directory)
    entries: list[Entry] = [
        ("general.architecture", "str", family.gguf_architecture),
        ("general.type", "str", "model"),
        ("general.name", "str", card.fields.pop("name")),
        ("general.size_label", "str", size_label(parameters)),
    ]
    for name, value in card.fields.items():
        entries.append((f"general.{name.replace('license_', 'license.')}", "str", value))
    if card.base_models:
        entries.append(("general.base_model.count", "u32", len(card.base_models)))
    for i, base in enumerate(card.base_models):
        prefix = f"general.base_model.{i}."
        organization, _, name = base.rpartition("/")
        entries.append((prefix + "name", "str", name.replace("-", " ")))
        if organization:
            entries.append((prefix + "organization", "str", organization))
            entries.append((prefix + "repo_url", "str", _HUB + base))
    if card.tags:
        entries.append(("general.tags", "arr:str", card.tags))
    if card.languages:
        entries.append(("general.languages", "arr:str", card.languages))
    return entries


def _card(directory: HfDirectory) -> Card:
    """README.md's front matter; config.json's `t2sql` block fills what it leaves open."""
    card = read_card(directory.path)
    block = directory.config.get("t2sql")
    for name, value in (block if isinstance(block, dict) else {}).items():
        if name in ("name", "license", "organization", "version", "author") and value:
            card.fields.setdefault(name, str(value))
        if name == "base_model" and value and not card.base_models:
            card.base_models = [str(x) for x in (value if isinstance(value, list) else [value])]
    card.fields.setdefault("name", _name(directory.path, directory.config))
    return card


def _name(path: Path, config: dict[str, Any]) -> str:
    given = str(config.get("_name_or_path") or "").rstrip("/").rpartition("/")[2]
    folder = path.resolve()
    return given or (folder.parent.name if folder.name in ("fused", "model") else folder.name)


def size_label(parameters: int) -> str:
    """135M, 7.2B: two digits at least, as Hugging Face and llama.cpp write it."""
    for limit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (0, "K")):
        if parameters > limit:
            scaled = parameters / (limit or 1e3)
            digits = max(2 - len(str(round(scaled)).lstrip("0")), 0)
            return f"{scaled:.{digits}f}{suffix}"
    return "0K"


def _last_of_each(entries: list[Entry]) -> list[Entry]:
    """One entry a key, in order of first appearance: a later one is the more specific."""
    return list({entry[0]: entry for entry in entries}.values())
