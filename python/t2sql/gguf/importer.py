"""GGUF to a Hugging Face directory: the way back, and how a GGUF becomes something MLX can train."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.files import output_directory
from t2sql.gguf.card import card_of, write_card
from t2sql.gguf.container import GgufFile, read_gguf
from t2sql.gguf.families import Family, by_gguf_architecture
from t2sql.gguf.families.rope import FACTOR_TENSORS
from t2sql.gguf.hf_tokenizer import special_ids, write_tokenizer
from t2sql.gguf.weights import Weight, write_safetensors

Progress = Callable[[int, int, str], None]


def import_gguf(source: Path, out: Path, *, force: bool = False, progress: Progress | None = None) -> Path:
    """Write `source` as a Hugging Face directory that transformers and mlx-lm load; returns `out`.

    Block-quantized and float32 tensors become float32, float16 and bfloat16 stay; the rows of q and k go
    back to Hugging Face's order, and what conversion added to norms is taken off.
    """
    gguf = read_gguf(Path(source))
    family = by_gguf_architecture(gguf.architecture, gguf.path)
    config, weights = understood(gguf, family)
    for weight in weights:
        weight.heads = family.heads(weight.info.name, config)
        weight.offset = family.offset(weight.info.name)
    with output_directory(Path(out), force=force) as folder:
        write_tokenizer(gguf, folder)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        ids = special_ids(gguf)
        generation = {f"{name}_token_id": ids[name] for name in ("bos", "eos", "pad") if name in ids}
        text = json.dumps({"_from_model_config": True, **generation}, indent=2)
        (folder / "generation_config.json").write_text(text + "\n", encoding="utf-8")
        write_card(folder, card_of(gguf.metadata, gguf.path), source=gguf.path.name)
        write_safetensors(folder / "model.safetensors", weights, progress=progress)
    return Path(out)


def understood(gguf: GgufFile, family: Family) -> tuple[dict[str, Any], list[Weight]]:
    """config.json and the weights; refuses a file whose metadata and tensors are not one whole model."""
    weights = _weights(gguf, family)
    config = _config(gguf, family, weights)
    _check_shapes(gguf, family, config)
    return config, weights


def _weights(gguf: GgufFile, family: Family) -> list[Weight]:
    weights = []
    for info in gguf.tensors.values():
        if info.name in FACTOR_TENSORS:
            continue
        name = family.to_hf(info.name)
        if name is None:
            raise InputError(
                "tensor not supported",
                where=gguf.path,
                expected=f"the tensors of {family.gguf_architecture}",
                found=info.name,
            )
        weights.append(Weight(name, info))
    if "token_embd.weight" not in gguf.tensors:
        raise InputError("tensor missing", where=gguf.path, expected="token_embd.weight")
    return weights


def _check_shapes(gguf: GgufFile, family: Family, config: dict[str, Any]) -> None:
    for name, shape in family.expected(config, tied=bool(config["tie_word_embeddings"])).items():
        info = gguf.tensors.get(name)
        if info is None:
            raise InputError("tensor missing", where=gguf.path, expected=name)
        if info.shape != shape:
            raise InputError(
                "metadata contradicts a tensor",
                where=f"{gguf.path}: tensor {name}",
                expected=f"shape {list(shape)}",
                found=list(info.shape),
            )


def _config(gguf: GgufFile, family: Family, weights: list[Weight]) -> dict[str, Any]:
    """config.json: what the GGUF's keys say, over what the original config said where GGUF has no key."""
    config = _saved_config(gguf.metadata)
    config.setdefault("architectures", [family.hf_architectures[0]])
    config.setdefault("model_type", family.model_type)
    for key in family.keys:
        value = gguf.need("{arch}." + key.gguf) if key.required else gguf.get("{arch}." + key.gguf)
        if value is None:
            value = key.default
        if isinstance(value, list | str | bool) or (key.required and not value > 0):
            raise InputError(
                "metadata value not supported",
                where=f"{gguf.path}: {gguf.architecture}.{key.gguf}",
                expected="one positive number",
                found=value,
            )
        if value is not None:
            config[key.config] = _shortest(value) if key.type == "f32" else value
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    if family.config is not None:
        config = {**family.config(gguf.metadata, config), **config}
    if "t2sql.config" not in gguf.metadata:
        factors = {n: gguf.tensors[n].float32().ravel().tolist() for n in FACTOR_TENSORS if n in gguf.tensors}
        config.update(family.rope.config(gguf.architecture, gguf.metadata, factors))
    names = {weight.name for weight in weights}
    config["vocab_size"] = gguf.tensors["token_embd.weight"].shape[0]
    config["tie_word_embeddings"] = "lm_head.weight" not in names
    if family.may_be_biased:
        config["attention_bias"] = "model.layers.0.self_attn.q_proj.bias" in names
        config["mlp_bias"] = "model.layers.0.mlp.up_proj.bias" in names
    config.setdefault(*family.activation)
    for name, value in special_ids(gguf).items():
        if name != "unk":
            config[f"{name}_token_id"] = value
    kept = {w.info.type for w in weights if len(w.info.shape) > 1}
    names_of = {"f16": "float16", "bf16": "bfloat16"}
    config["torch_dtype"] = names_of.get(kept.pop(), "float32") if len(kept) == 1 else "float32"
    return config


def _saved_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    try:
        saved = json.loads(metadata.get("t2sql.config", "{}"))
    except ValueError:
        saved = {}
    return saved if isinstance(saved, dict) else {}


def _shortest(value: float) -> float:
    """The shortest decimal that is this float32, so that 1e-05 comes back as 1e-05."""
    import numpy as np

    return float(str(np.float32(value)))
