"""A base model made trainable: quantized if asked, adapter layers put on, the optimizer made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from t2sql.adapters import AdapterConfig
from t2sql.errors import InputError
from t2sql.models import Loaded, add_adapter_layers, flat, quantize_base
from t2sql.runtimes import mx, nn
from t2sql.train.config import TrainConfig


def prepare_model(loaded: Loaded, config: TrainConfig) -> dict[str, Any]:
    """Freeze the base and make the last layers trainable, in place; the adapter config that says how."""
    model = loaded.model
    layers = len(model.layers)
    count = layers if config.num_layers < 0 else config.num_layers
    if not 1 <= count <= layers:
        raise InputError(
            "cannot train that many layers",
            where="--num-layers",
            expected=f"1 to {layers}, or -1 for all",
            found=config.num_layers,
        )
    if config.base_bits:
        quantize_base(model, config.base_bits)
    keys = adapter_keys(model, config.keys)
    adapter = config.adapter_config(count, keys, _absolute(config.model))
    model.freeze()
    # The first values come from the seed alone, whatever was drawn before.
    mx.random.seed(config.seed)
    if config.fine_tune_type == "full":
        if loaded.config.get("quantization") or config.base_bits:
            raise InputError(
                "a quantized model cannot be trained in full",
                where="--fine-tune-type full",
                expected="lora or dora, or a full-precision base",
            )
        for layer in model.layers[layers - count :]:
            layer.unfreeze()
    else:
        add_adapter_layers(model, AdapterConfig.from_json(adapter, "the training settings"))
    mx.eval(model.parameters())
    return adapter


def _absolute(model: str) -> str:
    """A model argument that means the same in another working directory."""
    path = Path(model).expanduser()
    return str(path.resolve()) if path.exists() else model


def adapter_keys(model: Any, wanted: tuple[str, ...] | None) -> list[str]:
    """The projections of a layer to adapt, by their names in it; `q_proj` finds `self_attn.q_proj`."""
    layer = model.layers[-1]
    linear = [
        name for name, module in layer.named_modules() if isinstance(module, nn.Linear | nn.QuantizedLinear)
    ]
    if wanted is None:
        return sorted(linear)
    keys = []
    for key in wanted:
        found = [name for name in linear if name == key or name.rsplit(".", 1)[-1] == key]
        if not found:
            raise InputError("no such projection", where=f"--keys {key}", expected=", ".join(sorted(linear)))
        keys += found
    return sorted(set(keys))


def parameter_counts(model: Any) -> tuple[int, int]:
    """(total, trainable) parameters; a quantized matrix counts as the full one."""
    from mlx_lm.utils import get_total_parameters

    trainable = sum(value.size for value in flat(model.trainable_parameters()).values())
    return int(get_total_parameters(model)), int(trainable)
