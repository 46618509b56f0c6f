"""GGUF to a Hugging Face directory, which is also how a GGUF becomes something that MLX can train."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from t2sql.errors import InputError
from t2sql.files import check_directory, output_directory
from t2sql.gguf.card import card_of, write_card
from t2sql.gguf.container import GgufFile
from t2sql.gguf.families.base import Family, Key
from t2sql.gguf.families.registry import by_gguf_architecture
from t2sql.gguf.families.rope import FACTOR_TENSORS
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.shards import read_gguf
from t2sql.gguf.stored_blocks import as_affine
from t2sql.gguf.tokenizer.gguf_tokenizer import special_ids
from t2sql.gguf.tokenizer.hf_files import write_tokenizer
from t2sql.gguf.weights import Weight, WrittenTensor, write_safetensors
from t2sql.ownership import MODEL
from t2sql.plain import Json, parse_json
from t2sql.progress import Progress

_TORCH_DTYPES = {"f16": "float16", "bf16": "bfloat16"}


@dataclass(frozen=True)
class ImportPlan:
    """What an import of a GGUF writes besides the tokenizer and the card.

    Attributes:
        config: config.json.
        weights: The tensors of model.safetensors, in order.
    """

    config: ModelConfig
    weights: Sequence[Weight]


def import_gguf(
    source: Path,
    out: Path,
    *,
    force: bool = False,
    keep_blocks: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write a GGUF as a Hugging Face directory that transformers and mlx-lm load.

    Block-quantized and float32 tensors become float32; float16 and bfloat16 tensors stay as they are, and
    float32 ones that hold the bfloat16 values of a model that was published so become bfloat16 again. The
    rows of q and k go back to Hugging Face's order, and what conversion added to norms is subtracted.

    Args:
        source: The file; of a split model, the first.
        out: The directory, which appears when it is whole.
        force: Replace a model directory that t2sql wrote.
        keep_blocks: Matrices in q8_0, q4_1 and q4_0 become MLX's affine groups of the same values, which only
            MLX loads.
        progress: Counts tensors.

    Returns:
        `out`.

    Raises:
        InputError: The file is malformed or of an unknown family, or `out` is in the way.
        WorkError: Writing failed.
    """
    check_directory(Path(out), MODEL, force=force)
    gguf = read_gguf(Path(source))
    plan = _as_published(gguf, plan_import(gguf, by_gguf_architecture(gguf.architecture, gguf.path)))
    tensors: Sequence[WrittenTensor] = plan.weights
    config = dict(plan.config.document)
    if keep_blocks:
        tensors, quantization = as_affine(plan.weights)
        config |= {"quantization": quantization} if quantization else {}
    with output_directory(Path(out), MODEL, force=force) as folder:
        write_tokenizer(gguf, folder)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        ids = special_ids(gguf)
        generation = {f"{name}_token_id": ids[name] for name in ("bos", "eos", "pad") if name in ids}
        text = json.dumps({"_from_model_config": True, **generation}, indent=2)
        (folder / "generation_config.json").write_text(text + "\n", encoding="utf-8")
        write_card(folder, card_of(gguf.metadata, gguf.path), source=gguf.path.name)
        write_safetensors(folder / "model.safetensors", tensors, progress=progress)
    return Path(out)


def plan_import(gguf: GgufFile, family: Family) -> ImportPlan:
    """Work out config.json and the weights.

    Raises:
        InputError: Metadata and tensors are not one whole model of the family.
    """
    names = _hf_names(gguf, family)
    config = _config(gguf, family, names)
    _check_shapes(gguf, family, config)
    weights = [
        Weight(hf, gguf.tensors[name], heads=family.heads(name, config), offset=family.offset(name))
        for name, hf in names.items()
    ]
    return ImportPlan(config, weights)


def _as_published(gguf: GgufFile, plan: ImportPlan) -> ImportPlan:
    """The plan with bfloat16 weights where the model was published in them and a float32 file has just those.

    A conversion to f32, and the norms of every file, hold bfloat16 values in twice the bytes.
    """
    original = _original_config(gguf)
    if original.get("dtype", original.get("torch_dtype")) != "bfloat16":
        return plan
    matrices = [weight for weight in plan.weights if len(weight.info.shape) > 1]
    if not all(weight.info.type == "bf16" or weight.holds_bfloat16() for weight in matrices):
        return plan
    weights = [replace(weight, narrows=weight.holds_bfloat16()) for weight in plan.weights]
    key = "dtype" if "dtype" in original else "torch_dtype"
    return ImportPlan(plan.config.with_settings({key: "bfloat16"}), weights)


def _hf_names(gguf: GgufFile, family: Family) -> dict[str, str]:
    """GGUF name -> Hugging Face name of every tensor but the rotary factors, which config.json expresses."""
    names = {}
    for name in gguf.tensors:
        if name in FACTOR_TENSORS:
            continue
        hf = family.to_hf(name)
        if hf is None:
            raise InputError(
                "tensor not supported",
                where=gguf.path,
                expected=f"the tensors of {family.gguf_architecture}",
                found=name,
            )
        names[name] = hf
    if "token_embd.weight" not in gguf.tensors:
        raise InputError("tensor missing", where=gguf.path, expected="token_embd.weight")
    return names


def _check_shapes(gguf: GgufFile, family: Family, config: ModelConfig) -> None:
    for name, shape in family.expected(config, tied=family.is_tied(config)).items():
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


def _config(gguf: GgufFile, family: Family, names: Mapping[str, str]) -> ModelConfig:
    """config.json: the original one, if the GGUF carries it, with what the GGUF's own keys say instead.

    The original one gets no keys that say what their absence means.
    """
    config = _original_config(gguf)
    is_original = bool(config)
    config.setdefault("architectures", [family.hf_architectures[0]])
    config.setdefault("model_type", family.model_type)
    stated = {key.config: (_setting(gguf, key), key.default) for key in family.keys}
    hf_names = set(names.values())
    for flag, stems in family.bias_flags.items():
        biased = family.to_hf(f"blk.0.{stems[0]}.bias") in hf_names
        stated[flag] = (biased, False)
    stated["vocab_size"] = (gguf.tensors["token_embd.weight"].shape[0], None)
    stated["tie_word_embeddings"] = ("lm_head.weight" not in hf_names, family.tied)
    for name, (value, default) in stated.items():
        if name in config or not is_original or value != _implied(name, default, config):
            config.update({} if value is None else {name: value})
    if not is_original:
        config.setdefault("num_key_value_heads", config["num_attention_heads"])
        config.setdefault(*family.activation)
    if family.extra_config is not None:
        further = family.extra_config(gguf, ModelConfig(config, str(gguf.path)))
        config = {**({} if is_original else further), **config}
    if not is_original:
        factors = {n: gguf.tensors[n].float32().ravel().tolist() for n in FACTOR_TENSORS if n in gguf.tensors}
        config.update(family.rope.config(gguf, factors))
    _set_token_ids(config, special_ids(gguf), str(gguf.path), is_original=is_original)
    types = {gguf.tensors[name].type for name in names if len(gguf.tensors[name].shape) > 1}
    dtype = _TORCH_DTYPES.get(types.pop(), "float32") if len(types) == 1 else "float32"
    config["dtype" if "dtype" in config else "torch_dtype"] = dtype
    return ModelConfig(config, str(gguf.path))


def _implied(name: str, default: Json, config: Mapping[str, Json]) -> Json:
    """What the absence of a setting means in an original config.json."""
    whole = ModelConfig(config)
    if name == "num_key_value_heads":
        return whole.heads
    return whole.head_dim if name == "head_dim" else default


def _set_token_ids(config: dict[str, Json], ids: Mapping[str, int], where: str, *, is_original: bool) -> None:
    """Give config.json the ids of special tokens; an original one keeps lists, and gets no new ids."""
    for name, token_id in ids.items():
        key = f"{name}_token_id"
        if name == "unk" or (is_original and key not in config):
            continue
        if not is_original or ModelConfig(config, where).token_id(key) != token_id:
            config[key] = token_id


def _setting(gguf: GgufFile, key: Key) -> int | float | None:
    """The value of a setting that both formats share."""
    name = "{arch}." + key.gguf
    if not key.required and gguf.get(name) is None:
        return key.default
    if key.type != "f32":
        return gguf.integer(name, most=key.most)
    # The shortest decimal that is this float32, so that 1e-05 comes back as 1e-05.
    return float(str(np.float32(gguf.number(name))))


def _original_config(gguf: GgufFile) -> dict[str, Json]:
    """The copy of config.json that `convert` stores; empty for files of other converters."""
    try:
        config = parse_json(gguf.text("t2sql.config", default="{}"))
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}
