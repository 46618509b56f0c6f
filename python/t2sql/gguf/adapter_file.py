"""A GGUF adapter beside its base: both headers, checked to belong together before a runtime gets them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from t2sql.adapters import AdapterIdentity, check_identity, fused_adapters
from t2sql.checked_json import MAX_F32
from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.shards import read_gguf
from t2sql.gguf.tensors import FloatArray, TensorInfo
from t2sql.plain import parse_json

# The metadata key of the fingerprint of the model that an adapter was trained on.
BASE_KEY = "t2sql.base_fingerprint"
# Fingerprints of the adapters in the weights that an adapter was trained on, by comma.
BASE_ADAPTERS_KEY = "t2sql.base_adapter_fingerprints"
_A, _B = ".lora_a", ".lora_b"


@dataclass(frozen=True)
class AdapterFile:
    """A GGUF adapter and its base.

    Attributes:
        gguf: The adapter.
        base: The model that it is for.
        pairs: The base's tensor -> lora_a [rank, inputs] and lora_b [outputs, rank].
    """

    gguf: GgufFile
    base: GgufFile
    pairs: Mapping[str, tuple[TensorInfo, TensorInfo]]

    @property
    def rank(self) -> int:
        """The rank of all matrices.

        Raises:
            InputError: They have several, which llama.cpp takes and mlx-lm does not.
        """
        ranks = {a.shape[0] for a, _ in self.pairs.values()}
        if len(ranks) > 1:
            raise InputError(
                "the adapter's matrices have several ranks",
                where=self.gguf.path,
                found=sorted(ranks),
                hint="Use --backend llama",
            )
        return ranks.pop()

    @property
    def scale(self) -> float:
        """The factor of `x A B`: alpha / rank, or 1 without an alpha, as llama.cpp has it."""
        alpha = self.gguf.number("adapter.lora.alpha", default=0.0, least=-MAX_F32)
        return alpha / self.rank if alpha else 1.0


def read_adapter(path: Path, base: Path) -> AdapterFile:
    """Open a GGUF adapter together with its base.

    Raises:
        InputError: One of the files is something else, or the adapter does not belong to the base, which
            llama.cpp refuses without a reason, or is in its weights already.
    """
    gguf, model = read_gguf(path), read_gguf(base)
    for key, expected in (("general.type", "adapter"), ("adapter.type", "lora")):
        if gguf.get(key) != expected:
            raise InputError(
                "not a LoRA adapter",
                where=path,
                expected=f"{key} {expected}",
                found=gguf.get(key) or "none",
                hint="Make one: t2sql convert --base DIR --adapter A OUT.gguf",
            )
    if model.text("general.type", default="model") != "model":
        raise InputError("not a model", where=base, found=f"general.type {model.get('general.type')}")
    if gguf.architecture != model.architecture:
        raise _mismatch(path, base, f"architecture {model.architecture}", gguf.architecture)
    gguf.number("adapter.lora.alpha", default=1.0, least=-MAX_F32)
    _check_not_fused(gguf, model)
    pairs = _pairs(gguf, model)
    if not pairs:
        raise InputError("the adapter is empty", where=path)
    _check_fingerprint(gguf, model)
    return AdapterFile(gguf, model, pairs)


def fingerprint(norm: FloatArray) -> str:
    """Identify a model by its last norm as a GGUF holds it.

    The norm is float32 in files of every type, and LoRA leaves it as it is.
    """
    return hashlib.sha256(norm.tobytes()).hexdigest()[:32]


def _pairs(gguf: GgufFile, model: GgufFile) -> dict[str, tuple[TensorInfo, TensorInfo]]:
    """The adapter's matrices by the base's tensor, with shapes that fit it."""
    pairs = {}
    for name, info in gguf.tensors.items():
        target, leaf = name[: -len(_A)], name[-len(_A) :]
        if leaf not in (_A, _B):
            raise InputError(
                "not a LoRA adapter", where=gguf.path, expected=f"NAME{_A}, NAME{_B}", found=name
            )
        other = gguf.tensors.get(target + (_B if leaf == _A else _A))
        if other is None:
            raise InputError(
                "the adapter lacks a tensor", where=gguf.path, expected=f"the other half of {name}"
            )
        if target not in model.tensors:
            raise _mismatch(gguf.path, model.path, f"tensors of {model.path}", name)
        a, b = (info, other) if leaf == _A else (other, info)
        outputs, inputs = model.tensors[target].shape
        if [*b.shape, *a.shape] != [outputs, a.shape[0], a.shape[0], inputs]:
            shapes = f"{list(b.shape)} x {list(a.shape)}"
            raise _mismatch(gguf.path, model.path, f"{target} {[outputs, inputs]}", shapes)
        pairs[target] = (a, b)
    return pairs


def _check_fingerprint(gguf: GgufFile, model: GgufFile) -> None:
    stated, norm = gguf.get(BASE_KEY), model.tensors.get("output_norm.weight")
    if stated is not None and norm is not None and fingerprint(norm.float32()) != stated:
        raise _mismatch(gguf.path, model.path, "the base that it was trained on", model.path.name)


def _check_not_fused(gguf: GgufFile, model: GgufFile) -> None:
    """Refuse an adapter that is in the model's weights already, or was trained on other weights."""
    stated = gguf.get("t2sql.adapter_fingerprint")
    listed = gguf.get(BASE_ADAPTERS_KEY)
    name = gguf.text("t2sql.adapter", default=gguf.text("general.name", default=""))
    check_identity(
        AdapterIdentity(name, str(stated or "")),
        None if listed is None else [part for part in str(listed).split(",") if part],
        _fused_in(model),
        where=gguf.path,
        model=model.path,
    )


def _fused_in(model: GgufFile) -> tuple[AdapterIdentity, ...]:
    """The adapters in a model's weights, by the copy of config.json in its metadata."""
    try:
        config = parse_json(model.text("t2sql.config", default="{}"))
    except ValueError:
        return ()
    return fused_adapters(config) if isinstance(config, dict) else ()


def _mismatch(path: Path, base: Path, expected: str, found: object) -> InputError:
    return InputError(
        "the adapter belongs to another model", where=f"{path} on {base}", expected=expected, found=found
    )
