"""Inspect: the family, the types by size, and what looks wrong with a file or a directory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support import tiny, tiny_families

from t2sql.gguf import convert, inspect

FamilyModel = Callable[[str], Path]


@pytest.mark.parametrize("name", tiny_families.MODELS)
def test_nothing_looks_wrong_with_a_converted_file_or_its_source(
    name: str, family_model: FamilyModel, tmp_path: Path
) -> None:
    source = family_model(name)
    convert(source, tmp_path / "a.gguf", type="q4_0")
    model_type = json.loads((source / "config.json").read_text())["model_type"]
    # Mistral's file is a llama file.
    file, directory = inspect(tmp_path / "a.gguf"), inspect(source)
    assert (file.family, directory.family) == ("llama" if name == "mistral" else model_type, model_type)
    assert file.warnings == directory.warnings == []
    assert directory.types.keys() == {"f32"} and directory.bits_per_weight == 32
    assert sum(entry.tensors for entry in directory.types.values()) == len(directory.tensors)


def test_a_file_whose_metadata_and_tensors_disagree_says_so(
    family_model: FamilyModel, tmp_path: Path
) -> None:
    convert(family_model("qwen2"), tmp_path / "a.gguf", type="q8_0")
    changes = {"qwen2.attention.head_count_kv": 4, "general.file_type": 2, "tokenizer.ggml.merges": None}
    bad = tiny.rewrite_gguf(tmp_path / "a.gguf", tmp_path / "b.gguf", changes)
    warnings = " | ".join(inspect(bad).warnings)
    for part in (
        "metadata contradicts a tensor",
        "general.file_type says q4_0, most matrices are q8_0",
        "BPE tokenizer without merges",
    ):
        assert part in warnings
    missing = tiny.rewrite_gguf(tmp_path / "a.gguf", tmp_path / "c.gguf", {}, drop=("blk.1.attn_q.bias",))
    assert "blk.1.attn_q.bias" in inspect(missing).warnings[0]


def test_an_unknown_architecture_is_shown_and_said(family_model: FamilyModel, tmp_path: Path) -> None:
    convert(family_model("llama"), tmp_path / "a.gguf")
    bad = tiny.rewrite_gguf(tmp_path / "a.gguf", tmp_path / "b.gguf", {"general.architecture": "mamba"})
    found = inspect(bad)
    assert (found.architecture, found.family) == ("mamba", "")
    assert "architecture not supported" in found.warnings[-1]


def test_a_directory_that_convert_would_refuse_says_why(family_model: FamilyModel, tmp_path: Path) -> None:
    source = Path(shutil.copytree(family_model("gemma2"), tmp_path / "model"))
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, "query_pre_attn_scalar": 1}))
    assert "attention scale" in inspect(source).warnings[0]
