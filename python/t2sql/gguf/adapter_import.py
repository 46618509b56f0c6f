"""A GGUF adapter as an adapter directory in mlx-lm's format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from t2sql.adapters import CONFIG, WEIGHTS, LoraParameters
from t2sql.gguf.adapter_file import AdapterFile
from t2sql.gguf.families.registry import by_gguf_architecture
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.weights import to_hf_rows


def import_adapter(file: AdapterFile, layers: int, out: Path) -> Path:
    """Write a GGUF adapter as a directory that mlx-lm loads.

    Args:
        file: The adapter, with its base.
        layers: The number of layers of the base.
        out: The directory, which is created.

    Returns:
        `out`.

    Raises:
        InputError: The architecture is unknown, or the matrices have several ranks.
    """
    family = by_gguf_architecture(file.gguf.architecture, file.gguf.path)
    heads = file.base.integer("{arch}.attention.head_count")
    kv_heads = file.base.integer("{arch}.attention.head_count_kv", default=heads)
    config = ModelConfig({"num_attention_heads": heads, "num_key_value_heads": kv_heads})
    weights: dict[str, np.ndarray] = {}
    keys, first = set(), layers
    for name, (a, b) in file.pairs.items():
        module = (family.to_hf(name) or name).removesuffix(".weight")
        parts = module.split(".")
        if parts[:2] == ["model", "layers"]:
            first = min(first, int(parts[2]))
            keys.add(".".join(parts[3:]))
        else:
            keys.add(module)
        rows = to_hf_rows(b.float32(), family.heads(name, config))
        weights[f"{module}.lora_a"] = np.ascontiguousarray(a.float32().T)
        weights[f"{module}.lora_b"] = np.ascontiguousarray(rows.T)
    out.mkdir(parents=True)
    save_file(weights, out / WEIGHTS)
    document = {
        "fine_tune_type": "lora",
        "num_layers": layers - first,
        "lora_parameters": LoraParameters(file.rank, file.scale, keys=tuple(sorted(keys))).to_json(),
    }
    (out / CONFIG).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return out
