"""Which safetensors files hold a directory's weights."""

from __future__ import annotations

import re
from pathlib import Path

from t2sql.checked_json import read_json
from t2sql.errors import InputError

_SHARD = re.compile(r"(?P<stem>.*?)-?\d{5}-of-(?P<count>\d{5})\.safetensors$")


def safetensors_files(path: Path) -> list[Path]:
    """The files of model.safetensors.index.json, else model.safetensors, else what looks like weights.

    Raises:
        InputError: There are none, or a shard is missing.
    """
    single, index = path / "model.safetensors", path / "model.safetensors.index.json"
    if index.is_file():
        weight_map = read_json(index).get("weight_map")
        if not isinstance(weight_map, dict):
            raise InputError("index without weight_map", where=index)
        return [_existing(path / name) for name in sorted(set(map(str, weight_map.values())))]
    if single.is_file():
        return [single]
    files = sorted(file for file in path.glob("*.safetensors") if not file.name.startswith("adapter"))
    if not files:
        others = [file.name for file in path.iterdir() if file.suffix in (".bin", ".npz", ".pt", ".gguf")]
        raise InputError(
            "directory without weights",
            where=path,
            expected="model.safetensors or its shards",
            found=", ".join(sorted(others)) or "none",
        )
    for file in files:
        shard = _SHARD.match(file.name)
        if shard:
            count = int(shard["count"])
            names = [f"{shard['stem']}-{i:05d}-of-{count:05d}.safetensors" for i in range(1, count + 1)]
            return [_existing(path / name) for name in names]
    return files


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise InputError("shard missing", where=file, hint="Download or copy the model again")
    return file
