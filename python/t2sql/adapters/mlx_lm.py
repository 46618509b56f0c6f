"""An adapter directory in mlx-lm's format: adapters.safetensors beside adapter_config.json."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from t2sql.errors import InputError

WEIGHTS = "adapters.safetensors"
CONFIG = "adapter_config.json"
# The last part of a tensor's name in adapters.safetensors: A and B of LoRA, and the magnitude of DoRA.
LEAVES = ("lora_a", "lora_b", "m")

FineTuneType: TypeAlias = Literal["lora", "dora", "full"]
FINE_TUNE_TYPES: tuple[FineTuneType, ...] = get_args(FineTuneType)


@dataclass(frozen=True)
class LoraParameters:
    """The settings of every LoRA or DoRA layer of an adapter.

    Attributes:
        rank: Columns of A and rows of B.
        scale: The factor of `x A B`.
        dropout: The probability with which an input is zeroed in training.
        keys: The adapted modules by their name inside a layer, such as "self_attn.q_proj"; None means
            mlx-lm's own choice, which is every linear module.
    """

    rank: int
    scale: float
    dropout: float = 0.0
    keys: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """`lora_parameters` as adapter_config.json and `mlx_lm.tuner.utils.linear_to_lora_layers` have it."""
        document = {"rank": self.rank, "scale": self.scale, "dropout": self.dropout}
        return document if self.keys is None else {**document, "keys": list(self.keys)}


@dataclass(frozen=True)
class AdapterConfig:
    """adapter_config.json, as far as this program reads it.

    Attributes:
        fine_tune_type: "lora", "dora", or "full" for changed weights in place of an adapter.
        num_layers: How many of the model's last layers are adapted; -1 for all.
        lora: The settings of the adapter layers; None exactly for "full".
        model: The model argument that the adapter was trained on; None when the file does not name it.
        base_bits: The bits that the base was quantized to for training; None when it was not.
        prompt_format: The prompt format that the adapter was trained with; None when the file has none.
        base_adapters: Fingerprints of the adapters that its base had in its weights already; None when the
            file does not say.
    """

    fine_tune_type: FineTuneType
    num_layers: int
    lora: LoraParameters | None
    model: str | None = None
    base_bits: int | None = None
    prompt_format: str | None = None
    base_adapters: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, document: dict[str, Any], where: object) -> AdapterConfig:
        """Check a parsed adapter_config.json.

        Args:
            document: The JSON object.
            where: The file, for errors.

        Raises:
            InputError: The fine-tune type is unknown, or a setting is missing or of the wrong type.
        """
        kind = document.get("fine_tune_type", "lora")
        if kind not in FINE_TUNE_TYPES:
            raise InputError("unknown adapter type", where=where, expected="lora, dora or full", found=kind)
        model, base_bits = document.get("model"), document.get("base_bits")
        prompt_format = document.get("prompt_format")
        return cls(
            fine_tune_type=kind,
            num_layers=_layers(document, kind, where),
            lora=None if kind == "full" else _lora(document, where),
            model=model if isinstance(model, str) else None,
            base_bits=_bits(base_bits, where),
            prompt_format=None if prompt_format is None else str(prompt_format),
            base_adapters=_base_adapters(document),
        )

    def check_layers(self, layers: int, where: object) -> None:
        """Check that a model has the layers that are adapted.

        Args:
            layers: The number of the model's layers.
            where: The adapter, for errors.

        Raises:
            InputError: It has fewer.
        """
        if self.num_layers > layers:
            raise InputError(
                "the adapter belongs to another model",
                where=where,
                expected=f"num_layers of at most {layers}, which the model has",
                found=self.num_layers,
            )


def read_adapter_config(path: Path) -> AdapterConfig:
    """Read adapter_config.json of the adapter directory `path`.

    Raises:
        InputError: There is no such directory, one of its two files is missing, or the settings that
            applying the adapter needs are missing or malformed.
    """
    if path.suffix == ".npz" or (not (path / WEIGHTS).is_file() and any(path.glob("*.npz"))):
        raise InputError(
            "adapters in the old .npz format are not supported",
            where=path,
            expected=f"a directory with {WEIGHTS} and {CONFIG}",
            hint="Rank and scale of such an adapter are stored nowhere: train again, or write both files",
        )
    if not path.is_dir():
        raise InputError("no such adapter", where=path, expected=f"a directory with {WEIGHTS} and {CONFIG}")
    for name in (CONFIG, WEIGHTS):
        if not (path / name).is_file():
            raise InputError("not an adapter", where=path, expected=name)
    file = path / CONFIG
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError("adapter_config.json does not parse", where=file, found=error) from None
    if not isinstance(document, dict):
        raise InputError("adapter_config.json does not parse", where=file, expected="a JSON object")
    return AdapterConfig.from_json(document, file)


def _layers(document: dict[str, Any], kind: FineTuneType, where: object) -> int:
    count = document.get("num_layers", -1 if kind == "full" else None)
    if not isinstance(count, int) or isinstance(count, bool) or count < -1:
        raise _foreign(where, "num_layers, a number of layers, or -1 for all", count)
    return count


def _base_adapters(document: dict[str, Any]) -> tuple[str, ...] | None:
    """Training lists them where there are any; it has always written them along with the prompt format."""
    listed = document.get("base_adapters")
    if isinstance(listed, list):
        return tuple(map(str, listed))
    return () if "prompt_format" in document else None


def _bits(value: object, where: object) -> int | None:
    if value is None or value in (4, 8):
        return int(value) if isinstance(value, (int, float)) else None
    raise _foreign(where, "base_bits of 4 or 8", value)


def _lora(document: dict[str, Any], where: object) -> LoraParameters:
    lora = document.get("lora_parameters")
    if not isinstance(lora, dict) or not {"rank", "scale"} <= lora.keys():
        raise _foreign(where, "lora_parameters with rank and scale", lora)
    keys = lora.get("keys")
    if isinstance(keys, str) or not all(_is_number(lora[name]) for name in ("rank", "scale")):
        raise _foreign(where, "lora_parameters of numbers and a list of keys", lora)
    try:
        parameters = LoraParameters(
            rank=int(lora["rank"]),
            scale=float(lora["scale"]),
            dropout=float(lora.get("dropout", 0.0)),
            keys=None if keys is None else tuple(str(key) for key in keys),
        )
    except (TypeError, ValueError, OverflowError):
        raise _foreign(where, "lora_parameters of numbers and a list of keys", lora) from None
    if parameters.rank < 1:
        raise _unusable(where, "lora_parameters.rank of 1 or more", parameters.rank)
    if not math.isfinite(parameters.scale) or parameters.scale == 0:
        raise _unusable(where, "lora_parameters.scale, a finite number that is not 0", parameters.scale)
    if not 0 <= parameters.dropout < 1:
        raise _unusable(where, "lora_parameters.dropout, at least 0 and below 1", parameters.dropout)
    return parameters


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unusable(where: object, expected: str, found: object) -> InputError:
    return InputError("the adapter's settings are wrong", where=where, expected=expected, found=found)


def _foreign(where: object, expected: str, found: object) -> InputError:
    return InputError("adapter_config.json is not mlx-lm's", where=where, expected=expected, found=found)
