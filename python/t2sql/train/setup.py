"""A base model made trainable: quantized if asked, frozen, and adapter layers put on."""

from __future__ import annotations

from typing import Any

from t2sql.adapters import AdapterConfig, fused_adapters_of
from t2sql.errors import InputError
from t2sql.models import (
    RUNTIME_BYTES,
    Loaded,
    ModelRef,
    add_adapter_layers,
    as_directory,
    check_memory,
    dequantize,
    flat,
    halve_matrices,
    lasting_source,
    load,
    model_size,
    quantize_base,
)
from t2sql.plain import JsonObject
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat
from t2sql.runtimes import Module, mlx_lm, mx, nn, policy
from t2sql.train.compute import Compute, choose, held_bytes, keeps_gguf, keeps_stored
from t2sql.train.config import TrainConfig
from t2sql.train.native import computes


def base_directory(ref: ModelRef, config: TrainConfig) -> ModelRef:
    """A base model as a directory; a GGUF's matrices stay as they are stored where they are trained on so."""
    return as_directory(ref, as_stored=keeps_gguf(ref, config))


def check_base_fits(ref: ModelRef, config: TrainConfig, compute: Compute | None = None) -> None:
    """Refuse a base that takes more memory than there is, before it is imported.

    Args:
        ref: The model.
        config: The settings.
        compute: What multiplies by the base's matrices; by default it is chosen as training does.

    Raises:
        InputError: A header does not parse.
        WorkError: There is less.
    """
    need = held_bytes(ref, config, compute or choose(config, None)) + model_size(ref).largest + RUNTIME_BYTES
    check_memory(need, what="train the model", where=ref.source)


def load_base(ref: ModelRef, config: TrainConfig, compute: Compute, *, tokenizer: Any = None) -> Loaded:
    """Load a base model for training; where Rust computes its layers, matrices are held as they are stored.

    Args:
        ref: The model.
        config: The settings.
        compute: In bfloat16, full matrices are held so.
        tokenizer: The model's tokenizer, where it has been loaded already.
    """
    keeps = policy().keeps_quantized or keeps_stored(config)

    def prepare(network: Module) -> None:
        if config.base_bits and config.fine_tune_type != "full":
            quantize_base(network, config.base_bits, keep=keeps)
        if compute.precision == "bfloat16" and computes(network):
            halve_matrices(network)

    halves = keeps_gguf(ref, config)
    directory = base_directory(ref, config)
    loaded = load(directory, quantized=keeps, halves=halves, prepare=prepare, tokenizer=tokenizer)
    if loaded.weights == "float32":
        modules = loaded.model.modules()
        types = {module.weight.dtype for module in modules if type(module) is nn.Linear}
        if config.base_bits and any("scales" in module for module in modules):
            loaded.weights = f"{config.base_bits}-bit"
        elif types & {mx.bfloat16, mx.float16}:
            loaded.weights = "bfloat16" if mx.bfloat16 in types else "float16"
    return loaded


def prepare_model(
    loaded: Loaded, config: TrainConfig, prompt_format: PromptFormat = DEFAULT_FORMAT
) -> JsonObject:
    """Freeze the base and make its last layers trainable.

    Args:
        loaded: The base model; its network is changed.
        config: The settings.
        prompt_format: The format of the prompts that it is trained on.

    Returns:
        The JSON of adapter_config.json, which says how to put the adapter on the base again.

    Raises:
        InputError: Number of layers, projections or fine-tune type do not suit the model.
    """
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
    keeps = policy().keeps_quantized or keeps_stored(config)
    if config.base_bits:
        quantize_base(model, config.base_bits, keep=keeps)
    keys = adapter_keys(model, config.keys)
    adapter = dict(config.adapter_config(count, keys, lasting_source(config.model), prompt_format))
    inside = fused_adapters_of(loaded.path)
    if inside:
        adapter["base_adapters"] = [identity.fingerprint for identity in inside]
    model.freeze()
    # The adapter's first values depend on the seed alone, whatever was drawn before.
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
        if not policy().keeps_quantized and not (keeps and computes(model)):
            # MLX multiplies by quantized matrices, and in bfloat16, slowly on a CPU.
            dequantize(model, policy().dtype)
            loaded.weights = policy().weights
            model.freeze()
            for module in model.modules():
                if "lora_a" in module:
                    module.unfreeze(keys=["lora_a", "lora_b", "m"], recurse=False)
    mx.eval(model.parameters())
    return adapter


def adapter_keys(model: Module, wanted: tuple[str, ...] | None) -> list[str]:
    """The projections of a layer to adapt, by their names in it.

    Args:
        model: mlx-lm's model.
        wanted: Their names, or the last parts of these: `q_proj` means `self_attn.q_proj`. None for all.

    Raises:
        InputError: A layer has no such projection.
    """
    layer = model.layers[-1]
    linear = [
        name for name, module in layer.named_modules() if isinstance(module, nn.Linear | nn.QuantizedLinear)
    ]
    if wanted is None:
        return sorted(linear)
    keys: set[str] = set()
    for key in wanted:
        matching = [name for name in linear if name == key or name.rsplit(".", 1)[-1] == key]
        if not matching:
            raise InputError("no such projection", where=f"--keys {key}", expected=", ".join(sorted(linear)))
        keys.update(matching)
    return sorted(keys)


def parameter_counts(model: Module) -> tuple[int, int]:
    """(total, trainable) parameters; a quantized matrix counts as the full one."""
    trainable = sum(value.size for value in flat(model.trainable_parameters()).values())
    return int(mlx_lm.get_total_parameters(model)), int(trainable)
