"""What a GGUF file, a safetensors file or a model directory holds, as `t2sql inspect` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from t2sql import _core
from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile, read_safetensors
from t2sql.gguf.diagnosis import diagnose_directory, diagnose_gguf
from t2sql.gguf.entries import MetadataValue
from t2sql.gguf.hf import read_directory
from t2sql.gguf.hf_weights import safetensors_files
from t2sql.gguf.mlx_affine import AffineTensor
from t2sql.gguf.shards import read_gguf
from t2sql.gguf.tensors import TensorInfo
from t2sql.gguf.tokenizer.gguf_tokenizer import adds_bos_eos, special_ids
from t2sql.gguf.tokenizer.token_types import CONTROL, UNUSED
from t2sql.plain import Json, JsonObject

Shown: TypeAlias = "MetadataValue | Json"
"""A value of a GGUF's metadata or of config.json."""

# Longer arrays of the metadata are shown by their length and their first values.
_LONGEST = 8


@dataclass(frozen=True)
class TypeSize:
    """All tensors of one type.

    Attributes:
        tensors: Their number.
        bytes: The bytes that they take.
    """

    tensors: int
    bytes: int


@dataclass(frozen=True)
class TensorSummary:
    """One tensor.

    Attributes:
        name: Its name in the file.
        type: ggml's name of its type, or "mlx N-bit".
        shape: Row-major.
        bytes: The bytes that it takes; of a matrix that MLX quantized, with scales and biases.
    """

    name: str
    type: str
    shape: list[int]
    bytes: int


@dataclass(frozen=True)
class SpecialToken:
    """A special token.

    Attributes:
        id: Its id.
        token: Its text.
    """

    id: int
    token: str


@dataclass(frozen=True)
class TokenizerSummary:
    """A GGUF's tokenizer.

    Attributes:
        model: `tokenizer.ggml.model`; None when the file does not state it.
        pre: `tokenizer.ggml.pre`; None when the file does not state it.
        tokens: The number of tokens.
        merges: The number of merges.
        control: The number of control tokens.
        padding: The number of unused tokens.
        special: "bos", "eos", "unk" and "pad" -> the token, as far as there is one.
        adds_bos: Whether llama.cpp puts BOS before a text.
        adds_eos: Whether llama.cpp puts EOS after a text.
        chat_template: Whether there is one.
    """

    model: str | None
    pre: str | None
    tokens: int
    merges: int
    control: int
    padding: int
    special: dict[str, SpecialToken]
    adds_bos: bool
    adds_eos: bool
    chat_template: bool


@dataclass(frozen=True)
class Inspection:
    """What a file or directory holds.

    Attributes:
        path: What was inspected.
        format: "GGUF vN", "safetensors" or "directory".
        bytes: The bytes of its files; of a directory, of the weights.
        architecture: As the file or config.json states it; "" when it does not.
        parameters: The number of weights.
        bits_per_weight: Bits of tensor data for each of them.
        types: Type -> what its tensors amount to, largest first.
        tensors: Every tensor, in file order.
        metadata: The metadata or config.json; long arrays as a length and the first values.
        simd: The instruction set whose kernels run on this machine.
        files: The number of files; more than one for a split model.
        tokenizer: None when there is none, and for everything but GGUF files.
        family: The `model_type` of the family that convert and import know it as; "" for others.
        warnings: What looks wrong, as sentences.
    """

    path: Path
    format: str
    bytes: int
    architecture: str
    parameters: int
    bits_per_weight: float
    types: dict[str, TypeSize]
    tensors: list[TensorSummary]
    metadata: dict[str, Shown]
    simd: str
    files: int = 1
    tokenizer: TokenizerSummary | None = None
    family: str = ""
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> JsonObject:
        """The JSON document of `t2sql inspect --json`."""
        tokenizer = asdict(self.tokenizer) if self.tokenizer is not None else {}
        return {**asdict(self), "path": str(self.path), "tokenizer": tokenizer}


def inspect(path: Path) -> Inspection:
    """Describe a GGUF file, of a split model the first; a safetensors file; or a model directory.

    Raises:
        InputError: There is no such file, it is something else, or its header is malformed.
    """
    path = Path(path)
    if path.is_dir():
        return _inspect_directory(path)
    if not path.is_file():
        raise InputError("no such file", where=path)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"GGUF":
        return _inspect_gguf(path)
    if path.suffix == ".safetensors":
        file_header = read_safetensors(path)
        return _summary(path, "safetensors", file_header.size, file_header.tensors, file_header.metadata)
    found = f"a file that begins with {magic!r}" if magic else "an empty file"
    raise InputError("file not recognised", where=path, expected="GGUF or safetensors", found=found)


def _inspect_gguf(path: Path) -> Inspection:
    file = read_gguf(path)
    diagnosis = diagnose_gguf(file)
    return replace(
        _summary(path, f"GGUF v{file.version}", file.size, file.tensors, file.metadata),
        architecture=file.architecture,
        files=len({info.path for info in file.tensors.values()}) or 1,
        tokenizer=_tokenizer(file),
        family=diagnosis.family,
        warnings=diagnosis.warnings,
    )


def _inspect_directory(path: Path) -> Inspection:
    directory = read_directory(path)
    size = sum(file.stat().st_size for file in safetensors_files(path))
    diagnosis = diagnose_directory(directory)
    return replace(
        _summary(path, "directory", size, directory.tensors, directory.config.document),
        architecture=directory.architecture,
        family=diagnosis.family,
        warnings=diagnosis.warnings,
    )


def _summary(
    path: Path, kind: str, size: int, tensors: Mapping[str, TensorInfo], metadata: Mapping[str, Shown]
) -> Inspection:
    """An inspection of the tensors and the metadata alone."""
    listed = [_tensor(info) for info in tensors.values()]
    types: dict[str, TypeSize] = {}
    for tensor in listed:
        so_far = types.get(tensor.type, TypeSize(0, 0))
        types[tensor.type] = TypeSize(so_far.tensors + 1, so_far.bytes + tensor.bytes)
    parameters = sum(info.elements for info in tensors.values())
    data_bytes = sum(tensor.bytes for tensor in listed)
    return Inspection(
        path=path,
        format=kind,
        bytes=size,
        architecture="",
        parameters=parameters,
        bits_per_weight=round(8 * data_bytes / parameters, 3) if parameters else 0.0,
        types=dict(sorted(types.items(), key=lambda item: -item[1].bytes)),
        tensors=listed,
        metadata={key: _shortened(value) for key, value in metadata.items()},
        simd=_core.simd(),
    )


def _tensor(info: TensorInfo) -> TensorSummary:
    if isinstance(info, AffineTensor):
        nbytes = info.nbytes + info.scales.nbytes + info.biases.nbytes
        return TensorSummary(info.name, f"mlx {info.bits}-bit", list(info.shape), nbytes)
    return TensorSummary(info.name, info.type, list(info.shape), info.nbytes)


def _tokenizer(file: GgufFile) -> TokenizerSummary | None:
    tokens = file.texts("tokenizer.ggml.tokens")
    if not tokens:
        return None
    types = file.integers("tokenizer.ggml.token_type")
    adds_bos, adds_eos = adds_bos_eos(file)
    return TokenizerSummary(
        model=file.text("tokenizer.ggml.model", default="") or None,
        pre=file.text("tokenizer.ggml.pre", default="") or None,
        tokens=len(tokens),
        merges=len(file.texts("tokenizer.ggml.merges")),
        control=sum(kind == CONTROL for kind in types),
        padding=sum(kind == UNUSED for kind in types),
        special={name: SpecialToken(i, tokens[i]) for name, i in special_ids(file).items()},
        adds_bos=adds_bos,
        adds_eos=adds_eos,
        chat_template="tokenizer.chat_template" in file.metadata,
    )


def _shortened(value: Shown) -> Shown:
    """A metadata value; of a long array its length and its first values."""
    if isinstance(value, list | tuple) and len(value) > _LONGEST:
        return {"length": len(value), "first": list(value[:4])}
    return value
