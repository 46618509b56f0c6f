"""Stray, stale, missing and damaged files of a model directory: the same files for every command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import convert, safetensors_files
from t2sql.models import load_network


def sharded(folder: Path) -> Path:
    return tiny.build_llama(folder, shards=2)


def whole(folder: Path, name: str, seed: int = 9) -> Path:
    """Other weights of the same model, in one file."""
    other = folder.parent / "other"
    other.mkdir()
    tiny.write_weights(other, tiny.tensors(json.loads((folder / "config.json").read_text()), seed))
    return shutil.move(other / "model.safetensors", folder / name)


def edit_index(folder: Path, change: Any) -> None:
    file = folder / "model.safetensors.index.json"
    index = json.loads(file.read_text())
    change(index["weight_map"])
    file.write_text(json.dumps(index))


@pytest.mark.parametrize(
    "name", ["model.fp32.safetensors", "model-old.safetensors", "consolidated.safetensors"]
)
def test_a_stray_file_beside_an_index_is_read_by_nobody(name: str, tmp_path: Path) -> None:
    folder = sharded(tmp_path / "model")
    plain = convert(folder, tmp_path / "plain.gguf").path.read_bytes()
    before = load_network(folder)[0].model.norm.weight.tolist()
    whole(folder, name)
    assert convert(folder, tmp_path / "stray.gguf").path.read_bytes() == plain
    assert load_network(folder)[0].model.norm.weight.tolist() == before


def test_a_whole_model_beside_the_shards_of_an_index_is_refused_everywhere(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "model")
    whole(folder, "model.safetensors")
    for work in (lambda: convert(folder, tmp_path / "a.gguf"), lambda: load_network(folder)):
        with pytest.raises(InputError, match=r"two sets of weights.*model.safetensors beside model-0"):
            work()


def test_an_index_whose_shards_are_all_gone_is_passed_over_beside_a_whole_model(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "model")
    file = whole(folder, "model.safetensors", seed=0)
    for shard in folder.glob("model-0*.safetensors"):
        shard.unlink()
    assert safetensors_files(folder) == [file]
    assert convert(folder, tmp_path / "a.gguf").path.exists()
    load_network(folder)


def test_weights_of_any_name_are_read_by_everybody(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "weights.safetensors")
    convert(folder, tmp_path / "a.gguf")
    load_network(folder)


def test_two_sets_without_an_index_are_refused(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    shutil.copy(folder / "a.safetensors", folder / "b.safetensors")
    with pytest.raises(InputError, match=r"two sets of weights.*a.safetensors, b.safetensors"):
        convert(folder, tmp_path / "a.gguf")


@pytest.mark.parametrize(
    "name",
    [
        "../other.safetensors",
        "/tmp/x.safetensors",
        "a/b.safetensors",
        "model\0.safetensors",
        "",
        3,
        "config.json",
    ],
)
def test_an_index_names_files_beside_it_only(name: Any, tmp_path: Path) -> None:
    folder = sharded(tmp_path / "model")
    edit_index(folder, lambda names: names.update({"model.norm.weight": name}))
    for work in (lambda: convert(folder, tmp_path / "a.gguf"), lambda: load_network(folder)):
        with pytest.raises(InputError, match="a file that is not beside it"):
            work()


def test_an_index_that_contradicts_its_shards_is_refused(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "model")
    edit_index(folder, lambda names: names.update({"model.extra.weight": "model-00001-of-00002.safetensors"}))
    for work in (lambda: convert(folder, tmp_path / "a.gguf"), lambda: load_network(folder)):
        with pytest.raises(InputError, match=r"model.extra.weight in model-00001.*found no such tensor"):
            work()


def test_a_head_of_its_own_under_tied_embeddings_is_warned_of_where_it_differs(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    weights = tiny.tensors(json.loads((folder / "config.json").read_text()))
    embedding = weights["model.embed_tokens.weight"]
    tiny.write_weights(folder, {**weights, "lm_head.weight": embedding})
    assert convert(folder, tmp_path / "same.gguf").warnings == []
    tiny.write_weights(folder, {**weights, "lm_head.weight": (embedding * 0.5 + 1).astype(np.float32)})
    (warning,) = convert(folder, tmp_path / "other.gguf").warnings
    assert "lm_head.weight differs from the embedding" in warning


def test_a_pointer_of_git_lfs_is_named(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    for work in (lambda: convert(folder, tmp_path / "a.gguf"), lambda: load_network(folder)):
        with pytest.raises(InputError, match=r"a Git LFS pointer\. Run git lfs pull"):
            work()
