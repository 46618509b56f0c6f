"""The config of an adapter directory: mlx-lm's format, or PEFT's, whose file has the same name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from t2sql.adapters.notes import AdapterNotes, read_notes
from t2sql.adapters.peft import PEFT_WEIGHTS, PeftConfig
from t2sql.checked_json import MAX_F32, CheckedJson, read_json
from t2sql.errors import InputError
from t2sql.plain import JsonObject

WEIGHTS = "adapters.safetensors"
CONFIG = "adapter_config.json"
_PEFT_PICKLE = "adapter_model.bin"
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

    def to_json(self) -> JsonObject:
        """`lora_parameters` as adapter_config.json and `mlx_lm.tuner.utils.linear_to_lora_layers` have it."""
        document: JsonObject = {"rank": self.rank, "scale": self.scale, "dropout": self.dropout}
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
        peft: PEFT's settings of an adapter in that format, where ranks and scales may differ between modules;
            None of one in mlx-lm's.
    """

    fine_tune_type: FineTuneType
    num_layers: int
    lora: LoraParameters | None
    model: str | None = None
    base_bits: int | None = None
    prompt_format: str | None = None
    base_adapters: tuple[str, ...] | None = None
    peft: PeftConfig | None = None

    @classmethod
    def from_json(cls, document: JsonObject, where: object) -> AdapterConfig:
        """Check a parsed adapter_config.json.

        Args:
            document: The JSON object.
            where: The file, for errors.

        Raises:
            InputError: The fine-tune type is unknown, or a setting is missing or of the wrong type.
        """
        config = CheckedJson(document, str(where))
        stated = config.text("fine_tune_type", default="lora")
        kind = next((known for known in FINE_TUNE_TYPES if known == stated), None)
        if kind is None:
            raise InputError("unknown adapter type", where=where, expected="lora, dora or full", found=stated)
        return cls(
            fine_tune_type=kind,
            num_layers=config.integer("num_layers", default=-1 if kind == "full" else None, least=-1),
            lora=None if kind == "full" else _lora(config.section("lora_parameters")),
            model=config.text("model") if config.has("model") else None,
            base_bits=_bits(config),
            prompt_format=config.text("prompt_format") if config.has("prompt_format") else None,
            base_adapters=_base_adapters(config),
        )

    @classmethod
    def of_peft(cls, peft: PeftConfig, notes: AdapterNotes | None = None) -> AdapterConfig:
        """The config of an adapter of PEFT; one that t2sql exported has notes."""
        return cls(
            fine_tune_type="dora" if peft.use_dora else "lora",
            num_layers=-1,
            lora=LoraParameters(peft.rank, peft.scale_of("")),
            model=peft.base_model,
            base_bits=None if notes is None else notes.base_bits,
            prompt_format=None if notes is None else notes.prompt_format,
            base_adapters=None if notes is None else notes.base_adapters,
            peft=peft,
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
    """Read adapter_config.json of the adapter directory `path`, of either format.

    Raises:
        InputError: There is no such directory, one of its two files is missing, it holds adapters of two
            formats, or the settings that applying the adapter needs are missing or malformed.
    """
    weights = adapter_weights(path)
    file = path / CONFIG
    document = read_json(file)
    stated = "PEFT's" if document.get("peft_type") is not None else "mlx-lm's"
    if (weights.name == PEFT_WEIGHTS) != (stated == "PEFT's"):
        raise InputError(
            "adapters of two formats in one directory",
            where=path,
            expected=f"{WEIGHTS} with mlx-lm's settings, or {PEFT_WEIGHTS} with PEFT's",
            found=f"{weights.name} with {stated} in {CONFIG}",
        )
    if stated == "PEFT's":
        return AdapterConfig.of_peft(PeftConfig.from_json(document, file), read_notes(weights))
    return AdapterConfig.from_json(document, file)


def adapter_weights(path: Path) -> Path:
    """The file with the tensors of an adapter directory of either format.

    Raises:
        InputError: There is no such directory, one of its two files is missing, or it holds adapters of two
            formats or of one that is not read.
    """
    own, peft = path / WEIGHTS, path / PEFT_WEIGHTS
    if path.suffix == ".npz" or (not own.is_file() and any(path.glob("*.npz"))):
        raise InputError(
            "adapters in the old .npz format are not supported",
            where=path,
            expected=f"a directory with {WEIGHTS} and {CONFIG}",
            hint="Rank and scale of such an adapter are stored nowhere: train again, or write both files",
        )
    if own.is_file() and peft.is_file():
        raise InputError(
            "adapters of two formats in one directory",
            where=path,
            expected=f"{WEIGHTS} (mlx-lm, t2sql) or {PEFT_WEIGHTS} (PEFT)",
            found="both",
            hint=f"Move one of them to a directory of its own, with the {CONFIG} that belongs to it",
        )
    if (path / _PEFT_PICKLE).is_file() and not own.is_file() and not peft.is_file():
        raise InputError(
            "adapters of PEFT in pickled files are not read",
            where=path / _PEFT_PICKLE,
            expected=PEFT_WEIGHTS,
            hint="Save it again with PEFT: save_pretrained(DIR, safe_serialization=True)",
        )
    if not path.is_dir():
        raise InputError("no such adapter", where=path, expected=f"a directory with {WEIGHTS} and {CONFIG}")
    for name in (CONFIG, PEFT_WEIGHTS if peft.is_file() else WEIGHTS):
        if not (path / name).is_file():
            raise InputError("not an adapter", where=path, expected=name)
    return peft if peft.is_file() else own


def _base_adapters(config: CheckedJson) -> tuple[str, ...] | None:
    """Training lists them where there are any; it has always written them along with the prompt format."""
    if config.has("base_adapters"):
        return config.texts("base_adapters")
    return () if config.has("prompt_format") else None


def _bits(config: CheckedJson) -> int | None:
    if not config.has("base_bits"):
        return None
    bits = config.integer("base_bits")
    if bits not in (4, 8):
        raise config.refusal("base_bits", "4 or 8")
    return bits


def _lora(parameters: CheckedJson) -> LoraParameters:
    scale = parameters.number("scale", least=-MAX_F32)
    if scale == 0:
        raise parameters.refusal("scale", "a finite number that is not 0")
    return LoraParameters(
        rank=parameters.integer("rank"),
        scale=scale,
        dropout=parameters.number("dropout", default=0.0, least=0.0, most=0.999),
        keys=parameters.texts("keys") if parameters.has("keys") else None,
    )
