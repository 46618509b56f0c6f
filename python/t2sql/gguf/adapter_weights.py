"""The LoRA matrices of an adapter in mlx-lm's format, checked to be whole and to fit a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError, WorkError
from t2sql.gguf.container import read_safetensors
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.tensors import TensorInfo

HINT_FUSE = "Fuse it into its model instead: t2sql fuse"


@dataclass(frozen=True)
class LoraPair:
    """The two matrices of one adapted module, whose output gains `scale * x A B`.

    Attributes:
        module: The module's name in Hugging Face's model, such as "model.layers.3.self_attn.q_proj".
        a: A, [inputs, rank].
        b: B, [rank, outputs].
    """

    module: str
    a: TensorInfo
    b: TensorInfo


def read_pairs(file: Path) -> list[LoraPair]:
    """Read the matrices of adapters.safetensors, in the order of the file.

    Raises:
        InputError: The file holds something else than pairs of matrices, DoRA's magnitudes for example.
        WorkError: Every B is zero, so that the adapter has no effect.
    """
    matrices: dict[str, dict[str, TensorInfo]] = {}
    for name, info in read_safetensors(file).tensors.items():
        module, _, leaf = name.rpartition(".")
        _check_matrix(file, info, leaf)
        matrices.setdefault(module, {})[leaf] = info
    if not matrices:
        raise InputError("the adapter is empty", where=file, expected="matrices lora_a and lora_b")
    for module, pair in matrices.items():
        for leaf in ("lora_a", "lora_b"):
            if leaf not in pair:
                raise InputError("the adapter lacks a tensor", where=file, expected=f"{module}.{leaf}")
    pairs = [LoraPair(module, pair["lora_a"], pair["lora_b"]) for module, pair in matrices.items()]
    if not any(pair.b.float32().any() for pair in pairs):
        raise WorkError("the adapter has no effect", where=file, found="nothing but zeros in every lora_b")
    return pairs


def check_fit(
    pairs: Sequence[LoraPair],
    rank: int,
    adapter: Path,
    directory: HfDirectory,
    gguf_of: Mapping[str, str],
) -> None:
    """Refuse matrices that do not belong to a module of the model.

    Args:
        pairs: The adapter's matrices.
        rank: The rank that adapter_config.json states.
        adapter: The adapter's directory, for errors.
        directory: The model.
        gguf_of: Hugging Face name -> GGUF name of the model's tensors.

    Raises:
        InputError: A module is unknown or the token embedding, or a matrix has another shape.
    """
    for pair in pairs:
        weight = f"{pair.module}.weight"
        if weight not in gguf_of:
            raise InputError(
                "the adapter belongs to another model",
                where=adapter,
                expected=f"modules of {directory.path}",
                found=pair.module,
            )
        if gguf_of[weight] == "token_embd.weight":
            raise InputError(
                "an adapter of the token embedding has no GGUF form",
                where=adapter,
                found=pair.module,
                hint=HINT_FUSE,
            )
        outputs, inputs = directory.tensors[weight].shape
        for leaf, info, shape in (
            ("lora_a", pair.a, (inputs, rank)),
            ("lora_b", pair.b, (rank, outputs)),
        ):
            if info.shape != shape:
                raise InputError(
                    "the adapter does not fit the model",
                    where=f"{adapter}: {pair.module}.{leaf}",
                    expected=f"shape {list(shape)}",
                    found=list(info.shape),
                    hint="Another rank in adapter_config.json, or another model",
                )


def _check_matrix(file: Path, info: TensorInfo, leaf: str) -> None:
    where = f"{file}: {info.name}"
    if leaf == "m":
        raise InputError(
            "the adapter has no GGUF form", where=where, expected="lora", found="dora", hint=HINT_FUSE
        )
    if leaf not in ("lora_a", "lora_b") or len(info.shape) != 2:
        raise InputError(
            "the adapter has no GGUF form",
            where=where,
            expected="matrices lora_a and lora_b",
            found=f"shape {list(info.shape)}",
            hint=HINT_FUSE,
        )
