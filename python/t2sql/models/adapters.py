"""Adapters put on a model in MLX: every tensor is checked against the model by name and shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from t2sql.adapters import LEAVES, WEIGHTS, AdapterConfig, read_adapter_config
from t2sql.errors import InputError
from t2sql.models.loading import check_safetensors, quantize_base
from t2sql.runtimes import mx


def read_adapter_weights(path: Path) -> dict[str, Any]:
    check_safetensors(path / WEIGHTS)
    weights = mx.load(str(path / WEIGHTS))
    assert isinstance(weights, dict)
    return weights


def flat(tree: Any) -> dict[str, Any]:
    """A tree of parameters by dotted names."""
    from mlx.utils import tree_flatten

    return dict(cast("list[tuple[str, Any]]", tree_flatten(tree)))


def add_adapter_layers(network: Any, config: AdapterConfig) -> None:
    """Replace the layers that the config names by LoRA or DoRA layers with their first values."""
    from mlx_lm.tuner.utils import linear_to_lora_layers

    layers = len(network.layers)
    # mlx-lm writes -1 for "all" and takes no layer for it.
    count = config.num_layers if config.num_layers > 0 else layers
    assert config.lora is not None, "full fine-tuning adds no layers"
    linear_to_lora_layers(network, count, config.lora.to_json(), use_dora=config.fine_tune_type == "dora")


def apply_adapter(network: Any, path: Path) -> AdapterConfig:
    """Put an adapter on a freshly loaded model; an error names what does not fit."""
    config = read_adapter_config(path)
    weights = read_adapter_weights(path)
    layers = len(network.layers)
    if config.base_bits:
        quantize_base(network, config.base_bits)
    if config.fine_tune_type != "full":
        if config.num_layers > layers:
            raise InputError(
                "the adapter belongs to another model",
                where=path,
                expected=f"at most {layers} layers",
                found=config.num_layers,
            )
        add_adapter_layers(network, config)
    load_adapter_weights(network, weights, path, full=config.fine_tune_type == "full")
    return config


def load_adapter_weights(network: Any, weights: dict[str, Any], path: Path, *, full: bool = False) -> None:
    """Give a model that has adapter layers these values; every name and shape has to fit, none may lack."""
    held = flat(network.parameters())
    fits = held if full else {n: v for n, v in held.items() if n.rsplit(".", 1)[-1] in LEAVES}
    for name, value in weights.items():
        if name not in fits:
            raise InputError(
                "the adapter belongs to another model", where=path, found=f"a tensor {name} it does not have"
            )
        if value.shape != fits[name].shape:
            raise InputError(
                "the adapter does not fit the model",
                where=f"{path}: {name}",
                expected=f"shape {tuple(fits[name].shape)}",
                found=tuple(value.shape),
                hint="Another rank in adapter_config.json, or another model",
            )
    missing = [] if full else sorted(set(fits) - set(weights))
    if missing:
        raise InputError("the adapter lacks a tensor", where=path, expected=missing[0])
    network.load_weights(list(weights.items()), strict=False)
