"""A model, its tokenizer and an adapter in MLX, in the precision that this device is fast in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, T2sqlError
from t2sql.models.importing import as_directory
from t2sql.models.reference import ModelRef, check_directory, resolve
from t2sql.runtimes import device, mx, nn


@dataclass
class Loaded:
    """A model ready to run. `weights` says how they are held, as comparisons print it."""

    model: Any
    tokenizer: Any
    config: dict[str, Any]
    path: Path
    name: str
    weights: str = "float32"


def load(
    model: ModelRef | str | Path,
    *,
    adapter: Path | None = None,
    quantized: bool | None = None,
    dtype: str | None = None,
) -> Loaded:
    """Load a model: float32 on the CPU device, bfloat16 elsewhere, unless `dtype` says otherwise.

    A quantized MLX directory keeps its bits where the device is fast with them; the CPU device is not,
    so there it is dequantized. `quantized` decides instead.
    """
    ref = as_directory(model if isinstance(model, ModelRef) else resolve(model))
    name, path = ref.name, ref.path
    on_cpu = device() == "cpu"
    network, config = load_network(path)
    is_quantized = bool(config.get("quantization"))
    if is_quantized and not (quantized if quantized is not None else not on_cpu):
        network = dequantize(network, mx.float32 if on_cpu else mx.bfloat16)
        is_quantized = False
        config = {k: v for k, v in config.items() if k not in ("quantization", "quantization_config")}
    wanted = dtype or ("float32" if on_cpu else None if is_quantized else "bfloat16")
    if wanted:
        network.set_dtype(getattr(mx, wanted))
    _evaluate(network, path)
    weights = f"{config['quantization']['bits']}-bit" if is_quantized else (wanted or "float32")
    if adapter is not None:
        from t2sql.models.adapters import apply_adapter

        apply_adapter(network, Path(adapter))
        if wanted and not is_quantized:
            network.set_dtype(getattr(mx, wanted))
    network.eval()
    return Loaded(network, load_tokenizer(path, config), config, path, name, weights)


def load_network(path: Path) -> tuple[Any, dict[str, Any]]:
    """mlx-lm's model of a directory with its weights, not yet evaluated, and the config."""
    from mlx_lm.utils import load_model

    files = check_directory(path)
    check_config(path)
    for file in files:
        check_safetensors(file)
    try:
        return load_model(path, lazy=True)
    except T2sqlError:
        raise
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        text = str(error).strip()
        if "not supported" in text:
            raise InputError(
                "architecture not supported",
                where=path / "config.json",
                expected="a model type that mlx-lm knows",
                found=json.loads((path / "config.json").read_text()).get("model_type"),
            ) from None
        raise InputError(
            "the model does not load", where=path, found=" ".join(text.split())[:300] or type(error).__name__
        ) from None


def load_tokenizer(path: Path, config: dict[str, Any]) -> Any:
    """mlx-lm's wrapped tokenizer of a directory."""
    from mlx_lm.utils import load_tokenizer as load_wrapped

    if not any((path / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError("no tokenizer in the model directory", where=path, expected="tokenizer.json")
    try:
        return load_wrapped(path, eos_token_ids=config.get("eos_token_id"))
    except Exception as error:
        # transformers raises whatever its many loaders run into.
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError("the tokenizer does not load", where=path, found=found) from None


def check_config(path: Path) -> None:
    """config.json parses and names a model type."""
    file = path / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError("config.json does not parse", where=file, found=error) from None
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise InputError("config.json names no model", where=file, expected='a "model_type"')


def check_safetensors(file: Path) -> None:
    """The header parses and the file is as long as it says; MLX would read garbage or stop otherwise."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise InputError(
            "the weights file is damaged", where=file, found=error, hint="Download or copy it again"
        ) from None


def quantize_base(network: Any, bits: int, group_size: int = 64) -> None:
    """QLoRA's base: every matrix whose rows are whole groups, at that many bits.

    The CPU device holds the same values as full numbers, with which it is faster.
    """

    def fits(_: str, module: Any) -> bool:
        return hasattr(module, "to_quantized") and module.weight.shape[-1] % group_size == 0

    nn.quantize(network, group_size=group_size, bits=bits, class_predicate=fits)
    if device() == "cpu":
        dequantize(network, mx.float32)


def dequantize(network: Any, dtype: Any) -> Any:
    """Every quantized layer as a full one of that type, computed in float32."""
    from mlx_lm.utils import dequantize_model

    for _, module in network.named_modules():
        if isinstance(module, nn.QuantizedLinear | nn.QuantizedEmbedding) and module.mode == "affine":
            module.set_dtype(mx.float32)
    network = dequantize_model(network)
    network.set_dtype(dtype)
    return network


def _evaluate(network: Any, path: Path) -> None:
    try:
        mx.eval(network.parameters())
    except RuntimeError as error:
        raise InputError("the weights cannot be read", where=path, found=str(error)[:200]) from None
