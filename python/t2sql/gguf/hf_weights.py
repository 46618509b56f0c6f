"""Which safetensors files hold a directory's weights: judged here for training, converting and verifying."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from t2sql.checked_json import read_json
from t2sql.errors import InputError
from t2sql.gguf.container import read_safetensors
from t2sql.gguf.tensors import TensorInfo

INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_SHARD = re.compile(r"(?P<stem>.*?)-?\d{5}-of-(?P<count>\d{5})\.safetensors$")
_LFS = b"version https://git-lfs"
_NOT_WEIGHTS = ("adapter", "consolidated", "optimizer")
"""Beginnings of names of safetensors files that are no weights, or another publisher's copy of them."""


def safetensors_files(path: Path) -> list[Path]:
    """The files of the index, else model.safetensors, else what looks like weights; others are passed over.

    Raises:
        InputError: There are none, a shard is missing, the index names a file elsewhere, or the directory
            holds two sets of weights of which neither can be preferred.
    """
    single, index = path / _SINGLE, path / INDEX
    if index.is_file():
        names = sorted(set(_weight_map(index).values()))
        shards = [path / name for name in names]
        missing = [file for file in shards if not file.is_file()]
        if single.is_file() and _SINGLE not in names:
            # An index whose shards are all gone is what the tool that joined them forgot.
            if len(missing) == len(shards):
                return [single]
            raise InputError(
                "two sets of weights",
                where=path,
                expected=f"{_SINGLE}, or the shards that {INDEX} names",
                found=f"{_SINGLE} beside {shards[0].name}",
                hint="Move one of the two elsewhere",
            )
        return [_existing(file) for file in shards]
    if single.is_file():
        return [single]
    files = sorted(file for file in path.glob("*.safetensors") if not file.name.startswith(_NOT_WEIGHTS))
    if not files:
        others = [file.name for file in path.iterdir() if file.suffix in (".bin", ".npz", ".pt", ".gguf")]
        raise InputError(
            "directory without weights",
            where=path,
            expected="model.safetensors or its shards",
            found=", ".join(sorted(others)) or "none",
        )
    sets = {_set_of(file) for file in files}
    if len(sets) > 1:
        raise InputError(
            "two sets of weights",
            where=path,
            expected="one file, or the shards of one model",
            found=", ".join(file.name for file in files[:4]),
            hint=f"Move all but one elsewhere, or name its files in {INDEX}",
        )
    return [_existing(path / name) for name in next(iter(sets))]


def read_weights(path: Path) -> dict[str, TensorInfo]:
    """The tensors of a directory's weights by name, from the headers.

    Raises:
        InputError: As `safetensors_files` does; a file is malformed, a tensor is in two files, or the index
            names a tensor that its file lacks.
    """
    tensors: dict[str, TensorInfo] = {}
    files = safetensors_files(path)
    for file in files:
        _check_not_pointer(file)
        for name, info in read_safetensors(file).tensors.items():
            if name in tensors:
                raise InputError("tensor in two files", where=file, found=name)
            tensors[name] = info
    index = path / INDEX
    listed = _weight_map(index) if index.is_file() else {}
    for name, shard in listed.items():
        if path / shard in files and (name not in tensors or tensors[name].path.name != shard):
            raise InputError(
                "the index contradicts the weights",
                where=index,
                expected=f"{name} in {shard}",
                found=f"it is in {tensors[name].path.name}" if name in tensors else "no such tensor",
                hint="Download or copy the model again",
            )
    return tensors


def _check_not_pointer(file: Path) -> None:
    """Refuse the few lines that a clone without Git LFS has in place of a large file."""
    with file.open("rb") as opened:
        if opened.read(len(_LFS)) == _LFS:
            raise InputError(
                "the weights were not downloaded",
                where=file,
                found="a Git LFS pointer",
                hint="Run git lfs pull in the directory",
            )


def _weight_map(index: Path) -> Mapping[str, str]:
    """Tensor -> file name, of an index that names files beside it."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, Mapping) or not weight_map:
        raise InputError("index without weight_map", where=index)
    names: dict[str, str] = {}
    for tensor, name in weight_map.items():
        is_plain = isinstance(name, str) and name.isprintable() and Path(name).name == name
        if not isinstance(name, str) or not is_plain or not name.endswith(".safetensors"):
            raise InputError(
                "the index names a file that is not beside it",
                where=index,
                expected="names of .safetensors files in the same directory",
                found=ascii(name)[:80],
            )
        names[tensor] = name
    return names


def _set_of(file: Path) -> tuple[str, ...]:
    """The names of all files of the set that a file belongs to by its name."""
    shard = _SHARD.match(file.name)
    if shard is None:
        return (file.name,)
    count = int(shard["count"])
    stem = file.name[: shard.end("stem")]
    dash = "-" if file.name[len(stem) :].startswith("-") else ""
    return tuple(f"{stem}{dash}{i:05d}-of-{count:05d}.safetensors" for i in range(1, min(count, 99999) + 1))


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise InputError("shard missing", where=file, hint="Download or copy the model again")
    return file
