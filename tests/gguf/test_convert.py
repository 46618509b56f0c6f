"""A Hugging Face directory to GGUF: what is written, and what is refused before anything is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import convert, read_gguf

GgufOf = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path, tiny_llama: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(tiny_llama, tmp_path / "model"))


def edit_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def refused(folder: Path, match: str, **options: Any) -> None:
    """`convert` fails with this message and leaves no file."""
    out = folder.parent / "out.gguf"
    with pytest.raises(InputError, match=match):
        convert(folder, out, **options)
    assert [p for p in folder.parent.iterdir() if p.name not in ("model", "file")] == []


def weights_of(folder: Path, **changes: np.ndarray | None) -> dict[str, np.ndarray]:
    config = json.loads((folder / "config.json").read_text())
    made = tiny.tensors(config)
    for name, value in changes.items():
        made.pop(name, None)
        if value is not None:
            made[name] = value
    return made


def test_the_metadata_is_what_llama_cpp_needs_and_a_reader_wants(tiny_mistral: Path, gguf_of: GgufOf) -> None:
    metadata = read_gguf(gguf_of(tiny_mistral, "q8_0")).metadata
    expected = {
        "general.architecture": "llama",
        "general.type": "model",
        "general.size_label": "140K",
        "general.license": "mit",
        "general.base_model.count": 1,
        "general.base_model.0.name": "tiny base",
        "general.base_model.0.organization": "acme",
        "general.base_model.0.repo_url": "https://huggingface.co/acme/tiny-base",
        "general.languages": ["en"],
        "general.file_type": 7,
        "general.quantization_version": 2,
        "llama.block_count": 2,
        "llama.context_length": 512,
        "llama.embedding_length": 64,
        "llama.feed_forward_length": 128,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.rope.dimension_count": 16,
        "llama.rope.freq_base": 10000.0,
        "llama.vocab_size": 512,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.ggml.add_space_prefix": True,
        "t2sql.prompt_format": "t2sql.prompt.1",
    }
    assert {key: metadata.get(key) for key in expected} == expected
    assert metadata["llama.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-5)
    for key in ("tokens", "scores", "token_type"):
        assert len(metadata[f"tokenizer.ggml.{key}"]) == 512


@pytest.mark.parametrize("type", ["f32", "F16", "bf16", "q8_0", "Q4_1", "q4_0"])
def test_matrices_get_the_type_and_norms_stay_f32(type: str, tiny_mistral: Path, gguf_of: GgufOf) -> None:
    file = read_gguf(gguf_of(tiny_mistral, type))
    head = "q8_0" if type.lower().startswith("q4") else type.lower()
    for name, info in file.tensors.items():
        kept = "f32" if "norm" in name else head if name == "output.weight" else type.lower()
        assert info.type == kept, name


def test_a_tied_embedding_is_q8_0_in_a_4_bit_file_unless_pure_or_chosen(
    tiny_llama: Path, tmp_path: Path
) -> None:
    for options, expected in (
        ({}, "q8_0"),
        ({"pure": True}, "q4_0"),
        ({"output_type": "f16"}, "f16"),
        ({"embedding_type": "q4_1"}, "q4_1"),
    ):
        result = convert(tiny_llama, tmp_path / "a.gguf", type="q4_0", force=True, **options)
        assert read_gguf(result.path).tensors["token_embd.weight"].type == expected
        assert sum(result.types.values()) == result.tensors == 20


def test_rows_that_no_block_holds_are_f16_with_a_warning(tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "model", intermediate_size=80)
    result = convert(source, tmp_path / "a.gguf", type="q4_0")
    assert read_gguf(result.path).tensors["blk.0.ffn_down.weight"].type == "f16"
    assert len(result.warnings) == 2
    assert "blk.0.ffn_down.weight: rows of 80 values are not a multiple of 32" in result.warnings[0]


def test_ids_that_no_token_has_are_padded(tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "model", vocab_size=544)
    metadata = read_gguf(convert(source, tmp_path / "a.gguf").path).metadata
    assert metadata["tokenizer.ggml.tokens"][512:514] == ["[PAD512]", "[PAD513]"]
    assert set(metadata["tokenizer.ggml.token_type"][512:]) == {5}


@pytest.mark.parametrize("index", [True, False])
def test_shards_give_the_same_file_with_and_without_an_index(
    index: bool, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    source = tiny.build_mistral(tmp_path / "tiny-mistral", shards=3, index=index)
    result = convert(source, tmp_path / "a.gguf")
    assert result.path.read_bytes() == gguf_of(tiny_mistral).read_bytes()


@pytest.mark.parametrize("index", [True, False])
def test_a_missing_shard_is_named(index: bool, tmp_path: Path) -> None:
    source = tiny.build_mistral(tmp_path / "model", shards=3, index=index)
    (source / "model-00002-of-00003.safetensors").unlink()
    refused(source, r"shard missing \(.*model-00002-of-00003\.safetensors")


def test_a_directory_without_config_or_weights_is_refused(model: Path) -> None:
    (model / "model.safetensors").unlink()
    refused(model, "directory without weights")
    (model / "config.json").unlink()
    refused(model, "directory without config")
    shutil.rmtree(model)
    refused(model, "no such model directory")


def test_a_config_that_does_not_parse_or_lacks_a_setting_is_refused(model: Path) -> None:
    edit_config(model, num_hidden_layers=None)
    refused(model, "setting missing .*num_hidden_layers")
    (model / "config.json").write_text("{")
    refused(model, "does not parse")


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_truncated_weights_are_refused(keep: int, model: Path) -> None:
    file = model / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    refused(model, "model.safetensors")


def test_corrupt_weights_are_refused(model: Path) -> None:
    file = model / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[8:12] = b"!!!!"
    file.write_bytes(data)
    refused(model, "model.safetensors")


def test_an_unsupported_architecture_is_named_with_the_supported_ones(model: Path) -> None:
    edit_config(model, architectures=["BloomForCausalLM"])
    refused(model, "expected Gemma2ForCausalLM or .*LlamaForCausalLM or .*, found BloomForCausalLM")


def test_an_unsupported_dtype_is_named(model: Path) -> None:
    tiny.write_weights(model, weights_of(model), dtype="I32")
    refused(model, r"tensor .*: expected F32, F16 or BF16, found I32")


def test_an_unsupported_type_is_named(model: Path) -> None:
    refused(model, "expected f32 or f16 .*, found q2_k", type="q2_k")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("type", ["f32", "q4_0"])
def test_a_weight_that_is_not_finite_is_named(value: float, type: str, model: Path) -> None:
    weights = weights_of(model)
    weights["model.layers.1.mlp.up_proj.weight"][3, 5] = value
    tiny.write_weights(model, weights)
    refused(model, r"layers\.1\.mlp\.up_proj|blk\.1\.ffn_up", type=type)


def test_missing_extra_and_misshapen_tensors_are_named(model: Path) -> None:
    name = "model.layers.0.self_attn.q_proj.weight"
    tiny.write_weights(model, weights_of(model, **{name: None}))
    refused(model, f"tensors missing .*{name}")
    tiny.write_weights(model, weights_of(model, **{"model.layers.0.router.weight": np.ones((4, 64))}))
    refused(model, r"tensors not supported .*router")
    tiny.write_weights(model, weights_of(model, **{name: np.ones((32, 64))}))
    refused(model, rf"config contradicts a tensor .*{name}.*expected shape \[64, 64\], found \[32, 64\]")


def test_a_vocabulary_larger_than_the_embedding_is_refused(tmp_path: Path) -> None:
    refused(tiny.build_llama(tmp_path / "model", vocab_size=480), "vocabulary larger than the embedding")


@pytest.mark.parametrize("value", [1e5, -3e38])
def test_a_bf16_value_that_f16_cannot_hold_is_named(value: float, model: Path) -> None:
    weights = weights_of(model)
    weights["model.layers.0.mlp.down_proj.weight"][3, 5] = value
    tiny.write_weights(model, weights, dtype="BF16")
    refused(model, r"layers\.0\.mlp\.down_proj.*f16", type="f16")
    convert(model, model.parent / "out.gguf", type="bf16")


def test_rope_scaling_that_cannot_be_expressed_is_refused(model: Path) -> None:
    edit_config(model, rope_scaling={"rope_type": "longrope", "factor": 4.0})
    refused(model, "rope scaling not supported")


def test_an_existing_output_is_kept_unless_forced(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    out.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        convert(model, out)
    assert out.read_text() == "mine"
    convert(model, out, force=True)
    assert out.read_bytes()[:4] == b"GGUF"


def test_a_failed_conversion_leaves_the_old_output(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    out.write_text("mine")
    weights = weights_of(model)
    weights["model.norm.weight"][0] = np.nan
    tiny.write_weights(model, weights)
    with pytest.raises(InputError, match="norm"):
        convert(model, out, force=True)
    assert out.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "out.gguf"]


def test_an_output_that_cannot_be_written_is_said(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not writable"):
        convert(model, tmp_path / "file" / "out.gguf")
    with pytest.raises(InputError, match="directory"):
        convert(model, model, force=True)
