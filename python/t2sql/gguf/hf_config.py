"""config.json of a Hugging Face directory, read once; each setting is checked where it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.errors import InputError
from t2sql.gguf.entries import MAX_U32
from t2sql.plain import JsonObject

MIN_F32, MAX_F32 = 1.1754944e-38, 3.4028234e38
"""The smallest positive normal float32 and the largest."""

MAX_LAYERS = 4096
"""More layers than any model has; a config.json that names more is damaged."""


@dataclass(frozen=True)
class ModelConfig:
    """config.json, or an object inside it. A setting that is null counts as absent, as in transformers.

    Attributes:
        document: The JSON object itself, for storing it in a GGUF (`t2sql.config`) and for showing it.
            Settings are read by the methods, which check them.
        where: The file, for errors.
        prefix: The keys that lead to an object inside the file, each with a dot after it.
    """

    document: JsonObject
    where: str = "config.json"
    prefix: str = ""

    def has(self, key: str) -> bool:
        """Whether a setting is there and not null."""
        return self.document.get(key) is not None

    def integer(self, key: str, *, default: int | None = None, least: int = 1, most: int = MAX_U32) -> int:
        """An integer; JSON's 64.0 counts as one.

        Args:
            key: Its key.
            default: What its absence means; None when it must be there.
            least: The least that is accepted.
            most: The most that is accepted.

        Raises:
            InputError: It is missing, no integer, or outside the range.
        """
        value = self.document.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refusal(key, f"an integer from {least} to {most}")
        return value

    def number(
        self, key: str, *, default: float | None = None, positive: bool = True, most: float = MAX_F32
    ) -> float:
        """A finite number in the range of float32.

        Args:
            key: Its key.
            default: What its absence means; None when it must be there.
            positive: Whether zero and negative numbers are refused.
            most: The most that is accepted.

        Raises:
            InputError: It is missing, no number, or outside the range.
        """
        value = self.document.get(key)
        if value is None and default is not None:
            return default
        least = MIN_F32 if positive else -MAX_F32
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            kind = "positive" if positive else "finite"
            raise self.refusal(key, f"a {kind} number of at most {most:g}")
        return float(value)

    def numbers(self, key: str, count: int) -> list[float]:
        """A list of `count` positive numbers.

        Raises:
            InputError: It is missing, something else, or of another length.
        """
        values = self.document.get(key)
        if not isinstance(values, list) or len(values) != count:
            raise self.refusal(key, f"{count} numbers", len(values) if isinstance(values, list) else None)
        items = replace(self, document={f"{key}[{i}]": value for i, value in enumerate(values)})
        return [items.number(item) for item in items.document]

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false; `default` when it is absent.

        Raises:
            InputError: It is something else.
        """
        value = self.document.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refusal(key, "true or false")
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text.

        Args:
            key: Its key.
            default: What its absence means; None when it must be there.

        Raises:
            InputError: It is missing, no text, or not valid Unicode.
        """
        value = self.document.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not _is_unicode(value):
            raise self.refusal(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, which may also be a single one; empty when it is absent.

        Raises:
            InputError: It is something else.
        """
        value = self.document.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        texts = tuple(item for item in items if isinstance(item, str) and _is_unicode(item))
        if len(texts) != len(items):
            raise self.refusal(key, "a list of texts")
        return texts

    def token_id(self, key: str) -> int | None:
        """A token id; of a list the first, None when there is none.

        An id may be outside the vocabulary: some models say -1 for no token.

        Raises:
            InputError: It is no integer and no list of integers.
        """
        value = self.document.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        ids = [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
        if len(ids) != len(items):
            raise self.refusal(key, "a token id or a list of token ids")
        return ids[0] if ids else None

    def section(self, key: str) -> ModelConfig:
        """An object inside this one; an empty one when it is absent.

        Raises:
            InputError: It is something else.
        """
        value = self.document.get(key)
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise self.refusal(key, "an object")
        return ModelConfig(value, self.where, f"{self.prefix}{key}.")

    def with_settings(self, settings: JsonObject) -> ModelConfig:
        """A copy in which `settings` are added or replaced."""
        return replace(self, document={**self.document, **settings})

    def refusal(self, key: str, expected: str, found: object = None) -> InputError:
        """The error for a setting that is missing or not what was expected.

        Args:
            key: Its key.
            expected: What would be accepted.
            found: What is there; None for the setting's own value.
        """
        what = "setting not supported" if self.has(key) else "setting missing"
        if found is None and self.has(key):
            found = json.dumps(self.document[key])[:80]
        return InputError(what, where=f"{self.where}: {self.prefix}{key}", expected=expected, found=found)


def read_json(path: Path) -> JsonObject:
    """The JSON object in a file.

    Raises:
        InputError: The file cannot be read or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise InputError("file does not parse", where=path, expected="JSON", found=error) from None
    if not isinstance(document, dict):
        raise InputError("file does not parse", where=path, expected="a JSON object")
    return document


def read_config(path: Path) -> ModelConfig:
    """Read config.json in its older form, which has the rope settings at the top.

    Raises:
        InputError: It does not parse, or the weights are quantized otherwise than by MLX.
    """
    config = _flat_rope(ModelConfig(read_json(path), str(path)))
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


def _flat_rope(config: ModelConfig) -> ModelConfig:
    """The config with transformers 5's `rope_parameters` where transformers 4 has them."""
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
        if rope.has(key):
            flat.setdefault(key, rope.document[key])
    is_scaled = rope.text("rope_type", default="default") != "default"
    if is_scaled and not config.section("rope_scaling").document:
        flat["rope_scaling"] = {key: value for key, value in rope.document.items() if key != "rope_theta"}
    return replace(config, document=flat)


def _is_unicode(text: str) -> bool:
    """Whether a text has a form in UTF-8: JSON can hold half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
