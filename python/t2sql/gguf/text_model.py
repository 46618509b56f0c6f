"""Models with a text model inside, such as Gemma 3 with its eyes: the text model alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from t2sql.gguf.hf_config import ModelConfig, flat_rope
from t2sql.gguf.tensors import TensorInfo
from t2sql.plain import JsonObject


@dataclass(frozen=True)
class Wrapper:
    """A model around a text model.

    Attributes:
        architecture: The class name of the text model alone.
        model_type: Its `model_type`.
        prefixes: Beginning of a tensor's name -> what stands in its place in the text model alone.
        dropped: Beginnings of the names of all other tensors.
        defaults: Settings that `text_config` leaves out where they are those of the class.
    """

    architecture: str
    model_type: str
    prefixes: Mapping[str, str]
    dropped: tuple[str, ...]
    defaults: JsonObject


# The defaults are those of transformers' Gemma3TextConfig.
WRAPPERS: Mapping[str, Wrapper] = {
    "Gemma3ForConditionalGeneration": Wrapper(
        architecture="Gemma3ForCausalLM",
        model_type="gemma3_text",
        prefixes={"language_model.": "", "model.language_model.": "model."},
        dropped=(
            *("vision_tower.", "multi_modal_projector."),
            *("model.vision_tower.", "model.multi_modal_projector."),
        ),
        defaults={
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "head_dim": 256,
            "max_position_embeddings": 131072,
            "rms_norm_eps": 1e-6,
            "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10_000.0,
            "query_pre_attn_scalar": 256,
            "sliding_window": 4096,
        },
    )
}

# Settings of the whole model that hold for the text model too, unless it has its own.
_SHARED = (
    *("bos_token_id", "eos_token_id", "pad_token_id", "torch_dtype", "dtype", "t2sql", "_name_or_path"),
    *("tie_word_embeddings", "quantization", "quantization_config"),
)


def text_config(config: ModelConfig) -> ModelConfig:
    """The config of the text model inside; the config itself where there is no wrapper.

    Raises:
        InputError: `architectures` or `text_config` has another type.
    """
    wrapper = _wrapper_of(config)
    if wrapper is None:
        return config
    shared = {key: config.document[key] for key in _SHARED if key in config.document}
    inner = flat_rope(ModelConfig(config.section("text_config").document, f"{config.where}: text_config"))
    return ModelConfig(
        {
            **wrapper.defaults,
            **shared,
            **inner.document,
            "architectures": [wrapper.architecture],
            "model_type": wrapper.model_type,
        },
        config.where,
    )


def text_name(config: ModelConfig, name: str) -> str | None:
    """A tensor's or a module's name in the text model alone; None for what it does not have.

    Args:
        config: config.json of the whole model.
        name: The name in the files.
    """
    wrapper = _wrapper_of(config)
    if wrapper is None:
        return name
    if name.startswith(wrapper.dropped):
        return None
    for prefix, replacement in wrapper.prefixes.items():
        if name.startswith(prefix):
            return replacement + name.removeprefix(prefix)
    return name


def text_tensors(config: ModelConfig, tensors: Mapping[str, TensorInfo]) -> dict[str, TensorInfo]:
    """The tensors of the text model by their names in it; the arguments are those of `text_name`."""
    named = {text_name(config, name): info for name, info in tensors.items()}
    return {name: info for name, info in named.items() if name is not None}


def _wrapper_of(config: ModelConfig) -> Wrapper | None:
    names = config.texts("architectures")
    return WRAPPERS.get(names[0]) if names else None
