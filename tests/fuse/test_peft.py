"""Adapters that PEFT made: fused, converted and applied in MLX, their logits are PEFT's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support import tiny

from t2sql import fuse, models
from t2sql.errors import InputError
from t2sql.gguf import convert, convert_adapter
from t2sql.runtimes import LlamaPredictor, mx

GOLDEN = Path(__file__).parents[1] / "golden" / "peft"
IDS = [5, 9, 30, 41, 7, 100, 200]
CASES = ("patterns", "rslora", "dora", "whole")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {
        "tied": tiny.build_llama(folder / "tied"),
        "untied": tiny.build_mistral(
            folder / "untied", hidden_size=32, intermediate_size=64, num_hidden_layers=1
        ),
    }


def base_of(case: str, bases: dict[str, Path]) -> Path:
    return bases[json.loads((GOLDEN / "logits.json").read_text())[case]["base"]]


def peft_logits(case: str) -> np.ndarray:
    return np.array(json.loads((GOLDEN / "logits.json").read_text())[case]["logits"])


def logits(model: Path, adapter: Path | None = None) -> np.ndarray:
    out = models.load(model, adapter=adapter).model(mx.array([IDS]))[0]
    return np.array(out)[:, :16]


@pytest.mark.parametrize("case", CASES)
def test_fused_and_applied_in_mlx_it_computes_what_peft_computes(
    case: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    base, adapter = base_of(case, bases), GOLDEN / case
    assert np.abs(logits(base) - peft_logits(case)).max() > 1
    assert np.allclose(logits(base, adapter), peft_logits(case), rtol=0, atol=2e-4)
    result = fuse.fuse(base, adapter, tmp_path / "fused")
    assert result.dtype == "float32" and result.lost < 1e-4
    assert np.allclose(logits(tmp_path / "fused"), peft_logits(case), rtol=0, atol=2e-4)
    with pytest.raises(InputError, match="in these weights already"):
        fuse.fuse(tmp_path / "fused", adapter, tmp_path / "twice")


@pytest.mark.parametrize("case", CASES)
def test_straight_to_gguf_it_is_the_fused_file(case: str, bases: dict[str, Path], tmp_path: Path) -> None:
    base, adapter = base_of(case, bases), GOLDEN / case
    fuse.fuse(base, adapter, tmp_path / "fused")
    one = convert(tmp_path / "fused", tmp_path / "fused.gguf", type="q8_0").path
    other = fuse.convert_adapted(base, adapter, tmp_path / "a.gguf", type="q8_0").path
    assert (
        one.stat().st_size == other.stat().st_size or one.read_bytes()[-4096:] == other.read_bytes()[-4096:]
    )


@pytest.mark.parametrize("case", ["patterns", "rslora"])
def test_alone_as_gguf_llama_cpp_applies_every_rank_and_scale(
    case: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    base = base_of(case, bases)
    file = convert_adapter(base, GOLDEN / case, tmp_path / "adapter.gguf").path
    alone = convert(base, tmp_path / "base.gguf").path
    tuned = fuse.convert_adapted(base, GOLDEN / case, tmp_path / "tuned.gguf").path
    assert np.abs(top(alone, file) - top(tuned)).max() < 1e-3
    assert np.abs(top(alone) - top(tuned)).max() > 0.1


def top(file: Path, adapter: Path | None = None) -> np.ndarray:
    with LlamaPredictor(file, adapter=adapter) as llama:
        found = dict(llama.top(IDS, 512))
    return np.array([found[i] for i in range(512)])


def edited(tmp_path: Path, case: str, tensors: dict[str, Any] | None = None, **settings: Any) -> Path:
    """A copy of an adapter with other tensors (None: removed) and settings."""
    out = shutil.copytree(GOLDEN / case, tmp_path / "adapter")
    weights = {**load_file(out / "adapter_model.safetensors"), **(tensors or {})}
    save_file({k: v for k, v in weights.items() if v is not None}, out / "adapter_model.safetensors")
    file = out / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))
    return out


Q = "base_model.model.model.layers.1.self_attn.q_proj"


@pytest.mark.parametrize(
    ("tensors", "settings", "match"),
    [
        ({}, {"peft_type": "IA3"}, "peft_type.*expected LORA.*found IA3"),
        ({}, {"bias": "all"}, 'bias.*expected "none"'),
        ({}, {"lora_bias": True}, "lora_bias.*no such variant"),
        ({}, {"alora_invocation_tokens": [1]}, "alora_invocation_tokens.*no such variant"),
        ({}, {"init_lora_weights": "pissa_niter_4"}, "base whose weights were changed.*pissa"),
        ({}, {"r": 8}, r"does not fit.*expected shape \[8, 64\].*Another r or rank_pattern.*tiny-tied"),
        ({}, {"lora_alpha": 0}, "lora_alpha.*not 0"),
        ({}, {"target_modules": ["q_proj"]}, r"settings do not name.*up_proj"),
        ({}, {"target_modules": "(", "layers_to_transform": None}, "malformed regular expression"),
        ({f"{Q}.lora_A.weight": None}, {}, r"tensor of the adapter is missing.*q_proj.lora_A"),
        (
            {f"{Q}.lora_A.weight": None, f"{Q}.lora_B.weight": None},
            {},
            r"tensor of the adapter is missing.*layers.1.self_attn.q_proj",
        ),
        (
            {
                f"{Q.replace('1', '7')}.lora_A.weight": np.ones((4, 64), np.float32),
                f"{Q.replace('1', '7')}.lora_B.weight": np.ones((64, 4), np.float32),
            },
            {},
            r"belongs to another model.*layers.7.self_attn.q_proj",
        ),
        ({f"{Q}.lora_C": np.ones(3, np.float32)}, {}, r"not a tensor of a LoRA adapter.*lora_C"),
        (
            {"base_model.model.lm_head.weight": np.ones((512, 64), np.float32)},
            {},
            "one of two matrices that the model has as one",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    tensors: dict[str, Any], settings: dict[str, Any], match: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    adapter = edited(tmp_path, "rslora", tensors, **settings)
    with pytest.raises(InputError, match=match):
        fuse.fuse(bases["tied"], adapter, tmp_path / "fused")
    with pytest.raises(InputError, match=match):
        models.load(bases["tied"], adapter=adapter)


def test_an_adapter_of_another_base_is_named_by_its_shapes(bases: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"belongs to another model|does not fit.*trained on tiny-tied"):
        fuse.fuse(bases["untied"], GOLDEN / "rslora", tmp_path / "fused")
