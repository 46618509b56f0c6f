"""An adapter directory as mlx-lm writes it: its two files, and its settings checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from t2sql.errors import InputError

WEIGHTS = "adapters.safetensors"
CONFIG = "adapter_config.json"
LEAVES = ("lora_a", "lora_b", "m")


def read_adapter_config(path: Path) -> dict[str, Any]:
    """adapter_config.json of an adapter directory, with the keys that applying it needs."""
    if path.suffix == ".npz" or (not (path / WEIGHTS).is_file() and any(path.glob("*.npz"))):
        raise InputError(
            "an adapter in the old .npz format is not read",
            where=path,
            expected=f"a directory with {WEIGHTS} and {CONFIG}",
            hint="Its rank and scale were on the old command line only: train again, or write both files",
        )
    if not path.is_dir():
        raise InputError("no such adapter", where=path, expected=f"a directory with {WEIGHTS} and {CONFIG}")
    for name in (CONFIG, WEIGHTS):
        if not (path / name).is_file():
            raise InputError("not an adapter", where=path, expected=name)
    file = path / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError("adapter_config.json does not parse", where=file, found=error) from None
    if not isinstance(config, dict):
        raise InputError("adapter_config.json does not parse", where=file, expected="a JSON object")
    config.setdefault("fine_tune_type", "lora")
    if config["fine_tune_type"] not in ("lora", "dora", "full"):
        kinds = "lora, dora or full"
        raise InputError("unknown adapter type", where=file, expected=kinds, found=config["fine_tune_type"])
    if config["fine_tune_type"] != "full":
        lora = config.get("lora_parameters")
        if not isinstance(lora, dict) or not {"rank", "scale"} <= lora.keys() or "num_layers" not in config:
            raise InputError(
                "adapter_config.json is not mlx-lm's", where=file, expected="num_layers, lora_parameters"
            )
        lora.setdefault("dropout", 0.0)
    return config
