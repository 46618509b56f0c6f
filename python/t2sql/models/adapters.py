"""Adapters put on a model in MLX: every tensor is checked against the model by name and shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from t2sql.adapters import LEAVES, WEIGHTS, AdapterConfig, check_adapter_not_fused, read_adapter_config
from t2sql.errors import InputError
from t2sql.gguf import (
    AdapterChanges,
    HfDirectory,
    LowRank,
    TensorInfo,
    read_changes,
    read_directory,
    read_safetensors,
)
from t2sql.models.weights import quantize_base
from t2sql.runtimes import Array, Module, mlx_lm, mx, nn, tree_flatten, tree_unflatten


def read_adapter_weights(path: Path) -> dict[str, Array]:
    """The tensors of an adapter directory by name.

    Raises:
        InputError: The file is damaged.
    """
    # MLX does not check the length: it would read wrong values or end the process.
    read_safetensors(path / WEIGHTS)
    weights = mx.load(str(path / WEIGHTS))
    assert isinstance(weights, dict)
    return weights


def flat(tree: Any) -> dict[str, Array]:
    """The arrays of a tree of parameters by dotted name, such as `model.layers.0.mlp.up_proj.weight`."""
    return dict(cast("list[tuple[str, Array]]", tree_flatten(tree)))


def add_adapter_layers(network: Module, config: AdapterConfig) -> None:
    """Replace the layers that an adapter config names by LoRA or DoRA layers with their first values.

    Args:
        network: mlx-lm's model; it is changed.
        config: The config of a LoRA or DoRA adapter.
    """
    assert config.lora is not None, "full fine-tuning adds no layers"
    # mlx-lm writes -1 for all layers, and does not read it.
    count = config.num_layers if config.num_layers > 0 else len(network.layers)
    mlx_lm.linear_to_lora_layers(
        network, count, dict(config.lora.to_json()), use_dora=config.fine_tune_type == "dora"
    )


def apply_adapter(network: Module, path: Path, base: Path) -> AdapterConfig:
    """Put an adapter on a freshly loaded model.

    Args:
        network: mlx-lm's model; it is changed. For an adapter with a quantized base it is quantized first.
        path: The adapter directory.
        base: The directory that the model was loaded from.

    Returns:
        The adapter's config.

    Raises:
        InputError: It is not an adapter, it is damaged, it is in the model's weights already, or a tensor
            does not fit the model.
    """
    config = read_adapter_config(path)
    check_adapter_not_fused(path, config, base)
    if config.peft is not None:
        if config.base_bits:
            quantize_base(network, config.base_bits)
        directory = read_directory(base)
        _apply_changes(network, read_changes(path, directory, config), directory)
        return config
    weights = read_adapter_weights(path)
    is_full = config.fine_tune_type == "full"
    if config.base_bits:
        quantize_base(network, config.base_bits)
    if not is_full:
        config.check_layers(len(network.layers), path)
        add_adapter_layers(network, config)
    load_adapter_weights(network, weights, path, full=is_full)
    return config


@contextmanager
def adapter_applied(network: Module, path: Path, base: Path) -> Iterator[AdapterConfig]:
    """Put an adapter on a model as long as the block lasts; then the model is as it was before.

    Args:
        network: mlx-lm's model, without an adapter.
        path: The adapter directory.
        base: The directory that the model was loaded from.

    Yields:
        The adapter's config.

    Raises:
        InputError: As `apply_adapter` does.
    """
    modules, values = network.leaf_modules(), network.parameters()
    try:
        yield apply_adapter(network, path, base)
    finally:
        network.update_modules(modules)
        network.update(values)


def load_adapter_weights(
    network: Module, weights: dict[str, Array], path: Path, *, full: bool = False
) -> None:
    """Give a model that has adapter layers these values.

    Args:
        network: The model; it is changed.
        weights: Values by name; with LoRA and DoRA, of every adapter tensor that the model has.
        path: Where they come from, for errors.
        full: The values are whole weights of a full fine-tune, not of adapter layers.

    Raises:
        InputError: A name or a shape does not fit, or a tensor is missing.
    """
    parameters = flat(network.parameters())
    if not full:
        parameters = {name: v for name, v in parameters.items() if name.rsplit(".", 1)[-1] in LEAVES}
    for name, value in weights.items():
        if name not in parameters:
            raise InputError(
                "the adapter belongs to another model",
                where=path,
                found=f"a tensor {name}, which the model does not have",
            )
        if value.shape != parameters[name].shape:
            raise InputError(
                "the adapter does not fit the model",
                where=f"{path}: {name}",
                expected=f"shape {tuple(parameters[name].shape)}",
                found=tuple(value.shape),
                hint="Another rank in adapter_config.json, or another model",
            )
    missing = [] if full else sorted(set(parameters) - set(weights))
    if missing:
        raise InputError("a tensor of the adapter is missing", where=path, expected=missing[0])
    network.load_weights(list(weights.items()), strict=False)


def _apply_changes(network: Module, changes: AdapterChanges, directory: HfDirectory) -> None:
    """Put an adapter whose ranks and scales may differ between modules on a model.

    Args:
        network: mlx-lm's model; it is changed.
        changes: What the adapter changes, by the names of `directory`.
        directory: The model's directory; mlx-lm's modules have the names of its files.
    """
    modules = dict(network.named_modules())
    replaced: list[tuple[str, Module]] = []
    for name, info in changes.whole.items():
        stem, _, leaf = directory.tensors[name].name.rpartition(".")
        module = modules[stem]
        if "scales" in module:
            rows, columns = info.shape
            if isinstance(module, nn.QuantizedEmbedding):
                full: Module = nn.Embedding(rows, columns)
            else:
                full = nn.Linear(columns, rows, bias="bias" in module)
                if "bias" in module:
                    full.bias = module.bias
            modules[stem] = module = full
            replaced.append((stem, full))
        module[leaf] = _array(info)
    for module_name, low_rank in changes.low_rank.items():
        stem = directory.tensors[f"{module_name}.weight"].name.removesuffix(".weight")
        replaced.append((stem, _adapter_layer(modules[stem], low_rank)))
    network.update_modules(tree_unflatten(replaced))


def _adapter_layer(module: Module, low_rank: LowRank) -> Module:
    """A layer with an adapter on it; mlx-lm has A [inputs, rank] and B [rank, outputs]."""
    kind: Any = mlx_lm.LoRAEmbedding if low_rank.is_embedding else mlx_lm.LoRALinear
    if low_rank.magnitudes is not None:
        kind = mlx_lm.DoRALinear
    layer: Module = kind.from_base(module, r=low_rank.rank, scale=low_rank.scale)
    left, right = low_rank.left.float32(), low_rank.right.float32()
    a, b = (left, right) if low_rank.is_embedding else (right.T, left.T)
    layer.lora_a, layer.lora_b = mx.array(a), mx.array(b)
    if low_rank.magnitudes is not None:
        layer.m = _array(low_rank.magnitudes)
    return layer


def _array(info: TensorInfo) -> Array:
    return mx.array(info.float32().reshape(info.shape))
