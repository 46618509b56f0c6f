"""Base and adapter straight to GGUF: what fusing and then converting would write."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import tiny, tiny_families
from support.adapters import edit, edit_config, write_adapter, write_adapter_of_all

from t2sql import fuse
from t2sql.errors import InputError, WorkError
from t2sql.gguf import AdaptedTensor, convert, read_changes, read_directory, read_gguf, with_changes
from t2sql.runtimes import mx

Q = "model.layers.1.self_attn.q_proj"


def same_tensors(one: Path, other: Path) -> bool:
    first, second = read_gguf(one).tensors, read_gguf(other).tensors
    return first.keys() == second.keys() and all(
        info.type == second[name].type and np.array_equal(info.raw(), second[name].raw())
        for name, info in first.items()
    )


@pytest.mark.parametrize(
    "name", ["llama", "llama-biased", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"]
)
def test_every_family_gets_the_tensors_of_its_fused_directory(name: str, tmp_path: Path) -> None:
    base = tiny_families.build(tmp_path / "base", name)
    adapter = write_adapter_of_all(base, tmp_path / "adapter")
    fuse.fuse(base, adapter, tmp_path / "fused")
    straight = fuse.convert_adapted(base, adapter, tmp_path / "straight.gguf", type="q8_0").path
    assert same_tensors(straight, convert(tmp_path / "fused", tmp_path / "fused.gguf", type="q8_0").path)
    assert not same_tensors(straight, convert(base, tmp_path / "base.gguf", type="q8_0").path)


@pytest.mark.parametrize("kind", ["lora", "dora", "4 bits"])
def test_bytes_do_not_depend_on_the_threads_and_metadata_are_those_of_the_fused_model(
    kind: str, tiny_mistral: Path, tmp_path: Path
) -> None:
    adapter = write_adapter_of_all(tiny_mistral, tmp_path / "adapter", dora=kind == "dora")
    if kind == "4 bits":
        edit_config(adapter, base_bits=4)
    fuse.fuse(tiny_mistral, adapter, tmp_path / "fused")
    files = [
        fuse.convert_adapted(
            tiny_mistral, adapter, tmp_path / f"{threads}.gguf", type="q4_0", threads=threads
        ).path
        for threads in (1, 3)
    ]
    assert files[0].read_bytes() == files[1].read_bytes()
    fused = convert(tmp_path / "fused", tmp_path / "fused.gguf", type="q4_0").path
    assert same_tensors(files[0], fused)
    ours, theirs = read_gguf(files[0]).metadata, read_gguf(fused).metadata
    assert {key for key in ours if ours[key] != theirs[key]} == {"general.name"}
    assert ours.keys() == theirs.keys()


@pytest.mark.parametrize("bits", [4, 8])
def test_the_rounding_of_qlora_is_that_of_mlx(bits: int, tiny_mistral: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tiny_mistral, tmp_path / "adapter", layers=2)
    edit_config(adapter, base_bits=bits)
    directory = read_directory(tiny_mistral)
    summed = with_changes(directory, read_changes(adapter, directory))
    file = fuse.convert_adapted(tiny_mistral, adapter, tmp_path / "a.gguf", type="f32").path
    written = read_gguf(file).tensors
    for name, gguf_name in (
        ("model.embed_tokens", "token_embd"),
        ("model.layers.0.mlp.up_proj", "blk.0.ffn_up"),
    ):
        weight = mx.array(directory.tensors[f"{name}.weight"].float32())
        expected = mx.dequantize(*mx.quantize(weight, 64, bits), group_size=64, bits=bits)
        tensor = summed.tensors[f"{name}.weight"]
        assert isinstance(tensor, AdaptedTensor)
        assert np.array_equal(tensor.float32(), np.array(expected))
        assert np.array_equal(written[f"{gguf_name}.weight"].float32(), np.array(expected))


def test_half_precision_bases_are_summed_in_float32(tiny_mistral: Path, tmp_path: Path) -> None:
    base = tiny.build_mistral(tmp_path / "base", dtype="BF16")
    adapter = write_adapter_of_all(base, tmp_path / "adapter")
    directory = read_directory(base)
    summed = with_changes(directory, read_changes(adapter, directory)).tensors[
        "model.layers.0.mlp.down_proj.weight"
    ]
    file = fuse.convert_adapted(base, adapter, tmp_path / "a.gguf", type="f32").path
    written = read_gguf(file).tensors["blk.0.ffn_down.weight"].float32()
    assert np.allclose(written, summed.float32(), rtol=0, atol=1e-6)
    assert json.loads(str(read_gguf(file).metadata["t2sql.config"]))["torch_dtype"] == "bfloat16"


def test_the_file_says_which_adapter_it_has_and_takes_it_no_second_time(
    tiny_mistral: Path, tmp_path: Path
) -> None:
    adapter = write_adapter(tiny_mistral, tmp_path / "adapter")
    file = fuse.convert_adapted(tiny_mistral, adapter, tmp_path / "a.gguf", type="q8_0").path
    assert str(read_gguf(file).metadata["t2sql.adapter"]).endswith("/adapter")
    with pytest.raises(InputError, match="in these weights already"):
        fuse.convert_adapted(file, shutil.copytree(adapter, tmp_path / "copy"), tmp_path / "b.gguf")
    edit(adapter, **{f"{Q}.lora_a": np.full((64, 4), np.nan, np.float32)})
    with pytest.raises(InputError, match=r"q_proj.weight.*NaN|NaN.*q_proj.weight"):
        fuse.convert_adapted(tiny_mistral, adapter, tmp_path / "c.gguf")
    assert not (tmp_path / "c.gguf").exists()


def test_an_adapter_of_zeros_is_refused(tiny_mistral: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tiny_mistral, tmp_path / "adapter", keys=("self_attn.q_proj",))
    edit(adapter, **{f"{Q}.lora_b": np.zeros((4, 64), np.float32)})
    with pytest.raises(WorkError, match="no effect"):
        fuse.convert_adapted(tiny_mistral, adapter, tmp_path / "a.gguf")


def test_the_command_line_adds_an_adapter_to_a_directory(
    tiny_mistral: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from t2sql.cli.edge import run_command_line

    adapter = write_adapter(tiny_mistral, tmp_path / "adapter")
    arguments = [str(tiny_mistral), str(tmp_path / "a.gguf"), "--adapter", str(adapter), "--type", "q4_0"]
    assert run_command_line(["convert", *arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["types"]["q4_0"] > 0
    same = fuse.convert_adapted(tiny_mistral, adapter, tmp_path / "b.gguf", type="q4_0").path
    assert same.read_bytes() == (tmp_path / "a.gguf").read_bytes()
