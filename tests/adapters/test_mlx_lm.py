"""adapter_config.json as mlx-lm writes it, and what is refused in one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t2sql.adapters import CONFIG, WEIGHTS, LoraParameters, read_adapter_config
from t2sql.errors import InputError
from t2sql.plain import Json, JsonObject

_LORA: JsonObject = {"rank": 8, "scale": 20.0, "dropout": 0.1, "keys": ["self_attn.q_proj"]}
_CONFIG: JsonObject = {"fine_tune_type": "lora", "num_layers": 4, "lora_parameters": _LORA}


def adapter(folder: Path, document: Json) -> Path:
    """An adapter directory whose weights nobody reads."""
    (folder / WEIGHTS).touch()
    (folder / CONFIG).write_text(json.dumps(document))
    return folder


def test_a_whole_config_is_read(tmp_path: Path) -> None:
    config = read_adapter_config(adapter(tmp_path, {**_CONFIG, "model": "base", "base_bits": 4}))
    assert config.lora == LoraParameters(8, 20.0, 0.1, ("self_attn.q_proj",))
    assert (config.num_layers, config.model, config.base_bits) == (4, "base", 4)


def test_a_full_fine_tune_has_no_lora_parameters(tmp_path: Path) -> None:
    config = read_adapter_config(adapter(tmp_path, {"fine_tune_type": "full"}))
    assert (config.lora, config.num_layers) == (None, -1)


def test_lora_parameters_survive_json() -> None:
    parameters = LoraParameters(4, 2.5)
    assert parameters.to_json() == {"rank": 4, "scale": 2.5, "dropout": 0.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fine_tune_type": "ia3"}, "unknown adapter type.*lora, dora or full.*ia3"),
        ({"fine_tune_type": ["lora"]}, "fine_tune_type.*a text"),
        ({"num_layers": None}, "num_layers"),
        ({"num_layers": "4"}, "num_layers"),
        ({"num_layers": True}, "num_layers"),
        ({"num_layers": -2}, "num_layers"),
        ({"lora_parameters": None}, r"lora_parameters\.scale"),
        ({"lora_parameters": [8, 20.0]}, "lora_parameters"),
        ({"lora_parameters": {"rank": 8}}, "scale"),
        ({"lora_parameters": {**_LORA, "rank": "8"}}, "rank"),
        ({"lora_parameters": {**_LORA, "rank": 0}}, "rank"),
        ({"lora_parameters": {**_LORA, "rank": 2.5}}, "rank"),
        ({"lora_parameters": {**_LORA, "scale": float("nan")}}, "scale"),
        ({"lora_parameters": {**_LORA, "scale": 10**400}}, "scale"),
        ({"lora_parameters": {**_LORA, "dropout": 1.0}}, "dropout"),
        ({"lora_parameters": {**_LORA, "dropout": -0.1}}, "dropout"),
        ({"lora_parameters": {**_LORA, "keys": "self_attn.q_proj"}}, "keys"),
        ({"lora_parameters": {**_LORA, "keys": [1]}}, "keys"),
        ({"base_bits": "four"}, "base_bits"),
        ({"base_bits": [4]}, "base_bits"),
        ({"model": 3}, "model"),
        ({"prompt_format": 1}, "prompt_format"),
    ],
)
def test_a_setting_of_the_wrong_type_is_refused(changes: JsonObject, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_adapter_config(adapter(tmp_path, {**_CONFIG, **changes}))


@pytest.mark.parametrize("text", ["[]", "{", "3", "[" * 100_000])
def test_a_file_that_holds_no_object_is_refused(text: str, tmp_path: Path) -> None:
    (adapter(tmp_path, {}) / CONFIG).write_text(text)
    with pytest.raises(InputError, match="does not parse"):
        read_adapter_config(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (adapter(tmp_path, _CONFIG) / WEIGHTS).unlink()
    with pytest.raises(InputError, match=WEIGHTS):
        read_adapter_config(tmp_path)


def test_a_pickled_adapter_of_peft_is_named_with_a_way_to_use_it(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.bin").touch()
    (tmp_path / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 16, "lora_alpha": 32}))
    with pytest.raises(InputError, match=r"pickled.*safe_serialization=True"):
        read_adapter_config(tmp_path)


def test_two_formats_in_one_directory_are_named(tmp_path: Path) -> None:
    adapter(tmp_path, _CONFIG)
    (tmp_path / "adapter_model.safetensors").touch()
    with pytest.raises(InputError, match=r"two formats.*adapters.safetensors.*adapter_model.safetensors"):
        read_adapter_config(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(InputError, match=r"two formats.*adapter_model.safetensors with mlx-lm's"):
        read_adapter_config(tmp_path)
