"""Models of known shapes with random weights, and a tokenizer trained on the text that they are to see.

Speed and memory depend on shapes and types alone, so nothing has to be downloaded to measure them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from t2sql.runtimes import Array, mx

GROUP_SIZE = 64

SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {
        **{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": True},
        **{"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 1024},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "rope_theta": 1e4},
        **{"rms_norm_eps": 1e-5, "max_position_embeddings": 2048},
    },
    "smollm2-135m": {
        **{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": True},
        **{"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "vocab_size": 49152},
        **{"num_attention_heads": 9, "num_key_value_heads": 3, "rope_theta": 1e5},
        **{"rms_norm_eps": 1e-5, "max_position_embeddings": 8192},
    },
    "qwen2.5-0.5b": {
        **{"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "tie_word_embeddings": True},
        **{"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "vocab_size": 151936},
        **{"num_attention_heads": 14, "num_key_value_heads": 2, "rope_theta": 1e6},
        **{"rms_norm_eps": 1e-6, "max_position_embeddings": 32768},
    },
    "mistral-7b": {
        **{"architectures": ["MistralForCausalLM"], "model_type": "mistral", "tie_word_embeddings": False},
        **{"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "vocab_size": 32000},
        **{"num_attention_heads": 32, "num_key_value_heads": 8, "rope_theta": 1e4},
        **{"rms_norm_eps": 1e-5, "max_position_embeddings": 8192},
    },
}
"""config.json by name; the larger ones are those of SmolLM2-135M, Qwen2.5-0.5B and Mistral-7B-v0.1."""

_ENDS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def write_model(
    folder: Path, shape: str, texts: Iterable[str], *, bits: int | None = None, dtype: mx.Dtype = mx.bfloat16
) -> Path:
    """Write a Hugging Face directory.

    Args:
        folder: The directory.
        shape: A name of `SHAPES`.
        texts: What the tokenizer is trained on.
        bits: Quantize every matrix to so many bits, as `mlx_lm.convert --quantize` does.
        dtype: The type of the numbers.

    Returns:
        `folder`.
    """
    folder.mkdir(parents=True)
    config = {**SHAPES[shape], "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2}
    config["torch_dtype"] = str(dtype).rsplit(".", 1)[-1]
    if bits:
        config["quantization"] = {"group_size": GROUP_SIZE, "bits": bits}
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    _write_tokenizer(folder, texts, config["vocab_size"])
    mx.random.seed(0)
    places, total = {}, 0
    parts = config["num_hidden_layers"] + 1
    for part in range(parts):
        names = _matrices(config, part)
        weights: dict[str, Array] = {}
        for name, size in names:
            weights |= _stored(name, _random(size).astype(dtype), bits)
        file = f"model-{part + 1:05d}-of-{parts:05d}.safetensors"
        mx.save_safetensors(str(folder / file), weights, metadata={"format": "mlx"})
        places |= dict.fromkeys(weights, file)
        total += sum(value.nbytes for value in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def _matrices(config: dict[str, Any], part: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(name, shape) of the tensors of a layer, or after the last layer of the ends of the model."""
    hidden, wide, layers = (
        config[f"{name}"] for name in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    heads = config["num_attention_heads"]
    kv_dim = hidden // heads * config["num_key_value_heads"]
    if part == layers:
        yield "model.embed_tokens.weight", (config["vocab_size"], hidden)
        yield "model.norm.weight", (hidden,)
        if not config["tie_word_embeddings"]:
            yield "lm_head.weight", (config["vocab_size"], hidden)
        return
    sizes = {"q_proj": (hidden, hidden), "k_proj": (kv_dim, hidden), "v_proj": (kv_dim, hidden)}
    for name, size in {**sizes, "o_proj": (hidden, hidden)}.items():
        yield f"model.layers.{part}.self_attn.{name}.weight", size
    if config["model_type"] == "qwen2":
        for name in ("q_proj", "k_proj", "v_proj"):
            yield f"model.layers.{part}.self_attn.{name}.bias", (sizes.get(name, (hidden,))[0],)
    sizes = {"gate_proj": (wide, hidden), "up_proj": (wide, hidden), "down_proj": (hidden, wide)}
    for name, size in sizes.items():
        yield f"model.layers.{part}.mlp.{name}.weight", size
    for name in ("input_layernorm", "post_attention_layernorm"):
        yield f"model.layers.{part}.{name}.weight", (hidden,)


def _random(size: tuple[int, ...]) -> Array:
    """Norms of one; matrices that keep the size of what they are multiplied with."""
    return mx.ones(size) if len(size) == 1 else mx.random.normal(size) * size[-1] ** -0.5


def _stored(name: str, value: Array, bits: int | None) -> dict[str, Array]:
    """The tensors that hold a weight."""
    if not bits or value.ndim == 1:
        return {name: value}
    stem = name.removesuffix(".weight")
    codes, scales, biases = mx.quantize(value, group_size=GROUP_SIZE, bits=bits)
    return {name: codes, f"{stem}.scales": scales, f"{stem}.biases": biases}


def _write_tokenizer(folder: Path, texts: Iterable[str], vocab_size: int) -> None:
    """A byte-level BPE of at most 4,096 tokens; the model's other rows of the vocabulary stay unused."""
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=min(vocab_size, 4096),
        special_tokens=list(_ENDS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": _ENDS[1],
        "eos_token": _ENDS[2],
        "unk_token": _ENDS[0],
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))
