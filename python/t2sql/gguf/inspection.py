"""What a GGUF or safetensors file holds: types, metadata, tokenizer, and what looks wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.container import TensorInfo, read_gguf, read_safetensors
from t2sql.gguf.hf_tokenizer import CONTROL, UNUSED, adds, special_ids


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
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}


def inspect(path: Path) -> Inspection:
    path = Path(path)
    if path.is_dir():
        raise InputError(
            "a file is inspected, not a directory", where=path, hint="name one of its .safetensors files"
        )
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
    return found


def _safetensors(path: Path) -> Inspection:
    file = read_safetensors(path)
    found = _summary(path, "safetensors", file.size, file.tensors)
    found.metadata = {key: _short(value) for key, value in file.metadata.items()}
    return found


def _summary(path: Path, format: str, size: int, tensors: dict[str, TensorInfo]) -> Inspection:
    types: dict[str, dict[str, int]] = {}
    for info in tensors.values():
        entry = types.setdefault(info.type, {"tensors": 0, "bytes": 0})
        entry["tensors"] += 1
        entry["bytes"] += info.nbytes
    parameters = sum(info.elements for info in tensors.values())
    bits = 8 * sum(info.nbytes for info in tensors.values()) / parameters if parameters else 0.0
    listed = [
        {"name": info.name, "type": info.type, "shape": list(info.shape), "bytes": info.nbytes}
        for info in tensors.values()
    ]
    from t2sql import _core

    types = dict(sorted(types.items(), key=lambda item: -item[1]["bytes"]))
    return Inspection(path, format, size, "", parameters, round(bits, 3), types, listed, {}, _core.simd())


def _short(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) > 8:
        return {"length": len(value), "first": list(value[:4])}
    return value
