"""config.json of a Hugging Face directory, read once; each setting is checked where it is read."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.checked_json import CheckedJson, read_json
from t2sql.errors import InputError
from t2sql.plain import JsonObject

MAX_LAYERS = 4096
"""More layers than any model has; a config.json that names more is damaged."""


@dataclass(frozen=True)
class ModelConfig(CheckedJson):
    """config.json, with the sizes that every family has.

    Attributes:
        document: config.json itself, for storing it in a GGUF (`t2sql.config`) and for showing it.
    """

    where: str = "config.json"

    @property
    def layers(self) -> int:
        """`num_hidden_layers`, from 1 to `MAX_LAYERS`.

        Raises:
            InputError: It is missing or something else; the same for the next two.
        """
        return self.integer("num_hidden_layers", most=MAX_LAYERS)

    @property
    def heads(self) -> int:
        """`num_attention_heads`."""
        return self.integer("num_attention_heads")

    @property
    def head_dim(self) -> int:
        """`head_dim`; where it is absent, the heads divide the hidden state among them."""
        if self.has("head_dim"):
            return self.integer("head_dim")
        heads, hidden_size = self.heads, self.integer("hidden_size")
        if heads > hidden_size:
            raise self.refusal("num_attention_heads", f"at most hidden_size, which is {hidden_size}")
        return hidden_size // heads

    def check_layers(self, present: int) -> None:
        """Refuse a number of layers that no model has, with the number that the weights have.

        Args:
            present: Layers that there are tensors of.

        Raises:
            InputError: `num_hidden_layers` is missing, or out of range.
        """
        try:
            _ = self.layers
        except InputError as error:
            hint = f"The weights have {present} layers: write that" if present else None
            raise InputError(
                error.what, where=error.where, expected=error.expected, found=error.found, hint=hint
            ) from None

    def with_settings(self, settings: JsonObject) -> ModelConfig:
        """A copy in which `settings` are added or replaced."""
        return replace(self, document={**self.document, **settings})


def read_config(path: Path) -> ModelConfig:
    """Read config.json in its older form, which has the rope settings at the top.

    Raises:
        InputError: It does not parse, or the weights are quantized otherwise than by MLX.
    """
    config = flat_rope(ModelConfig(read_json(path), str(path)))
    stated = config.document.get("quantization_config")
    # MLX writes its own settings under both names.
    if stated and not config.section("quantization").document:
        raise InputError(
            "weights already quantized",
            where=path,
            expected="f32, f16 or bf16 weights, or MLX's own quantization",
            found=f"quantization_config: {json.dumps(stated)[:80]}",
            hint="Convert the full-precision model",
        )
    return config


def flat_rope(config: ModelConfig) -> ModelConfig:
    """The config with transformers 5's `rope_parameters` where transformers 4 has them.

    Raises:
        InputError: `rope_parameters` is no object, or contradicts a setting at the top.
    """
    rope = config.section("rope_parameters")
    if not rope.document:
        return config
    flat = dict(config.document)
    local = rope.section("sliding_attention")
    if local.has("rope_theta"):
        flat.setdefault("rope_local_base_freq", local.document["rope_theta"])
    if rope.has("full_attention"):
        rope = rope.section("full_attention")
    for key in ("rope_theta", "partial_rotary_factor", "original_max_position_embeddings"):
        if rope.has(key) and flat.setdefault(key, rope.document[key]) != rope.document[key]:
            raise rope.refusal(key, f"{key} as it is stated at the top, {flat[key]}")
    is_scaled = rope.text("rope_type", default="default") != "default"
    if is_scaled and not config.section("rope_scaling").document:
        flat["rope_scaling"] = {key: value for key, value in rope.document.items() if key != "rope_theta"}
    return replace(config, document=flat)
