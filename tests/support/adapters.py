"""LoRA adapters for the tiny models, and changes of their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from t2sql.gguf import read_directory

KEYS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.o_proj", "mlp.down_proj")
RANK, SCALE = 4, 5.0


def write_adapter(base: Path, out: Path, *, keys: tuple[str, ...] = KEYS, layers: int = 1) -> Path:
    """A LoRA adapter on the last layers of a tiny model, with a strong effect."""
    rng = np.random.default_rng(3)
    weights = load_file(str(base / "model.safetensors"))
    adapter: dict[str, np.ndarray] = {}
    for layer in range(2 - layers, 2):
        for key in keys:
            rows, columns = weights[f"model.layers.{layer}.{key}.weight"].shape
            for leaf, shape in (("lora_a", (columns, RANK)), ("lora_b", (RANK, rows))):
                values = rng.standard_normal(shape) / shape[0] ** 0.5 / 2
                adapter[f"model.layers.{layer}.{key}.{leaf}"] = values.astype(np.float32)
    out.mkdir()
    save_file(adapter, str(out / "adapters.safetensors"))
    lora = {"rank": RANK, "scale": SCALE, "dropout": 0.0, "keys": list(keys)}
    config = {"fine_tune_type": "lora", "num_layers": layers, "lora_parameters": lora}
    (out / "adapter_config.json").write_text(json.dumps(config))
    return out


def write_adapter_of_all(base: Path, out: Path, *, dora: bool = False) -> Path:
    """An adapter of every matrix inside the layers of a model of any family, with a strong effect."""
    rng = np.random.default_rng(4)
    adapter: dict[str, np.ndarray] = {}
    keys = set()
    for name, info in read_directory(base).tensors.items():
        module, _, leaf = name.rpartition(".")
        if leaf != "weight" or len(info.shape) != 2 or ".layers." not in name:
            continue
        keys.add(module.split(".", 3)[3])
        rows, columns = info.shape
        adapter[f"{module}.lora_a"] = rng.standard_normal((columns, RANK)) / columns**0.5
        adapter[f"{module}.lora_b"] = rng.standard_normal((RANK, rows)) / 20
        if dora:
            norms = np.linalg.norm(info.float32(), axis=1)
            adapter[f"{module}.m"] = norms * (1 + 0.1 * rng.standard_normal(rows))
    out.mkdir()
    stored = {name: np.ascontiguousarray(value, np.float32) for name, value in adapter.items()}
    save_file(stored, str(out / "adapters.safetensors"))
    lora = {"rank": RANK, "scale": SCALE, "dropout": 0.0, "keys": sorted(keys)}
    kind = "dora" if dora else "lora"
    config = {"fine_tune_type": kind, "num_layers": -1, "lora_parameters": lora}
    (out / "adapter_config.json").write_text(json.dumps(config))
    return out


def edit(adapter: Path, **changes: Any) -> None:
    """Change tensors (None: removed) of an adapter."""
    file = str(adapter / "adapters.safetensors")
    weights: dict[str, Any] = {**load_file(file), **changes}
    save_file({name: value for name, value in weights.items() if value is not None}, file)


def edit_config(adapter: Path, **changes: Any) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
