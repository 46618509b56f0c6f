"""adapter_config.json as Hugging Face's PEFT writes it for LoRA, rsLoRA and DoRA.

What a setting means is defined by PEFT (https://github.com/huggingface/peft), `peft/tuners/lora` and
`peft/tuners/tuners_utils.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from t2sql.checked_json import MAX_F32, CheckedJson
from t2sql.errors import InputError
from t2sql.plain import JsonObject

PEFT_WEIGHTS = "adapter_model.safetensors"

_ALL_LINEAR = "all-linear"
_REFUSED = (
    *("fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora", "alora_invocation_tokens"),
    *("layer_replication", "trainable_token_indices", "target_parameters", "megatron_config"),
    *("arrow_config", "kasa_config", "monteclora_config"),
)
"""Settings that change what is computed, with any value but false, null and an empty one."""

_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Beginnings of `init_lora_weights` for adapters of a base whose weights were changed first."""


@dataclass(frozen=True)
class PeftConfig:
    """The settings of a LoRA or DoRA adapter of PEFT.

    Attributes:
        rank: `r`.
        alpha: `lora_alpha`.
        use_rslora: Whether the scale is alpha / sqrt(rank) instead of alpha / rank.
        use_dora: Whether rows have magnitudes.
        targets: `target_modules`: names or ends of names of the adapted modules; a text is a regular
            expression, or "all-linear". None where the file does not say.
        exclude: `exclude_modules`, in the same forms.
        layers: `layers_to_transform`; empty for all.
        layers_pattern: `layers_pattern`.
        modules_to_save: Modules that were trained whole.
        rank_pattern: Regular expression at the end of a module's name -> its rank.
        alpha_pattern: The same for its alpha.
        base_model: `base_model_name_or_path`; None where the file does not say.
    """

    rank: int
    alpha: float
    use_rslora: bool = False
    use_dora: bool = False
    targets: tuple[str, ...] | str | None = None
    exclude: tuple[str, ...] | str = ()
    layers: tuple[int, ...] = ()
    layers_pattern: tuple[str, ...] = ()
    modules_to_save: tuple[str, ...] = ()
    rank_pattern: Mapping[str, int] = field(default_factory=dict)
    alpha_pattern: Mapping[str, float] = field(default_factory=dict)
    base_model: str | None = None

    @classmethod
    def from_json(cls, document: JsonObject, where: object) -> PeftConfig:
        """Check a parsed adapter_config.json.

        Args:
            document: The JSON object.
            where: The file, for errors.

        Raises:
            InputError: It is of another method than LoRA, uses a variant that is not supported, or a setting
                is missing or of the wrong type.
        """
        config = CheckedJson(document, str(where))
        _check_supported(config)
        ranks, alphas = config.section("rank_pattern"), config.section("alpha_pattern")
        return cls(
            rank=config.integer("r"),
            alpha=_alpha(config, "lora_alpha"),
            use_rslora=config.flag("use_rslora", default=False),
            use_dora=config.flag("use_dora", default=False),
            targets=_names(config, "target_modules") if config.has("target_modules") else None,
            exclude=_names(config, "exclude_modules"),
            layers=_layers(config),
            layers_pattern=config.texts("layers_pattern", single=True),
            modules_to_save=config.texts("modules_to_save", single=True),
            rank_pattern={_pattern(ranks, key): ranks.integer(key) for key in ranks.document},
            alpha_pattern={_pattern(alphas, key): _alpha(alphas, key) for key in alphas.document},
            base_model=config.text("base_model_name_or_path", default="") or None,
        )

    def rank_of(self, module: str) -> int:
        """The rank of a module's matrices."""
        return self.rank_pattern.get(_key_for(self.rank_pattern, module), self.rank)

    def scale_of(self, module: str) -> float:
        """The factor of a module's `B A`."""
        alpha = self.alpha_pattern.get(_key_for(self.alpha_pattern, module), self.alpha)
        rank = self.rank_of(module)
        return alpha / math.sqrt(rank) if self.use_rslora else alpha / rank

    def targets_module(self, module: str, *, is_inner_linear: bool) -> bool:
        """Whether the settings name a module as adapted (`check_target_module_exists` in PEFT).

        Args:
            module: Its name in the model.
            is_inner_linear: Whether it is a linear layer other than the output matrix, as "all-linear" means.
        """
        if _named(self.exclude, module):
            return False
        if any(re.match(rf"(^|.*\.){saved}($|\..*)", module) for saved in self.modules_to_save):
            return False
        if self.targets == _ALL_LINEAR:
            return is_inner_linear
        if self.targets is None or not _named(self.targets, module):
            return False
        if isinstance(self.targets, str) or module in self.targets or not self.layers:
            return True
        patterns = [rf"(?:^|.*?\.){pattern}\.(\d+)\." for pattern in self.layers_pattern]
        matches = (re.match(pattern, module) for pattern in patterns or [r".*?\.[^.]*\.(\d+)\."])
        index = next((match[1] for match in matches if match), None)
        return index is not None and int(index) in self.layers


def _check_supported(config: CheckedJson) -> None:
    """Refuse other methods than LoRA, and variants that compute something else."""
    kind = config.text("peft_type", default="")
    if kind.upper() != "LORA":
        raise config.refusal(
            "peft_type", "LORA (with use_rslora and use_dora as they are)", kind or "nothing"
        )
    if config.text("bias", default="none") != "none":
        raise config.refusal("bias", '"none"')
    for key in _REFUSED:
        if config.document.get(key):
            raise config.refusal(key, "no such variant of LoRA")
    first = config.document.get("init_lora_weights")
    if isinstance(first, str) and first.lower().startswith(_CHANGES_BASE):
        raise InputError(
            "the adapter is for a base whose weights were changed first",
            where=f"{config.where}: init_lora_weights",
            expected="true, false or gaussian",
            found=first,
            hint="Convert it with PEFT: save_pretrained(..., path_initial_model_for_weight_conversion=...)",
        )


def _alpha(config: CheckedJson, key: str) -> float:
    alpha = config.number(key, least=-MAX_F32)
    if alpha == 0:
        raise config.refusal(key, "a finite number that is not 0")
    return alpha


def _names(config: CheckedJson, key: str) -> tuple[str, ...] | str:
    """A list of names, or a regular expression."""
    value = config.document.get(key)
    if not isinstance(value, str):
        return config.texts(key)
    return _ALL_LINEAR if value.lower() == _ALL_LINEAR else _pattern(config, value)


def _pattern(config: CheckedJson, pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise InputError(
            "malformed regular expression", where=config.where, expected=str(error), found=pattern[:80]
        ) from None
    return pattern


def _layers(config: CheckedJson) -> tuple[int, ...]:
    value = config.document.get("layers_to_transform")
    items = value if isinstance(value, list) else [] if value is None else [value]
    layers = tuple(item for item in items if isinstance(item, int) and not isinstance(item, bool))
    if len(layers) != len(items):
        raise config.refusal("layers_to_transform", "a number or a list of numbers")
    return layers


def _key_for(patterns: Mapping[str, object], module: str) -> str:
    """The pattern that a module's settings are found under (`get_pattern_key` in PEFT)."""
    return next((key for key in patterns if re.match(rf"(.*\.)?({key})$", module)), module)


def _named(names: tuple[str, ...] | str, module: str) -> bool:
    if isinstance(names, str):
        return re.fullmatch(names, module) is not None
    return any(module == name or module.endswith(f".{name}") for name in names)
