"""An adapter is never applied twice, and settings that no adapter can have are refused everywhere alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.adapters import RANK, edit, edit_config, write_adapter

from t2sql import fuse, models
from t2sql.errors import InputError
from t2sql.generate import ask
from t2sql.gguf import convert, convert_adapter, quantize, read_gguf

GgufOf = Callable[..., Path]
Q = "model.layers.1.self_attn.q_proj"


@pytest.fixture
def adapter(tiny_mistral: Path, tmp_path: Path) -> Path:
    return write_adapter(tiny_mistral, tmp_path / "adapter")


def test_an_adapter_in_the_weights_already_is_refused_by_name(
    adapter: Path, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    fused = fuse.fuse(tiny_mistral, adapter, tmp_path / "fused").path
    file = convert(fused, tmp_path / "fused.gguf").path
    small = quantize(file, tmp_path / "small.gguf", type="q8_0").path
    lora = convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf").path
    copied = shutil.copytree(adapter, tmp_path / "copy")
    again = "in these weights already"
    with pytest.raises(InputError, match=again + r".*fused.*adapter"):
        convert_adapter(fused, adapter, tmp_path / "b.gguf")
    with pytest.raises(InputError, match=again):
        fuse.fuse(fused, copied, tmp_path / "twice")
    for model in (fused, small):
        with pytest.raises(InputError, match=again):
            ask(str(model), prompt="x", backend="mlx", adapter=copied)
    for backend in ("llama", "mlx"):
        with pytest.raises(InputError, match=again + r".*small\.gguf.*adapter"):
            ask(f"{small}+{lora}", prompt="x", backend=backend)
    assert models.load(tiny_mistral, adapter=adapter)
    metadata = read_gguf(small).metadata
    assert str(metadata["t2sql.adapter"]).endswith("/adapter")
    assert metadata["t2sql.adapter_fingerprint"] == read_gguf(lora).metadata["t2sql.adapter_fingerprint"]


def test_an_adapter_of_the_base_is_refused_on_weights_with_another_adapter(
    adapter: Path, tiny_mistral: Path, tmp_path: Path
) -> None:
    fused = fuse.fuse(tiny_mistral, adapter, tmp_path / "fused").path
    other = shutil.copytree(adapter, tmp_path / "other")
    edit(other, **{f"{Q}.lora_b": np.ones((RANK, 64), np.float32)})
    edit_config(other, prompt_format="t2sql.prompt.1")
    with pytest.raises(InputError, match=r"trained on other weights.*fused with .*adapter"):
        convert_adapter(fused, other, tmp_path / "b.gguf")
    inside = json.loads((fused / "config.json").read_text())["t2sql"]["adapters"]
    edit_config(other, base_adapters=[inside[0]["fingerprint"]])
    assert convert_adapter(fused, other, tmp_path / "b.gguf").tensors
    with pytest.raises(InputError, match=r"trained on other weights.*without its adapters"):
        convert_adapter(tiny_mistral, other, tmp_path / "c.gguf")
    twice = fuse.fuse(fused, other, tmp_path / "twice").path
    assert len(json.loads((twice / "config.json").read_text())["t2sql"]["adapters"]) == 2


def test_the_adapters_threshold_and_prompt_format_hold_for_base_and_adapter(
    adapter: Path, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    edit_config(adapter, prompt_format="t2sql.prompt.7")
    file = convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf", min_logprob=-0.25).path
    facts = models.gguf_facts(gguf_of(tiny_mistral), file)
    assert (facts.min_logprob, facts.prompt_format) == (-0.25, "t2sql.prompt.7")


@pytest.mark.parametrize(
    ("config", "match"),
    [
        (
            {"lora_parameters": {"rank": RANK, "scale": 0}},
            r"scale\): expected a finite number that is not 0, found 0",
        ),
        ({"lora_parameters": {"rank": RANK, "scale": float("nan")}}, r"scale\): .*found NaN"),
        ({"lora_parameters": {"rank": RANK, "scale": float("-inf")}}, r"scale\): .*found -Infinity"),
        ({"lora_parameters": {"rank": 0, "scale": 1.0}}, r"rank\): expected an integer from 1 .*found 0"),
        ({"num_layers": 99}, "num_layers of at most 2.*found 99"),
        ({"num_layers": -2}, r"num_layers\): expected an integer from -1 "),
    ],
)
def test_settings_that_no_adapter_can_have_are_refused_by_convert_fuse_and_load_alike(
    config: dict[str, Any], match: str, adapter: Path, tiny_mistral: Path, tmp_path: Path
) -> None:
    edit_config(adapter, **config)
    with pytest.raises(InputError, match=match):
        convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf")
    with pytest.raises(InputError, match=match):
        fuse.fuse(tiny_mistral, adapter, tmp_path / "fused")
    with pytest.raises(InputError, match=match):
        models.load(tiny_mistral, adapter=adapter)
