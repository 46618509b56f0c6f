"""The changes of an adapter in PEFT's format: adapter_model.safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from t2sql.adapters import PEFT_WEIGHTS, PeftConfig
from t2sql.errors import InputError
from t2sql.gguf.adapter_changes import (
    EMBEDDINGS,
    AdapterChanges,
    Factor,
    LowRank,
    check_complete,
    check_whole,
    checked_low_rank,
)
from t2sql.gguf.container import read_safetensors
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.tensors import TensorInfo

_PREFIX = "base_model.model."
_A, _B = (".lora_A.weight", ".lora_embedding_A"), (".lora_B.weight", ".lora_embedding_B")
_MAGNITUDES = (".lora_magnitude_vector", ".lora_magnitude_vector.weight")
_BASE_LAYER = ".base_layer.weight"
_HEAD = "lm_head"


def read_peft(adapter: Path, config: PeftConfig, directory: HfDirectory) -> AdapterChanges:
    """Read the tensors of an adapter of PEFT.

    Args:
        adapter: Its directory.
        config: Its config.
        directory: The model that it is for.

    Raises:
        InputError: A tensor is of no kind that is known, is missing, or does not fit the model.
    """
    file = adapter / PEFT_WEIGHTS
    modules: dict[str, dict[str, TensorInfo]] = {}
    whole: dict[str, TensorInfo] = {}
    for stored, info in read_safetensors(file).tensors.items():
        name = stored.removeprefix(_PREFIX)
        leaf = next((end for end in (*_A, *_B, *_MAGNITUDES) if name.endswith(end)), None)
        if leaf is not None:
            module = directory.module_name(name.removesuffix(leaf))
            part = "a" if leaf in _A else "b" if leaf in _B else "m"
            modules.setdefault(module, {})[part] = info
        elif "lora_" in name or stored == name:
            raise InputError(
                "not a tensor of a LoRA adapter",
                where=f"{file}: {stored}",
                expected=f"{_PREFIX}MODULE.lora_A.weight, lora_B.weight, or a whole tensor",
                found=f"shape {list(info.shape)}",
            )
        else:
            plain = name.removesuffix(_BASE_LAYER) + ".weight" if name.endswith(_BASE_LAYER) else name
            whole[directory.module_name(plain)] = info
    if not modules and not whole:
        raise InputError("the adapter is empty", where=file, expected="matrices lora_A and lora_B")
    _join_tied(adapter, directory, modules, whole)
    for name, info in whole.items():
        check_whole(adapter, directory, name, info)
    low_rank = {
        module: _low_rank(adapter, config, directory, module, parts) for module, parts in modules.items()
    }
    if config.targets is not None:
        check_complete(adapter, _stated(config, directory), low_rank)
    return AdapterChanges(low_rank, whole)


def _low_rank(
    adapter: Path, config: PeftConfig, directory: HfDirectory, module: str, parts: Mapping[str, TensorInfo]
) -> LowRank:
    """One module's matrices; PEFT has A [rank, inputs] and B [outputs, rank], of an embedding the reverse."""
    for part, leaf in (
        ("a", "lora_A"),
        ("b", "lora_B"),
        *((("m", "lora_magnitude_vector"),) * config.use_dora),
    ):
        if part not in parts:
            raise InputError("a tensor of the adapter is missing", where=adapter, expected=f"{module}.{leaf}")
    is_embedding = module.rpartition(".")[2] in EMBEDDINGS
    if "m" in parts and (is_embedding or not config.use_dora):
        found = "an embedding with magnitudes" if is_embedding else "magnitudes without use_dora"
        raise InputError("DoRA not supported here", where=f"{adapter}: {module}", found=found)
    a, b = parts["a"], parts["b"]
    left, right = (Factor(a, True), Factor(b, True)) if is_embedding else (Factor(b, False), Factor(a, False))
    low_rank = LowRank(module, config.scale_of(module), left, right, parts.get("m"))
    hint = "Another r or rank_pattern in adapter_config.json, or another model"
    if config.base_model is not None:
        hint += f": it was trained on {config.base_model}"
    return checked_low_rank(adapter, directory, low_rank, config.rank_of(module), hint)


def _stated(config: PeftConfig, directory: HfDirectory) -> set[str]:
    """The model's modules that the config names."""
    stated = set()
    for name, info in directory.tensors.items():
        module, _, leaf = name.rpartition(".")
        if leaf != "weight" or len(info.shape) != 2:
            continue
        is_inner_linear = module.rpartition(".")[2] not in (*EMBEDDINGS, _HEAD)
        if config.targets_module(module, is_inner_linear=is_inner_linear):
            stated.add(module)
    return stated


def _join_tied(
    adapter: Path,
    directory: HfDirectory,
    modules: Mapping[str, Mapping[str, TensorInfo]],
    whole: dict[str, TensorInfo],
) -> None:
    """Judge embedding and output matrix of a model that has one matrix for both.

    PEFT trains them as two, which the model's config cannot say: they are taken where they are equal.

    Raises:
        InputError: They are not.
    """
    head = f"{_HEAD}.weight"
    if head in directory.tensors and not directory.config.flag("tie_word_embeddings", default=False):
        return
    embedding = next((n for n in directory.tensors if n.rpartition(".")[0].endswith(EMBEDDINGS)), None)
    adapted = [module for module in modules if module.endswith((*EMBEDDINGS, _HEAD))]
    own_head = whole.pop(head, None)
    base = None if embedding is None else directory.tensors[embedding]
    changed = base if embedding is None else whole.get(embedding, base)
    is_equal = _equal(changed, own_head if own_head is not None else base)
    if adapted or not is_equal:
        raise InputError(
            "the adapter changes one of two matrices that the model has as one",
            where=adapter,
            expected="the same change of embedding and output matrix (tie_word_embeddings is true)",
            found=adapted[0] if adapted else "an embedding and an output matrix that differ",
            hint="Save the base with tie_word_embeddings false and lm_head.weight, and use that as the base",
        )


def _equal(first: TensorInfo | None, second: TensorInfo | None) -> bool:
    if first is None or second is None or first is second:
        return first is second
    return first.shape == second.shape and np.array_equal(first.float32(), second.float32())
