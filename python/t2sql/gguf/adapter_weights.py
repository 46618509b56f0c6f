"""The changes of an adapter in mlx-lm's format: adapters.safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from t2sql.adapters import LEAVES, WEIGHTS, AdapterConfig, LoraParameters, read_adapter_config
from t2sql.errors import InputError
from t2sql.gguf.adapter_changes import (
    EMBEDDINGS,
    AdapterChanges,
    Factor,
    LowRank,
    check_complete,
    check_whole,
    checked_low_rank,
    stated_layers,
)
from t2sql.gguf.container import read_safetensors
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.hf_config import MAX_LAYERS
from t2sql.gguf.peft_weights import read_peft
from t2sql.gguf.tensors import TensorInfo

_HINT = "Another rank in adapter_config.json, or another model"


def read_changes(
    adapter: Path, directory: HfDirectory, config: AdapterConfig | None = None
) -> AdapterChanges:
    """Read an adapter directory of either format.

    Args:
        adapter: The directory.
        directory: The model that the adapter is for.
        config: The adapter's config, where the caller has read it.

    Raises:
        InputError: It is no adapter, its tensors are not those that its config states, or they do not fit the
            model.
    """
    config = read_adapter_config(adapter) if config is None else config
    if config.peft is not None:
        return read_peft(adapter, config.peft, directory)
    layers = directory.config.integer("num_hidden_layers", most=MAX_LAYERS)
    config.check_layers(layers, adapter)
    tensors = read_safetensors(adapter / WEIGHTS).tensors
    if not tensors:
        raise InputError("the adapter is empty", where=adapter / WEIGHTS)
    if config.lora is None:
        whole = {directory.module_name(name): info for name, info in tensors.items()}
        for name, info in whole.items():
            check_whole(adapter, directory, name, info)
        return AdapterChanges({}, whole)
    low_rank = {pair.module: pair for pair in _pairs(adapter, config, config.lora, directory, tensors)}
    check_complete(adapter, _stated(config.lora, stated_layers(config, layers), directory), low_rank)
    return AdapterChanges(low_rank, {}, config.base_bits)


def _pairs(
    adapter: Path,
    config: AdapterConfig,
    lora: LoraParameters,
    directory: HfDirectory,
    tensors: Mapping[str, TensorInfo],
) -> list[LowRank]:
    """The matrices of each module; mlx-lm computes `x A B` with A [inputs, rank] and B [rank, outputs]."""
    modules: dict[str, dict[str, TensorInfo]] = {}
    for name, info in tensors.items():
        module, _, leaf = name.rpartition(".")
        is_matrix = len(info.shape) == (1 if leaf == "m" else 2)
        if leaf not in LEAVES or not is_matrix or (leaf == "m" and config.fine_tune_type != "dora"):
            raise InputError(
                "not a tensor of a LoRA adapter",
                where=f"{adapter / WEIGHTS}: {name}",
                expected="matrices lora_a and lora_b"
                + (", vectors m" if config.fine_tune_type == "dora" else ""),
                found=f"shape {list(info.shape)}",
            )
        modules.setdefault(module, {})[leaf] = info
    leaves = LEAVES if config.fine_tune_type == "dora" else LEAVES[:2]
    pairs = []
    for module, parts in modules.items():
        for leaf in leaves:
            if leaf not in parts:
                raise InputError("the adapter lacks a tensor", where=adapter, expected=f"{module}.{leaf}")
        a, b = parts["lora_a"], parts["lora_b"]
        is_embedding = module.rpartition(".")[2] in EMBEDDINGS
        left, right = (
            (Factor(a, False), Factor(b, False)) if is_embedding else (Factor(b, True), Factor(a, True))
        )
        pair = LowRank(directory.module_name(module), lora.scale, left, right, parts.get("m"))
        pairs.append(checked_low_rank(adapter, directory, pair, lora.rank, _HINT))
    return pairs


def _stated(lora: LoraParameters, layers: range, directory: HfDirectory) -> set[str]:
    """The modules that the config names, as `mlx_lm.tuner.utils.linear_to_lora_layers` chooses them."""
    stated = set()
    for name, info in directory.tensors.items():
        module, _, leaf = name.rpartition(".")
        if leaf != "weight" or len(info.shape) != 2:
            continue
        prefix, _, rest = module.partition("layers.")
        layer, _, inner = rest.partition(".")
        is_inside = bool(rest) and layer.isdecimal() and prefix in ("model.", "")
        if lora.keys is None:
            is_stated = is_inside and int(layer) in layers
        else:
            is_stated = (is_inside and int(layer) in layers and inner in lora.keys) or module in lora.keys
        if is_stated:
            stated.add(module)
    return stated
