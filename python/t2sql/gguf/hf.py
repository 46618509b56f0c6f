"""A Hugging Face directory as a source: config.json and the weights of one file or of all its shards."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.container import TensorInfo, read_safetensors
from t2sql.gguf.mlx_affine import gather

_SHARD = re.compile(r"(?P<stem>.*?)-?(?P<number>\d{5})-of-(?P<total>\d{5})\.safetensors$")
_WEIGHT_TYPES = ("f32", "f16", "bf16")


@dataclass
class HfDirectory:
    path: Path
    config: dict[str, Any]
    tensors: dict[str, TensorInfo]

    @property
    def architecture(self) -> str:
        names = self.config.get("architectures") or []
        return str(names[0]) if names else str(self.config.get("model_type", "none"))


def read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError("file does not parse", where=path, expected="JSON", found=error) from None
    if not isinstance(document, dict):
        raise InputError("file does not parse", where=path, expected="a JSON object")
    return document


def read_directory(path: Path) -> HfDirectory:
    """Open a directory; refuses one without config or weights, with a shard missing, or foreign codes."""
    path = Path(path)
    if not path.is_dir():
        raise InputError("no such model directory", where=path)
    if not (path / "config.json").is_file():
        raise InputError(
            "directory without config", where=path, expected="config.json", hint="is it a model directory?"
        )
    config = normal_config(read_json(path / "config.json"))
    _refuse_quantized(path, config)
    tensors: dict[str, TensorInfo] = {}
    for file in weight_files(path):
        for name, info in read_safetensors(file).tensors.items():
            if name in tensors:
                raise InputError("tensor in two files", where=file, found=name)
            tensors[name] = info
    return HfDirectory(path, config, gather(path, config, tensors))


def weight_files(path: Path) -> list[Path]:
    """The safetensors files that hold the weights: one, those of the index, or the shards found by name."""
    single, index = path / "model.safetensors", path / "model.safetensors.index.json"
    if index.is_file():
        weight_map = read_json(index).get("weight_map")
        if not isinstance(weight_map, dict):
            raise InputError("index without weight_map", where=index)
        return [_present(path / name) for name in sorted(set(map(str, weight_map.values())))]
    if single.is_file():
        return [single]
    found = sorted(f for f in path.glob("*.safetensors") if not f.name.startswith("adapter"))
    if not found:
        others = [f.name for f in path.iterdir() if f.suffix in (".bin", ".npz", ".pt", ".gguf")]
        raise InputError(
            "directory without weights",
            where=path,
            expected="model.safetensors or its shards",
            found=", ".join(sorted(others)) or "none",
        )
    for file in found:
        match = _SHARD.match(file.name)
        if match:
            total = int(match["total"])
            names = [f"{match['stem']}-{i:05d}-of-{total:05d}.safetensors" for i in range(1, total + 1)]
            return [_present(path / name) for name in names]
    return found


def _present(file: Path) -> Path:
    if not file.is_file():
        raise InputError("shard missing", where=file, hint="download or copy the model again")
    return file


def normal_config(config: dict[str, Any]) -> dict[str, Any]:
    """Newer files nest the rope settings; the rest of the package reads one form."""
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
        config["rope_scaling"] = {k: v for k, v in rope.items() if k != "rope_theta"}
    return config


def _refuse_quantized(path: Path, config: dict[str, Any]) -> None:
    # MLX writes its own settings under both names.
    if config.get("quantization_config") and not config.get("quantization"):
        raise InputError(
            "weights already quantized",
            where=path / "config.json",
            expected="f32, f16 or bf16 weights, or MLX's own quantization",
            found=f"quantization_config: {json.dumps(config['quantization_config'])[:80]}",
            hint="convert the full-precision model",
        )


def check_dtypes(directory: HfDirectory) -> None:
    for info in directory.tensors.values():
        if info.type not in _WEIGHT_TYPES:
            raise InputError(
                "tensor type not supported",
                where=f"{info.path}: tensor {info.name}",
                expected="F32, F16 or BF16",
                found=info.type,
            )
