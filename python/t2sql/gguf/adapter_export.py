"""An adapter of either format as an adapter directory of mlx-lm's or PEFT's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from safetensors.numpy import save_file

from t2sql.adapters import (
    CONFIG,
    NOTES_KEY,
    PEFT_WEIGHTS,
    WEIGHTS,
    AdapterConfig,
    AdapterNotes,
    LoraParameters,
    PeftConfig,
    identify_adapter,
    read_adapter_config,
)
from t2sql.errors import InputError
from t2sql.files import check_directory, output_directory
from t2sql.gguf.adapter_changes import AdapterChanges, LowRank
from t2sql.gguf.adapter_weights import read_changes
from t2sql.gguf.hf import HfDirectory, read_directory
from t2sql.gguf.tensors import FloatArray
from t2sql.ownership import ADAPTER
from t2sql.plain import Json, JsonObject

_LAYERS = "layers."

ExportFormat: TypeAlias = Literal["peft", "mlx"]


def export_adapter(base: Path, adapter: Path, out: Path, kind: ExportFormat, *, force: bool = False) -> Path:
    """Write an adapter directory in another format, or in the same one.

    Args:
        base: The directory of the model that the adapter is for.
        adapter: The adapter directory, of either format.
        out: The directory to write.
        kind: The format.
        force: Replace `out` if t2sql exported it.

    Returns:
        `out`.

    Raises:
        InputError: The adapter does not fit the base or has no form in the format, or the output exists.
    """
    check_directory(out, ADAPTER, force=force)
    config, directory, identity = (
        read_adapter_config(adapter),
        read_directory(base),
        identify_adapter(adapter),
    )
    notes = AdapterNotes(
        identity.name, identity.fingerprint, config.prompt_format, config.base_bits, config.base_adapters
    )
    source = ExportedAdapter(adapter, config, read_changes(adapter, directory, config), directory, notes)
    with output_directory(out, ADAPTER, force=force) as folder:
        (export_peft if kind == "peft" else export_mlx)(source, folder)
    return out


@dataclass(frozen=True)
class ExportedAdapter:
    """What an export reads.

    Attributes:
        where: The adapter's directory, for errors.
        config: Its config.
        changes: Its tensors, checked to fit `directory`.
        directory: The base.
        notes: What the new format has no place for.
    """

    where: Path
    config: AdapterConfig
    changes: AdapterChanges
    directory: HfDirectory
    notes: AdapterNotes

    def stem(self, module: str) -> str:
        """A module's name in the base's files."""
        return self.directory.tensors[f"{module}.weight"].name.removesuffix(".weight")


def export_peft(adapter: ExportedAdapter, folder: Path) -> None:
    """Write adapter_model.safetensors and adapter_config.json as PEFT reads them.

    Ranks and scales that differ between modules become `rank_pattern` and `alpha_pattern`.

    Raises:
        InputError: The adapter is a full fine-tune.
    """
    low_rank, whole = adapter.changes.low_rank, adapter.changes.whole
    if not low_rank:
        raise InputError(
            "a full fine-tune has no form in PEFT",
            where=adapter.where,
            expected="a LoRA or DoRA adapter",
            hint="Fuse it into its model instead: t2sql fuse",
        )
    tensors: dict[str, FloatArray] = {}
    for module, pair in low_rank.items():
        stem, left, right = (
            f"base_model.model.{adapter.stem(module)}",
            pair.left.float32(),
            pair.right.float32(),
        )
        if pair.is_embedding:
            tensors[f"{stem}.lora_embedding_A"] = np.ascontiguousarray(left.T)
            tensors[f"{stem}.lora_embedding_B"] = np.ascontiguousarray(right.T)
        else:
            tensors[f"{stem}.lora_A.weight"] = np.ascontiguousarray(right)
            tensors[f"{stem}.lora_B.weight"] = np.ascontiguousarray(left)
        if pair.magnitudes is not None:
            tensors[f"{stem}.lora_magnitude_vector"] = pair.magnitudes.float32().reshape(-1)
    for name, info in whole.items():
        stem, _, leaf = adapter.directory.tensors[name].name.rpartition(".")
        inner = f"base_layer.{leaf}" if name.removesuffix(".weight") in low_rank else leaf
        tensors[f"base_model.model.{stem}.{inner}"] = info.float32().reshape(info.shape)
    _write(folder, PEFT_WEIGHTS, tensors, _peft_config(adapter), adapter.notes, "pt")


def export_mlx(adapter: ExportedAdapter, folder: Path) -> None:
    """Write adapters.safetensors and adapter_config.json as mlx-lm reads them.

    mlx-lm has one rank and one scale for all modules, and the same modules in each of the last layers:
    smaller ranks are filled with zeros, another scale becomes a factor of B, and a module without adapter
    gets zeros.

    Raises:
        InputError: The adapter has whole tensors, or DoRA in some of the modules only.
    """
    low_rank = adapter.changes.low_rank
    if adapter.changes.whole:
        raise InputError(
            "an adapter with whole tensors has no form in mlx-lm",
            where=adapter.where,
            expected="matrices alone",
            found=min(adapter.changes.whole),
            hint="Fuse it into its model instead: t2sql fuse",
        )
    first = next(iter(low_rank.values()))
    rank, scale = max(pair.rank for pair in low_rank.values()), first.scale
    tensors: dict[str, FloatArray] = {}
    for module, pair in low_rank.items():
        tensors |= _mlx_tensors(adapter.stem(module), pair, rank, pair.scale / scale)
    layers = adapter.directory.config.layers
    inside = {module: _split(module) for module in low_rank}
    first_layer = min((layer for layer, _ in inside.values() if layer is not None), default=layers)
    keys = sorted({key for _, key in inside.values()})
    missing = [
        module
        for module, (layer, key) in _modules(adapter.directory).items()
        if module not in low_rank and layer is not None and layer >= first_layer and key in keys
    ]
    if missing and first.magnitudes is not None:
        raise InputError(
            "the adapter has no form in mlx-lm",
            where=adapter.where,
            expected="DoRA of the same modules in each of the last layers",
            found=f"none of {missing[0]}",
        )
    for module in missing:
        rows, columns = adapter.directory.tensors[f"{module}.weight"].shape
        tensors[f"{adapter.stem(module)}.lora_a"] = np.zeros((columns, rank), np.float32)
        tensors[f"{adapter.stem(module)}.lora_b"] = np.zeros((rank, rows), np.float32)
    config, notes = adapter.config, adapter.notes
    stated = {"model": config.model, "base_bits": notes.base_bits, "prompt_format": notes.prompt_format}
    document: dict[str, Json] = {
        "fine_tune_type": config.fine_tune_type,
        "num_layers": layers - first_layer,
        "lora_parameters": LoraParameters(rank, scale, keys=tuple(keys)).to_json(),
        **{key: value for key, value in stated.items() if value is not None},
    }
    if notes.base_adapters:
        document["base_adapters"] = list(notes.base_adapters)
    _write(folder, WEIGHTS, tensors, document, notes, "mlx")


def _mlx_tensors(stem: str, pair: LowRank, rank: int, factor: float) -> dict[str, FloatArray]:
    left, right = pair.left.float32(), pair.right.float32()
    added = rank - pair.rank
    left, right = np.pad(left, ((0, 0), (0, added))), np.pad(right, ((0, added), (0, 0)))
    a, b = (left, right) if pair.is_embedding else (right.T, left.T)
    tensors: dict[str, FloatArray] = {
        f"{stem}.lora_a": np.ascontiguousarray(a),
        f"{stem}.lora_b": np.ascontiguousarray(b * np.float32(factor)),
    }
    if pair.magnitudes is not None:
        tensors[f"{stem}.m"] = pair.magnitudes.float32().reshape(-1)
    return tensors


def _peft_config(adapter: ExportedAdapter) -> JsonObject:
    low_rank = adapter.changes.low_rank
    first = next(iter(low_rank.values()))
    rank, scale = first.rank, first.scale
    others = {adapter.stem(name): p for name, p in low_rank.items() if (p.rank, p.scale) != (rank, scale)}
    saved = {name.rpartition(".")[0] for name in adapter.changes.whole} - low_rank.keys()
    config: JsonObject = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": adapter.config.model or adapter.directory.path.resolve().name,
        "r": rank,
        "lora_alpha": scale * rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "use_dora": first.magnitudes is not None,
        "use_rslora": False,
        "modules_to_save": sorted({module.rpartition(".")[2] for module in saved}) or None,
        "rank_pattern": {name: pair.rank for name, pair in others.items()},
        "alpha_pattern": {name: pair.scale * pair.rank for name, pair in others.items()},
    }
    inside = {module: _split(module) for module in low_rank}
    names = sorted({module.rpartition(".")[2] for module in low_rank})
    layers: list[int] = sorted({layer for layer, _ in inside.values() if layer is not None})
    short: dict[str, Json] = {"target_modules": names, "layers_to_transform": layers}
    if layers == list(range(adapter.directory.config.layers)):
        short["layers_to_transform"] = None
    chosen = PeftConfig.from_json({**config, **short}, adapter.where)
    named = {
        module
        for module in _modules(adapter.directory)
        if chosen.targets_module(module, is_inner_linear=True)
    }
    # Where ends of names and layers do not say it exactly, whole names do.
    exact: JsonObject = {"target_modules": [adapter.stem(module) for module in low_rank]}
    return {**config, **(short if named == low_rank.keys() else exact)}


def _modules(directory: HfDirectory) -> dict[str, tuple[int | None, str]]:
    """Every module with a matrix: its layer, None for those outside, and its name there."""
    names = (n for n, info in directory.tensors.items() if n.endswith(".weight") and len(info.shape) == 2)
    return {name.removesuffix(".weight"): _split(name.removesuffix(".weight")) for name in names}


def _split(module: str) -> tuple[int | None, str]:
    _, found, rest = module.partition(_LAYERS)
    layer, _, inner = rest.partition(".")
    return (int(layer), inner) if found and layer.isdecimal() else (None, module)


def _write(
    folder: Path,
    weights: str,
    tensors: Mapping[str, FloatArray],
    config: JsonObject,
    notes: AdapterNotes,
    kind: str,
) -> None:
    metadata = {"format": kind, NOTES_KEY: json.dumps(notes.to_json())}
    save_file(dict(sorted(tensors.items())), folder / weights, metadata=metadata)
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
