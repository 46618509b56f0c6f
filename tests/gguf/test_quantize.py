"""A full-precision GGUF to a smaller type, and what inspect says of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from t2sql.errors import InputError
from t2sql.gguf import inspect, quantize, read_gguf
from t2sql.gguf.inspection import SpecialToken

GgufOf = Callable[..., Path]


@pytest.mark.parametrize("type", ["q8_0", "q4_1", "q4_0", "f16", "bf16", "q4_k_m", "q5_1"])
def test_quantizing_the_f32_file_equals_converting_straight_to_the_type(
    type: str, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    result = quantize(gguf_of(tiny_mistral), tmp_path / "a.gguf", type)
    assert result.path.read_bytes() == gguf_of(tiny_mistral, type).read_bytes()


def test_metadata_is_kept_and_file_type_updated(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    before = read_gguf(gguf_of(tiny_llama)).metadata
    after = read_gguf(quantize(gguf_of(tiny_llama), tmp_path / "a.gguf", "Q4_0").path).metadata
    assert after == {**before, "general.file_type": 2}


def test_a_quantized_file_is_not_quantized_again(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"already quantized .*expected f32, f16 or bf16, found q8_0"):
        quantize(gguf_of(tiny_llama, "q8_0"), tmp_path / "a.gguf", "q4_0")
    assert not list(tmp_path.iterdir())


def test_requantizing_starts_from_the_dequantized_values(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    """As quantizing the file that holds those values in float32 does."""
    source = gguf_of(tiny_llama, "q4_1")
    dequantized = quantize(source, tmp_path / "f32.gguf", "f32", pure=True, allow_requantize=True).path
    for name, info in read_gguf(dequantized).tensors.items():
        assert info.type == "f32"
        assert np.array_equal(info.float32(), read_gguf(source).tensors[name].float32())
    twice = quantize(source, tmp_path / "a.gguf", "q4_0", pure=True, allow_requantize=True).path
    assert (
        twice.read_bytes() == quantize(dequantized, tmp_path / "b.gguf", "q4_0", pure=True).path.read_bytes()
    )


def test_requantizing_keeps_blocks_that_are_of_the_type_already(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    source = gguf_of(tiny_llama, "q8_0")
    again = quantize(source, tmp_path / "a.gguf", "q8_0", allow_requantize=True)
    assert again.path.read_bytes() == source.read_bytes()


def test_a_type_that_is_not_ours_is_not_requantized(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "k.gguf", "llama")
    blocks = np.zeros((2, 84), np.uint8)
    writer.add_tensor("blk.0.ffn_up.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q2_K)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(InputError, match=r"cannot be quantized again .*found q2_K"):
        quantize(tmp_path / "k.gguf", tmp_path / "a.gguf", "q4_0", allow_requantize=True)


def test_a_file_is_never_quantized_onto_itself(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    copy = tmp_path / "a.gguf"
    copy.write_bytes(gguf_of(tiny_llama).read_bytes())
    with pytest.raises(InputError, match="output is the input"):
        quantize(copy, copy, "q4_0", force=True)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 64, b"not a gguf at all"])
def test_a_corrupt_file_is_refused(content: bytes, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.gguf"):
        quantize(bad, tmp_path / "a.gguf", "q4_0")
    assert list(tmp_path.iterdir()) == [bad]


def test_inspect_counts_types_bytes_and_bits(tiny_llama: Path, gguf_of: GgufOf) -> None:
    found = inspect(gguf_of(tiny_llama, "q4_0"))
    assert (found.format, found.architecture) == ("GGUF v3", "llama")
    assert {name: entry.tensors for name, entry in found.types.items()} == {
        "q8_0": 1,
        "q4_0": 14,
        "f32": 5,
    }
    assert 4.5 < found.bits_per_weight < 8.5
    assert found.parameters == sum(t.elements for t in read_gguf(gguf_of(tiny_llama)).tensors.values())
    assert found.tokenizer is not None
    assert found.tokenizer.pre == "smollm"
    assert found.tokenizer.special["eos"] == SpecialToken(2, "<|im_end|>")
    assert found.warnings == []
    assert found.metadata["tokenizer.ggml.tokens"]["length"] == 512


def test_inspect_reads_safetensors(tiny_llama: Path) -> None:
    found = inspect(tiny_llama / "model.safetensors")
    assert found.format == "safetensors"
    assert found.types["f32"].tensors == 20


def test_inspect_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    for path, match in (
        (tmp_path, "directory"),
        (tmp_path / "a.txt", "not recognised"),
        (tmp_path / "b", "no"),
    ):
        with pytest.raises(InputError, match=match):
            inspect(path)
