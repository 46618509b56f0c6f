"""The files of a fused model's directory: weights in shards, config, tokenizer with our template, licence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from t2sql.models import flat
from t2sql.runtimes import mx

SHARD_BYTES = 5 << 30
COPIED = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "*.tiktoken",
    "generation_config.json",
    "README*",
    "LICENSE*",
    "LICENCE*",
    "NOTICE*",
)


def write_weights(network: Any, folder: Path, dtype: Any | None) -> int:
    """safetensors, in shards with an index when over 5 GiB; numbers in `dtype`, or as they are."""
    for old in folder.glob("model*.safetensors*"):
        old.unlink()
    weights = dict(sorted(flat(network.parameters()).items()))
    if dtype is not None:
        weights = {name: value.astype(dtype) for name, value in weights.items()}
    shards: list[dict[str, Any]] = [{}]
    held = 0
    for name, value in weights.items():
        if shards[-1] and held + value.nbytes > SHARD_BYTES:
            shards.append({})
            held = 0
        shards[-1][name] = value
        held += value.nbytes
    total = sum(value.nbytes for value in weights.values())
    places = {}
    for at, shard in enumerate(shards, start=1):
        file = "model.safetensors" if len(shards) == 1 else f"model-{at:05d}-of-{len(shards):05d}.safetensors"
        mx.save_safetensors(str(folder / file), shard, metadata={"format": "pt"})
        places.update(dict.fromkeys(shard, file))
    if len(shards) > 1:
        index = {"metadata": {"total_size": total}, "weight_map": places}
        text = json.dumps(index, indent=2) + "\n"
        (folder / "model.safetensors.index.json").write_text(text, encoding="utf-8")
    return len(weights)


def write_config(
    base: Path,
    folder: Path,
    dtype: str,
    quantization: dict[str, Any] | None,
    model: str | Path,
    adapter: Path,
    min_logprob: float | None = None,
) -> None:
    """The base's config.json with what changed, and a `t2sql` block that says how it was made."""
    from t2sql.prompt import PROMPT_FORMAT

    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    for key in ("quantization", "quantization_config"):
        config.pop(key, None)
        if quantization is not None:
            config[key] = quantization
    config["dtype" if "dtype" in config else "torch_dtype"] = dtype
    config["t2sql"] = {
        "prompt_format": PROMPT_FORMAT,
        "base_model": str(model) if not Path(model).exists() else Path(model).resolve().name,
        "adapter": "/".join(Path(adapter).resolve().parts[-3:]),
    }
    if min_logprob is not None:
        config["t2sql"]["min_logprob"] = min_logprob
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def write_files(base: Path, folder: Path) -> None:
    for pattern in COPIED:
        for file in base.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, folder / file.name)


def write_tokenizer(folder: Path, *, adds_bos: bool) -> None:
    """tokenizer_config.json whose chat template asks as the model was trained to be asked.

    A `chat_template.jinja` beside it would be read in its stead, so none is written.
    """
    from t2sql.prompt import chat_template

    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    settings["chat_template"] = chat_template(bos=adds_bos)
    file.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
