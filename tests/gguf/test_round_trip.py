"""import(convert(x)) is x: every family's tensors, config and tokenizer, and files that others wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import tiny, tiny_families

from t2sql.errors import InputError
from t2sql.gguf import (
    Entry,
    GgufFile,
    ModelConfig,
    convert,
    import_gguf,
    read_gguf,
    read_safetensors,
)
from t2sql.gguf.families.rope import FREQS, Rope
from t2sql.verification.tokens import HARD_STRINGS

FamilyModel = Callable[[str], Path]


def config_of(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "config.json").read_text()))


@pytest.mark.parametrize("name", tiny_families.MODELS)
def test_tensors_config_and_tokenizer_come_back_as_they_were(
    name: str, family_model: FamilyModel, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer

    source = family_model(name)
    convert(source, tmp_path / "a.gguf")
    back = import_gguf(tmp_path / "a.gguf", tmp_path / "back")
    before, after = (read_safetensors(p / "model.safetensors").tensors for p in (source, back))
    assert before.keys() == after.keys()
    for tensor, info in before.items():
        x, y = info.float32(), after[tensor].float32()
        if name.startswith("gemma") and tensor.endswith("norm.weight"):
            assert (np.abs(x - y) <= np.spacing(np.abs(x + 1))).all(), tensor
        else:
            assert np.array_equal(x, y), tensor
    configs = config_of(source), config_of(back)
    assert {key: configs[1].get(key) for key in configs[0]} == configs[0]
    one, other = (Tokenizer.from_file(str(p / "tokenizer.json")) for p in (source, back))
    for text in HARD_STRINGS:
        assert one.encode(text).ids == other.encode(text).ids, text


@pytest.mark.parametrize("name", tiny_families.MODELS)
def test_a_file_without_our_metadata_is_the_same_model_in_mlx(
    name: str, family_model: FamilyModel, tmp_path: Path
) -> None:
    from t2sql.models import load
    from t2sql.runtimes.mlx import mx

    changes = {"original_max_position_embeddings": 8192, "factor": 32.0}
    source = family_model(name)
    if name == "llama":
        scaling = {**tiny_families.MODELS[name][1]["rope_scaling"], **changes}
        source = tiny_families.build(tmp_path / "source", name, rope_scaling=scaling, rope_theta=500000.0)
    convert(source, tmp_path / "a.gguf")
    tiny.rewrite_gguf(tmp_path / "a.gguf", tmp_path / "b.gguf", {"t2sql.config": None})
    back = import_gguf(tmp_path / "b.gguf", tmp_path / "back")
    loaded = [load(folder) for folder in (source, back)]
    ids = mx.array([list(loaded[0].tokenizer.encode(tiny.PROMPTS[0]))[:48]])
    one, other = (np.array(x.model(ids)) for x in loaded)
    assert np.abs(one - other).max() < 2e-3 * one.std()


def test_rope_factors_of_unknown_settings_are_refused(family_model: FamilyModel, tmp_path: Path) -> None:
    convert(family_model("llama"), tmp_path / "a.gguf")
    assert FREQS in read_gguf(tmp_path / "a.gguf").tensors
    bad = tiny.rewrite_gguf(tmp_path / "a.gguf", tmp_path / "b.gguf", {"t2sql.config": None})
    with pytest.raises(InputError, match="rope factors of unknown settings"):
        import_gguf(bad, tmp_path / "back")


@settings(max_examples=30, deadline=None)
@given(
    factor=st.floats(1.5, 64),
    original=st.integers(32, 1 << 20),
    fast=st.floats(8, 64),
    attention=st.none() | st.floats(0.5, 2),
)
def test_yarn_settings_come_back(factor: float, original: int, fast: float, attention: float | None) -> None:
    scaling = {"type": "yarn", "factor": factor, "original_max_position_embeddings": original}
    scaling |= {"beta_fast": fast, "attention_factor": attention}
    rope = Rope(("yarn",))
    entries = rope.metadata(ModelConfig({"rope_scaling": scaling}))
    entries = [entry._replace(key=f"llama.{entry.key}") for entry in entries]
    architecture = Entry("general.architecture", "str", "llama")
    file = GgufFile(Path("here"), 3, 0, [architecture, *entries], {})
    back = ModelConfig(rope.config(file, {})).section("rope_scaling").document
    expected = {key: value for key, value in scaling.items() if value is not None}
    assert {key: back[key] for key in expected} == pytest.approx(expected)
