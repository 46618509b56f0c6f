"""A GGUF adapter beside its base: read, and checked to belong together before a runtime is given both."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile, TensorInfo, read_gguf

if TYPE_CHECKING:
    import numpy as np

# Says which model an adapter was trained on.
BASE_KEY = "t2sql.base_fingerprint"
_A, _B = ".lora_a", ".lora_b"


@dataclass(frozen=True)
class AdapterFile:
    """`pairs`: the base's tensor -> lora_a [rank, columns] and lora_b [rows, rank]."""

    gguf: GgufFile
    base: GgufFile
    pairs: dict[str, tuple[TensorInfo, TensorInfo]]

    @property
    def rank(self) -> int:
        ranks = {a.shape[0] for a, _ in self.pairs.values()}
        if len(ranks) > 1:
            raise InputError(
                "the adapter's matrices have several ranks", where=self.gguf.path, found=sorted(ranks),
                hint="Use --backend llama",
            )  # fmt: skip
        return ranks.pop()

    @property
    def scale(self) -> float:
        alpha = float(self.gguf.get("adapter.lora.alpha", 0.0))
        return alpha / self.rank if alpha else 1.0


def read_adapter(path: Path, base: Path) -> AdapterFile:
    """Open an adapter for a base GGUF; an error names what does not belong together."""
    gguf, model = read_gguf(path), read_gguf(base)
    for key, expected in (("general.type", "adapter"), ("adapter.type", "lora")):
        if gguf.get(key) != expected:
            raise InputError(
                "not a LoRA adapter",
                where=path,
                expected=f"{key} {expected}",
                found=gguf.get(key, "none"),
                hint="Make one: t2sql convert --base DIR --adapter A OUT.gguf",
            )
    if model.get("general.type", "model") != "model":
        raise InputError("not a model", where=base, found=f"general.type {model.get('general.type')}")
    if gguf.architecture != model.architecture:
        raise _other(path, base, f"architecture {model.architecture}", gguf.architecture)
    pairs = {}
    for name, info in gguf.tensors.items():
        target, leaf = name[: -len(_A)], name[-len(_A) :]
        if leaf not in (_A, _B):
            raise InputError("not a LoRA adapter", where=path, expected=f"NAME{_A}, NAME{_B}", found=name)
        other = gguf.tensors.get(target + (_B if leaf == _A else _A))
        if other is None:
            raise InputError("the adapter lacks a tensor", where=path, expected=f"the other half of {name}")
        if target not in model.tensors:
            raise _other(path, base, f"tensors of {base}", name)
        a, b = (info, other) if leaf == _A else (other, info)
        rows, columns = model.tensors[target].shape
        found = [*b.shape, *a.shape]
        if found != [rows, a.shape[0], a.shape[0], columns]:
            raise _other(path, base, f"{target} {[rows, columns]}", f"{list(b.shape)} x {list(a.shape)}")
        pairs[target] = (a, b)
    if not pairs:
        raise InputError("the adapter is empty", where=path)
    _check_fingerprint(gguf, model)
    return AdapterFile(gguf, model, pairs)


def fingerprint(norm: np.ndarray) -> str:
    """Which model this is, by its last norm as a GGUF has it: float32 in any type, untouched by LoRA."""
    return hashlib.sha256(norm.tobytes()).hexdigest()[:32]


def _check_fingerprint(gguf: GgufFile, model: GgufFile) -> None:
    stated, norm = gguf.get(BASE_KEY), model.tensors.get("output_norm.weight")
    if stated is not None and norm is not None and fingerprint(norm.float32()) != stated:
        raise _other(gguf.path, model.path, "the base that it was trained on", model.path.name)


def _other(path: Path, base: Path, expected: str, found: object) -> InputError:
    return InputError(
        "the adapter belongs to another model", where=f"{path} on {base}", expected=expected, found=found
    )
