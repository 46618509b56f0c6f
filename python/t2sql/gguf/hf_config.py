"""config.json of a Hugging Face directory: JSON of others, in the one form that this package reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from t2sql.errors import InputError

# config.json. Which keys a family has is the family's business, so its values stay as JSON has them.
Config: TypeAlias = Mapping[str, Any]


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        InputError: The file cannot be read or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError("file does not parse", where=path, expected="JSON", found=error) from None
    if not isinstance(document, dict):
        raise InputError("file does not parse", where=path, expected="a JSON object")
    return document


def read_config(path: Path) -> Config:
    """Read config.json in its older form, which has the rope settings at the top.

    Raises:
        InputError: It does not parse, or the weights are quantized otherwise than by MLX.
    """
    config = _flat_rope(read_json(path))
    # MLX writes its own settings under both names.
    if config.get("quantization_config") and not config.get("quantization"):
        raise InputError(
            "weights already quantized",
            where=path,
            expected="f32, f16 or bf16 weights, or MLX's own quantization",
            found=f"quantization_config: {json.dumps(config['quantization_config'])[:80]}",
            hint="Convert the full-precision model",
        )
    return config


def about(config: Config) -> Mapping[str, Any]:
    """The "t2sql" block, which `t2sql fuse` writes into a model's config.json; empty when there is none."""
    block = config.get("t2sql")
    return block if isinstance(block, dict) else {}


def _flat_rope(config: dict[str, Any]) -> dict[str, Any]:
    """The config with transformers 5's `rope_parameters` where transformers 4 has them."""
    rope = config.get("rope_parameters")
    if not isinstance(rope, dict):
        return config
    config = dict(config)
    local = rope.get("sliding_attention")
    if isinstance(local, dict) and "rope_theta" in local:
        config.setdefault("rope_local_base_freq", local["rope_theta"])
    rope = rope.get("full_attention", rope)
    for key in ("rope_theta", "partial_rotary_factor", "original_max_position_embeddings"):
        if rope.get(key) is not None:
            config.setdefault(key, rope[key])
    if rope.get("rope_type", "default") != "default" and not config.get("rope_scaling"):
        config["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    return config
