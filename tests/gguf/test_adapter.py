"""GGUF adapters: llama.cpp and MLX apply them as fused, and one that does not belong is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from support import tiny
from support.adapters import KEYS, RANK, SCALE, edit, edit_config, write_adapter

from t2sql.errors import InputError, WorkError
from t2sql.generate import ask
from t2sql.gguf import convert, convert_adapter, read_gguf
from t2sql.runtimes import LlamaPredictor

GgufOf = Callable[..., Path]


@pytest.fixture
def adapter(tiny_mistral: Path, tmp_path: Path) -> Path:
    return write_adapter(tiny_mistral, tmp_path / "adapter")


def predicted(file: Path, adapter: Path | None = None) -> np.ndarray:
    with LlamaPredictor(file, adapter=adapter) as llama:
        ids = llama.tokenize(tiny.PROMPTS[0])
        found = [dict(llama.top(ids[:n], 512)) for n in range(4, len(ids) - 1, 9)]
    return np.array([[one[i] for i in range(512)] for one in found])


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_llama_cpp_gives_base_and_adapter_the_fused_models_probabilities(
    model: str, request: pytest.FixtureRequest, gguf_of: GgufOf, tmp_path: Path
) -> None:
    from t2sql.fuse import fuse

    source: Path = request.getfixturevalue(model)
    adapter = write_adapter(source, tmp_path / "adapter")
    result = convert_adapter(source, adapter, tmp_path / "adapter.gguf")
    assert (result.tensors, result.types, result.warnings) == (8, {"f32": 8}, [])
    fuse(source, adapter, tmp_path / "fused")
    fused = predicted(convert(tmp_path / "fused", tmp_path / "fused.gguf").path)
    both = predicted(gguf_of(source), result.path)
    assert np.abs(both - fused).max() < 1e-3
    assert np.abs(predicted(gguf_of(source)) - fused).max() > 1


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_mlx_gives_base_and_adapter_the_logits_of_the_directory_with_the_adapter(
    model: str, request: pytest.FixtureRequest, gguf_of: GgufOf, tmp_path: Path
) -> None:
    from t2sql import models
    from t2sql.runtimes.mlx import mx

    source: Path = request.getfixturevalue(model)
    adapter = write_adapter(source, tmp_path / "adapter", layers=2)
    file = convert_adapter(source, adapter, tmp_path / "adapter.gguf").path
    ids = mx.array([[1, 70, 80, 90, 100, 110]])
    found = models.load_gguf(models.resolve(f"{gguf_of(source)}+{file}")).model(ids)
    assert mx.allclose(found, models.load(source, adapter=adapter).model(ids), atol=1e-3)
    assert not mx.allclose(found, models.load(source).model(ids), atol=0.5)


def test_the_metadata_is_what_llama_cpp_reads(adapter: Path, tiny_mistral: Path, tmp_path: Path) -> None:
    file = read_gguf(convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf", type="f16").path)
    expected = {
        "general.architecture": "llama",
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": RANK * SCALE,
        "t2sql.prompt_format": "t2sql.prompt.1",
    }
    assert {key: file.metadata.get(key) for key in expected} == expected
    assert file.tensors["blk.1.ffn_down.weight.lora_a"].shape == (RANK, 128)
    assert file.tensors["blk.1.ffn_down.weight.lora_b"].shape == (64, RANK)
    assert {info.type for info in file.tensors.values()} == {"f16"}


@pytest.mark.parametrize("backend", ["llama", "mlx"])
def test_ask_takes_a_base_with_an_adapter(
    backend: str, adapter: Path, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    file = convert_adapter(tiny_mistral, adapter, tmp_path / "tuned.gguf").path
    base = gguf_of(tiny_mistral, "q8_0")
    answer = ask(f"{base}+{file}", "Who?", tables=["t: a, b"], backend=backend, max_tokens=4)
    assert answer.model == f"{base.stem}+tuned"
    assert answer.timings.tokens > 0
    assert not any("does not say what prompt" in warning for warning in answer.warnings)


def test_compare_counts_the_bytes_of_both(
    adapter: Path, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    from t2sql import models

    file = convert_adapter(tiny_mistral, adapter, tmp_path / "tuned.gguf").path
    base = gguf_of(tiny_mistral)
    ref = models.resolve(f"{base}+{file}")
    assert (ref.kind, ref.path, ref.adapter) == ("gguf", base, file)
    assert ref.bytes == base.stat().st_size + file.stat().st_size
    with pytest.raises(InputError, match=r"not a model directory.*t2sql fuse"):
        models.directory(f"{base}+{file}")
    with pytest.raises(InputError, match=r"none\.gguf"):
        models.resolve(f"{base}+{tmp_path / 'none.gguf'}")


def test_an_existing_output_is_kept_unless_forced(adapter: Path, tiny_mistral: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    out.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        convert_adapter(tiny_mistral, adapter, out)
    edit(adapter, **{"model.layers.1.self_attn.q_proj.lora_a": np.full((64, RANK), np.nan, np.float32)})
    with pytest.raises(InputError, match="attn_q"):
        convert_adapter(tiny_mistral, adapter, out, force=True)
    assert out.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "out.gguf"]


Q = "model.layers.1.self_attn.q_proj"
ZEROS = np.zeros((64, RANK), np.float32)


@pytest.mark.parametrize(
    ("tensors", "config", "match"),
    [
        ({}, {"fine_tune_type": "dora"}, "no GGUF form.*expected lora, found dora.*t2sql fuse"),
        ({}, {"fine_tune_type": "full"}, "no GGUF form.*expected lora, found full.*t2sql fuse"),
        ({f"{Q}.m": np.ones(64, np.float32)}, {}, "not a tensor of a LoRA.*q_proj.m"),
        ({f"{Q}.weight": np.ones((4, 4), np.float32)}, {}, "not a tensor of a LoRA.*q_proj.weight"),
        ({f"{Q}.lora_b": None}, {}, "lacks a tensor.*q_proj.lora_b"),
        ({}, {"lora_parameters": {"rank": 8, "scale": 5.0}}, r"does not fit.*expected shape \[\d+, 8\]"),
        ({f"{Q}.lora_a": ZEROS[:32]}, {}, r"does not fit.*q_proj.lora_a.*\[64, 4\], found \[32, 4\]"),
        (
            {"model.layers.7.mlp.up_proj.lora_a": ZEROS, "model.layers.7.mlp.up_proj.lora_b": ZEROS.T},
            {},
            "belongs to another model.*layers.7.mlp.up_proj",
        ),
        (
            {
                "model.embed_tokens.lora_a": np.tile(ZEROS, (8, 1)),
                "model.embed_tokens.lora_b": ZEROS.T,
            },
            {"lora_parameters": {"rank": RANK, "scale": SCALE, "keys": [*KEYS, "model.embed_tokens"]}},
            "token embedding has no GGUF form",
        ),
    ],
)
def test_what_has_no_place_in_a_gguf_adapter_is_named(
    tensors: dict[str, Any],
    config: dict[str, Any],
    match: str,
    adapter: Path,
    tiny_mistral: Path,
    tmp_path: Path,
) -> None:
    edit(adapter, **{n: None if v is None else np.ascontiguousarray(v) for n, v in tensors.items()})
    edit_config(adapter, **config)
    with pytest.raises(InputError, match=match):
        convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf")
    assert not (tmp_path / "a.gguf").exists()


def test_an_adapter_without_effect_is_refused(adapter: Path, tiny_mistral: Path, tmp_path: Path) -> None:
    weights = load_file(str(adapter / "adapters.safetensors"))
    edit(adapter, **{name: np.zeros_like(x) for name, x in weights.items() if name.endswith("lora_b")})
    with pytest.raises(WorkError, match="no effect"):
        convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf")


def test_a_type_with_blocks_is_refused(adapter: Path, tiny_mistral: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected f32, f16 or bf16, found q4_0"):
        convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf", type="q4_0")


def test_a_base_other_than_the_one_it_was_trained_on_is_refused(
    adapter: Path, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    other = tiny.build_mistral(tmp_path / "other", seed=1)
    edit_config(adapter, model=str(tiny_mistral))
    with pytest.raises(InputError, match=r"belongs to another model.*--base .*tiny-mistral"):
        convert_adapter(other, adapter, tmp_path / "a.gguf", trained_on=tiny_mistral)
    file = convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf").path
    for backend in ("llama", "mlx"):
        with pytest.raises(InputError, match=r"belongs to another model.*trained on"):
            ask(f"{gguf_of(other)}+{file}", prompt="x", backend=backend)


def test_an_adapter_of_another_shape_or_no_adapter_is_named_before_llama_cpp_sees_it(
    adapter: Path, tiny_mistral: Path, tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    file = convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf").path
    wide = tiny.build_mistral(tmp_path / "wide", intermediate_size=192)
    with pytest.raises(InputError, match=r"another model.*blk.1.ffn_down.weight \[64, 192\]"):
        ask(f"{gguf_of(wide)}+{file}", prompt="x")
    short = tiny.build_mistral(tmp_path / "short", num_hidden_layers=1)
    with pytest.raises(InputError, match=r"another model.*found blk.1"):
        ask(f"{gguf_of(short)}+{file}", prompt="x")
    with pytest.raises(InputError, match=r"not a LoRA adapter.*general.type adapter, found model"):
        ask(f"{gguf_of(tiny_mistral)}+{gguf_of(tiny_llama)}", prompt="x")
    with pytest.raises(InputError, match="not a model"):
        ask(f"{file}+{file}", prompt="x")


def test_a_qlora_adapter_is_written_with_a_warning(adapter: Path, tiny_mistral: Path, tmp_path: Path) -> None:
    edit_config(adapter, base_bits=4)
    result = convert_adapter(tiny_mistral, adapter, tmp_path / "a.gguf")
    assert "trained on its base at 4 bits" in result.warnings[0]


def test_the_command_line_writes_one_and_says_what_is_missing(
    adapter: Path, tiny_mistral: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from t2sql.cli.edge import run_command_line

    out = tmp_path / "a.gguf"
    base = ["--base", str(tiny_mistral), "--adapter", str(adapter)]
    assert run_command_line(["convert", *base, str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tensors"] == 8
    for arguments, match in (
        ([*base, str(tiny_mistral), str(out)], "written alone"),
        (["--base", str(tiny_mistral), str(tiny_mistral), str(out)], "--base is the model of an adapter"),
        ([str(tiny_mistral)], "missing argument"),
        (["--adapter", str(adapter), str(tmp_path / "b.gguf")], "which model?"),
    ):
        assert run_command_line(["convert", *arguments]) == 2
        assert match in capsys.readouterr().err
    shutil.rmtree(adapter)
    assert run_command_line(["convert", *base, str(tmp_path / "b.gguf")]) == 2
