"""What a GGUF, a safetensors file or a model directory holds, and what looks wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile, TensorInfo, read_gguf, read_safetensors
from t2sql.gguf.converter import gguf_names
from t2sql.gguf.families import Family, by_gguf_architecture, by_hf_architecture
from t2sql.gguf.hf import check_dtypes, read_directory, weight_files
from t2sql.gguf.hf_tokenizer import CONTROL, UNUSED, adds, special_ids
from t2sql.gguf.importer import understood
from t2sql.gguf.metadata import metadata_of
from t2sql.gguf.mlx_affine import AffineTensor
from t2sql.gguf.types import TYPES, type_named


@dataclass
class Inspection:
    path: Path
    format: str
    bytes: int
    architecture: str
    parameters: int
    bits_per_weight: float
    # type -> {"tensors": count, "bytes": size}
    types: dict[str, dict[str, int]]
    tensors: list[dict[str, Any]]
    # Long arrays are cut to a summary.
    metadata: dict[str, Any]
    # The instruction set that reads and writes its blocks here.
    simd: str
    # More than one when the model is split.
    files: int = 1
    tokenizer: dict[str, Any] = field(default_factory=dict)
    # Of the families that convert and import know; empty for others.
    family: str = ""
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}


def inspect(path: Path) -> Inspection:
    path = Path(path)
    if path.is_dir():
        return _directory(path)
    if not path.is_file():
        raise InputError("no such file", where=path)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"GGUF":
        return _gguf(path)
    if path.suffix == ".safetensors":
        return _safetensors(path)
    raise InputError("file not recognised", where=path, expected="GGUF or safetensors", found=repr(magic))


def _gguf(path: Path) -> Inspection:
    file = read_gguf(path)
    found = _summary(path, "GGUF v" + str(file.version), file.size, file.tensors)
    found.architecture = file.architecture
    found.files = len({info.path for info in file.tensors.values()}) or 1
    found.metadata = {key: _short(value) for key, value in file.metadata.items()}
    tokens = file.get("tokenizer.ggml.tokens")
    if tokens is None:
        found.warnings.append("no tokenizer: llama.cpp cannot load it")
    else:
        types = file.get("tokenizer.ggml.token_type") or []
        bos, eos = adds(file)
        found.tokenizer = {
            "model": file.get("tokenizer.ggml.model"),
            "pre": file.get("tokenizer.ggml.pre"),
            "tokens": len(tokens),
            "merges": len(file.get("tokenizer.ggml.merges") or []),
            "control": sum(kind == CONTROL for kind in types),
            "padding": sum(kind == UNUSED for kind in types),
            "special": {name: {"id": i, "token": tokens[i]} for name, i in special_ids(file).items()},
            "adds_bos": bos,
            "adds_eos": eos,
            "chat_template": "tokenizer.chat_template" in file.metadata,
        }
        embedding = file.tensors.get("token_embd.weight")
        if embedding is not None and embedding.shape[0] != len(tokens):
            found.warnings.append(
                f"{len(tokens)} tokens, but token_embd.weight has {embedding.shape[0]} rows"
            )
        if found.tokenizer["model"] == "gpt2" and not found.tokenizer["merges"]:
            found.warnings.append("BPE tokenizer without merges")
        if found.tokenizer["model"] == "gpt2" and not found.tokenizer["pre"]:
            found.warnings.append("BPE tokenizer without a pre-tokenizer name: llama.cpp will guess")
        scores = file.get("tokenizer.ggml.scores")
        if found.tokenizer["model"] == "llama" and scores and len(set(scores)) < 3:
            found.warnings.append("SPM tokenizer without real scores: texts will be split wrongly")
    blocks = file.get("{arch}.block_count")
    present = {name.split(".")[1] for name in file.tensors if name.startswith("blk.")}
    if blocks is not None and len(present) != blocks:
        found.warnings.append(f"block_count is {blocks}, tensors of {len(present)} blocks are there")
    stated = [t.name for t in TYPES.values() if t.file_type == file.get("general.file_type")]
    if stated and file.tensors and stated != [main_type(file)]:
        found.warnings.append(f"general.file_type says {stated[0]}, most matrices are {main_type(file)}")
    _understand(found, lambda: by_gguf_architecture(file.architecture, path), lambda f: understood(file, f))
    return found


def _safetensors(path: Path) -> Inspection:
    file = read_safetensors(path)
    found = _summary(path, "safetensors", file.size, file.tensors)
    found.metadata = {key: _short(value) for key, value in file.metadata.items()}
    return found


def _directory(path: Path) -> Inspection:
    directory = read_directory(path)
    size = sum(file.stat().st_size for file in weight_files(path))
    found = _summary(path, "directory", size, directory.tensors)
    found.architecture = directory.architecture
    found.metadata = {key: _short(value) for key, value in directory.config.items()}

    def understand(family: Family) -> None:
        check_dtypes(directory)
        names = gguf_names(directory, family)
        family.computed(directory.config)
        metadata_of(
            directory,
            family,
            type_named("f32"),
            vocabulary_size=directory.tensors[names["token_embd.weight"]].shape[0],
            parameters=found.parameters,
        )

    _understand(found, lambda: by_hf_architecture(found.architecture, path / "config.json"), understand)
    return found


def _understand(found: Inspection, family: Callable[[], Family], check: Callable[[Family], object]) -> None:
    """The family, and the first thing that keeps the model from being converted or imported."""
    try:
        known = family()
        found.family = known.model_type
        check(known)
    except InputError as error:
        found.warnings.append(str(error))


def _summary(path: Path, format: str, size: int, tensors: dict[str, TensorInfo]) -> Inspection:
    types: dict[str, dict[str, int]] = {}
    for info in tensors.values():
        entry = types.setdefault(_type(info), {"tensors": 0, "bytes": 0})
        entry["tensors"] += 1
        entry["bytes"] += _bytes(info)
    parameters = sum(info.elements for info in tensors.values())
    bits = 8 * sum(_bytes(info) for info in tensors.values()) / parameters if parameters else 0.0
    listed = [
        {"name": info.name, "type": _type(info), "shape": list(info.shape), "bytes": _bytes(info)}
        for info in tensors.values()
    ]
    from t2sql import _core

    types = dict(sorted(types.items(), key=lambda item: -item[1]["bytes"]))
    return Inspection(path, format, size, "", parameters, round(bits, 3), types, listed, {}, _core.simd())


def _type(info: TensorInfo) -> str:
    return f"mlx {info.bits}-bit" if isinstance(info, AffineTensor) else info.type


def _bytes(info: TensorInfo) -> int:
    further = info.scales.nbytes + info.biases.nbytes if isinstance(info, AffineTensor) else 0
    return info.nbytes + further


def _short(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) > 8:
        return {"length": len(value), "first": list(value[:4])}
    return value


def main_type(gguf: GgufFile) -> str:
    """The type that holds most of the file's weights."""
    count: Counter[str] = Counter()
    for name, info in gguf.tensors.items():
        # The embedding can outweigh all else in a small model, yet it is not what the file is named for.
        if len(info.shape) > 1 and name.startswith("blk."):
            count[info.type] += info.elements
    return count.most_common(1)[0][0] if count else "f32"
