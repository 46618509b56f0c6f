"""Sources and plans for the streaming pass, and what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from t2sql import _core


def write_source(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    save_file(tensors, path)
    return path


def bfloat16_file(path: Path, name: str, x: np.ndarray) -> Path:
    """A safetensors file by hand: NumPy has no bfloat16."""
    data = (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
    header = json.dumps({name: {"dtype": "BF16", "shape": x.shape, "data_offsets": [0, len(data)]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


def plan(
    path: Path, source: str, shape: tuple[int, ...], dtype: str = "f32", **options: Any
) -> _core.TensorPlan:
    return _core.TensorPlan(
        **{"name": source, "path": path, "source": source, "shape": shape, "dtype": dtype, **options}
    )


def bytes_of(path: Path, name: str) -> bytes:
    entry = next(t for t in _core.read_gguf(path)["tensors"] if t["name"] == name)
    return path.read_bytes()[entry["offset"] : entry["offset"] + entry["nbytes"]]


def no_leftovers(directory: Path, *expected: str) -> None:
    assert sorted(p.name for p in directory.iterdir()) == sorted(expected)
