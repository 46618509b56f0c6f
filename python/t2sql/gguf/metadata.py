"""The metadata of a converted file: what llama.cpp's convert_hf_to_gguf.py writes, and the `t2sql.*` keys."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from t2sql.adapters import AdapterIdentity, fused_adapters
from t2sql.checked_json import MAX_F32
from t2sql.gguf.card import Card
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.base import Family
from t2sql.gguf.ggml_types import QUANTIZATION_VERSION, FileType
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.sampling import sampling_entries
from t2sql.gguf.source_model import SourceModel
from t2sql.gguf.tokenizer.metadata import strips_after_special, tokenizer_metadata
from t2sql.plain import plain
from t2sql.prompt import DEFAULT_FORMAT

# Left out of the copy of config.json that a GGUF carries: a path on the machine that made the model, and how
# the source was quantized, which says nothing about the file.
_NOT_COPIED = ("_name_or_path", "quantization", "quantization_config")
_COMMIT = re.compile("[0-9a-f]{40}")
_PHI3 = re.compile("(phi)-?3", re.IGNORECASE)


def metadata_of(model: SourceModel, target: FileType) -> list[Entry]:
    """All metadata of the GGUF that a directory is converted to, in the order of the file.

    Args:
        model: The directory.
        target: The type of the file.

    Raises:
        InputError: A setting is missing or has no form in a GGUF, or the tokenizer is not supported.
    """
    directory, family = model.directory, model.family
    config = directory.config
    arch = family.gguf_architecture
    entries = [*_general(directory, family, model.parameters), *_settings(directory, family)]
    entries.append(Entry(f"{arch}.vocab_size", "u32", model.vocab_size))
    further = family.rope.metadata(config)
    if family.extra_metadata is not None:
        further += family.extra_metadata(config)
    entries += [entry._replace(key=f"{arch}.{entry.key}") for entry in further]
    entries.append(Entry("general.file_type", "u32", target.number))
    entries.append(Entry("general.quantization_version", "u32", QUANTIZATION_VERSION))
    entries += tokenizer_metadata(directory.tokenizer, model.vocabulary, config, model.vocab_size)
    entries.append(Entry("t2sql.prompt_format", "str", _prompt_format(config)))
    about = config.section("t2sql")
    if about.has("min_logprob"):
        entries.append(Entry("t2sql.min_logprob", "f32", about.number("min_logprob", least=-MAX_F32)))
    if about.has("grammar"):
        entries.append(Entry("t2sql.grammar", "str", about.text("grammar")))
    entries += adapter_entries(fused_adapters(config.document))
    # `import` needs the settings for which GGUF has no key.
    copied = {key: plain(value) for key, value in config.document.items() if key not in _NOT_COPIED}
    entries.append(Entry("t2sql.config", "str", json.dumps(copied, sort_keys=True)))
    strips = strips_after_special(directory.tokenizer)
    return _last_of_each([_name_for_llama_cpp(entry, strips) for entry in entries])


def adapter_entries(adapters: Sequence[AdapterIdentity]) -> list[Entry]:
    """The keys that name the adapters of a file: those in a model's weights, or the one that the file is."""
    if not adapters:
        return []
    return [
        Entry("t2sql.adapter", "str", ", ".join(adapter.name for adapter in adapters)),
        Entry("t2sql.adapter_fingerprint", "str", ",".join(adapter.fingerprint for adapter in adapters)),
    ]


def size_label(parameters: int) -> str:
    """A number of weights as Hugging Face and llama.cpp write it, with two digits at least: 135M, 7.2B."""
    for limit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (0, "K")):
        if parameters > limit:
            scaled = parameters / (limit or 1e3)
            digits = max(2 - len(str(round(scaled)).lstrip("0")), 0)
            return f"{scaled:.{digits}f}{suffix}"
    return "0K"


def _general(directory: HfDirectory, family: Family, parameters: int) -> list[Entry]:
    card = _complete_card(directory)
    return [
        Entry("general.architecture", "str", family.gguf_architecture),
        Entry("general.type", "str", "model"),
        *sampling_entries(directory.path),
        Entry("general.name", "str", card.name or _default_name(directory)),
        Entry("general.size_label", "str", size_label(parameters)),
        *card.entries(),
    ]


def _settings(directory: HfDirectory, family: Family) -> list[Entry]:
    """The settings that both formats state, by `family.keys`."""
    entries = []
    for key in family.keys:
        value = key.read(directory.config)
        if value is not None:
            entries.append(Entry(f"{family.gguf_architecture}.{key.gguf}", key.type, value))
    return entries


def _complete_card(directory: HfDirectory) -> Card:
    """The model card; config.json's "t2sql" block fills in what the card leaves open."""
    card = directory.card
    fields, name, base_models = dict(card.fields), card.name, card.base_models
    about = directory.config.section("t2sql")
    # In the order in which the block has them, which is that of the entries.
    for key in about.document:
        if key in ("license", "organization", "version", "author") and about.text(key, default=""):
            fields.setdefault(key, about.text(key))
    return replace(
        card,
        name=name or about.text("name", default="") or None,
        fields=fields,
        base_models=base_models or [base for base in about.texts("base_model", single=True) if base],
    )


def _default_name(directory: HfDirectory) -> str:
    """The model's name by where it lies.

    A run's own folder when it is the run's "fused" or "model", and the repository when it is a snapshot in
    the hub client's cache.
    """
    stated = directory.config.text("_name_or_path", default="").rstrip("/").rpartition("/")[2]
    folder = Path(directory.path).resolve()
    repository = folder.parent.parent.name
    if folder.parent.name == "snapshots" and repository.startswith("models--"):
        return repository.rpartition("--")[2]
    if _COMMIT.fullmatch(stated):
        stated = ""
    return stated or (folder.parent.name if folder.name in ("fused", "model") else folder.name)


def _name_for_llama_cpp(entry: Entry, strips: bool) -> Entry:
    """A `general.name` that contains "phi3" exactly when the tokenizer strips after special tokens.

    llama.cpp drops the whitespace after special tokens in models with phi3 in their name and in no others
    (`llama_vocab::impl::load` in llama-vocab.cpp).
    """
    if entry.key != "general.name":
        return entry
    name = str(entry.value)
    named = bool(_PHI3.search(name))
    if strips and not named:
        return entry._replace(value=f"{name} phi3")
    return entry._replace(value=_PHI3.sub(r"\1 3", name)) if named and not strips else entry


def _prompt_format(config: ModelConfig) -> str:
    """The prompt format that the model was trained with, where config.json states it; else our own."""
    return config.section("t2sql").text("prompt_format", default=DEFAULT_FORMAT.name)


def _last_of_each(entries: Sequence[Entry]) -> list[Entry]:
    """One entry for each key, where the key first appears; the last value wins, being the most specific."""
    return list({entry.key: entry for entry in entries}.values())
