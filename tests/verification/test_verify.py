"""verify: right files pass, planted faults are caught with their cause."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import convert, read_gguf, to_hf_rows
from t2sql.verification import VerifyResult, verify

pytestmark = pytest.mark.slow

GgufOf = Callable[..., Path]


def value(result: VerifyResult, name: str) -> float:
    return float(next(check.value for check in result.checks if check.name == name))


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
@pytest.mark.parametrize("type", ["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"])
def test_a_right_file_of_every_type_passes(
    model: str, type: str, request: pytest.FixtureRequest, gguf_of: GgufOf
) -> None:
    source: Path = request.getfixturevalue(model)
    result = verify(source, gguf_of(source, type))
    assert result.ok, result.cause
    assert result.type == type
    assert result.cause is None
    if type == "f32":
        assert value(result, "numbers/f32 row error") == 0
        assert value(result, "behaviour/llama.cpp top-1 agreement") == 1
    json.dumps(result.to_dict())


@pytest.mark.parametrize(("type", "most"), [("q4_k_m", "q4_K"), ("q5_k_s", "q5_K"), ("q6_k", "q6_K")])
def test_a_right_file_of_k_quants_passes(type: str, most: str, tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "model", hidden_size=256, intermediate_size=512)
    result = verify(source, convert(source, tmp_path / "a.gguf", type=type).path)
    assert not [check for check in result.checks if not check.ok and check.group != "behaviour"], result.cause
    assert result.type == most


def test_a_damaged_block_of_a_k_quant_is_named(tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "model", hidden_size=256, intermediate_size=512)
    file = convert(source, tmp_path / "a.gguf", type="q6_k").path
    info = read_gguf(file).tensors["blk.0.ffn_up.weight"]
    with file.open("r+b") as stream:
        stream.seek(info.offset + 210 * 3)
        stream.write(bytes(128))
    result = verify(source, file)
    assert not result.ok
    assert "blk.0.ffn_up.weight row 3 block 0" in str(result.to_dict())


def test_the_f32_file_of_the_demo_model_is_the_demo_model(demo_directory: Path, tmp_path: Path) -> None:
    result = verify(demo_directory, convert(demo_directory, tmp_path / "demo.gguf").path)
    assert result.ok, result.cause
    assert value(result, "behaviour/llama.cpp top-1 agreement") == 1


def test_a_source_whose_tensors_are_not_aligned_is_read(tmp_path: Path) -> None:
    """As MLX writes them."""
    source = tiny.build_llama(tmp_path / "model")
    file = source / "model.safetensors"
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    file.write_bytes((length + 1).to_bytes(8, "little") + data[8 : 8 + length] + b" " + data[8 + length :])
    result = verify(source, convert(source, tmp_path / "a.gguf", type="q4_0").path)
    assert result.ok, result.cause


@pytest.mark.parametrize("pre", ["gpt-2", "llama-bpe"])
def test_other_byte_level_tokenizers_split_as_llama_cpp_does(pre: str, tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "model", tokenizer=pre)
    result = verify(source, convert(source, tmp_path / "a.gguf").path)
    assert result.ok, result.cause


def test_spm_from_tokenizer_json_alone_splits_as_llama_cpp_does(tiny_mistral: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(tiny_mistral, tmp_path / "model"))
    (source / "tokenizer.model").unlink()
    result = verify(source, convert(source, tmp_path / "a.gguf").path)
    assert result.ok, result.cause


@pytest.mark.parametrize(("tensor", "heads"), [("attn_q", 4), ("attn_k", 2)])
def test_unpermuted_rows_are_caught(
    tensor: str, heads: int, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    name = f"blk.0.{tensor}.weight"
    bad = tiny.patch_gguf(
        gguf_of(tiny_mistral), tmp_path / "a.gguf", name, lambda rows: to_hf_rows(rows, heads)
    )
    result = verify(tiny_mistral, bad)
    assert result.cause is not None
    assert "numbers/f32 row error" in result.cause
    assert name in result.cause
    assert value(result, "behaviour/llama.cpp mean KL") > 1e-2


@pytest.mark.parametrize("type", ["f32", "q4_0"])
def test_a_zeroed_tensor_is_caught(type: str, tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    name = "blk.1.ffn_down.weight"
    bad = tiny.patch_gguf(gguf_of(tiny_llama, type), tmp_path / "a.gguf", name, np.zeros_like)
    result = verify(tiny_llama, bad)
    assert result.cause is not None
    assert f"numbers/{type} row error" in result.cause
    assert name in result.cause


def test_a_shifted_nibble_is_caught(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    def shift(rows: np.ndarray) -> np.ndarray:
        rows[5, 2:] = np.roll(rows[5, 2:], 1)
        return rows

    name = "blk.0.ffn_up.weight"
    result = verify(
        tiny_llama, tiny.patch_gguf(gguf_of(tiny_llama, "q4_0"), tmp_path / "a.gguf", name, shift)
    )
    assert result.cause is not None
    assert f"{name} row 5" in result.cause


def test_two_swapped_tokens_are_caught(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    def swap(rows: np.ndarray) -> np.ndarray:
        rows[[300, 301]] = rows[[301, 300]]
        return rows

    name = "token_embd.weight"
    result = verify(tiny_llama, tiny.patch_gguf(gguf_of(tiny_llama, "q8_0"), tmp_path / "a.gguf", name, swap))
    assert result.cause is not None
    assert "token_embd.weight row 30" in result.cause


def test_a_value_that_is_not_finite_is_caught(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    def break_one(rows: np.ndarray) -> np.ndarray:
        rows[2, :4] = np.frombuffer(np.float32(np.nan).tobytes(), np.uint8)
        return rows

    name = "blk.0.attn_v.weight"
    result = verify(tiny_llama, tiny.patch_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", name, break_one))
    assert result.cause is not None
    assert result.cause.startswith("numbers/finite")
    assert name in result.cause


@pytest.mark.parametrize(
    ("model", "changes", "cause"),
    [
        ("tiny_mistral", {"tokenizer.ggml.bos_token_id": 2}, "tokens/special ids.*bos is 2"),
        ("tiny_llama", {"tokenizer.ggml.eos_token_id": 0}, "tokens/special ids.*eos is 0"),
        ("tiny_mistral", {"tokenizer.ggml.add_bos_token": False}, "tokens/hard strings"),
        ("tiny_mistral", {"tokenizer.ggml.add_space_prefix": False}, "tokens/hard strings"),
        ("tiny_mistral", {"tokenizer.ggml.scores": [0.0] * 512}, "tokens/hard strings"),
        ("tiny_llama", {"tokenizer.ggml.pre": "default"}, "tokens/hard strings"),
        (
            "tiny_llama",
            {"tokenizer.ggml.merges": ["Ġ Ġ"]},
            r"tokens/merges: expected \d+, found 1 .number 0 is",
        ),
        ("tiny_llama", {"tokenizer.ggml.merges": None}, "tokens/merges.*found 0"),
        ("tiny_llama", {"llama.rope.freq_base": 500000.0}, "structure/settings.*rope.freq_base"),
        ("tiny_llama", {"llama.attention.head_count_kv": 4}, "structure/settings.*head_count_kv"),
    ],
)
def test_wrong_metadata_is_caught_by_name(
    model: str,
    changes: dict[str, object],
    cause: str,
    request: pytest.FixtureRequest,
    gguf_of: GgufOf,
    tmp_path: Path,
) -> None:
    import re

    source: Path = request.getfixturevalue(model)
    result = verify(source, tiny.rewrite_gguf(gguf_of(source), tmp_path / "a.gguf", changes))
    assert result.cause is not None
    assert re.search(cause, result.cause), result.cause


def test_a_missing_tensor_is_caught_by_name(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", {}, drop=("blk.1.ffn_norm.weight",))
    result = verify(tiny_llama, bad)
    assert result.cause is not None
    assert "structure/tensors" in result.cause
    assert "blk.1.ffn_norm.weight" in result.cause


def test_the_file_of_another_model_is_caught(tiny_llama: Path, tmp_path: Path) -> None:
    other = tiny.build_llama(tmp_path / "other", seed=1)
    result = verify(tiny_llama, convert(other, tmp_path / "a.gguf").path)
    assert not result.ok
    assert value(result, "behaviour/llama.cpp mean KL") > 1


def test_files_that_are_not_there_are_input_errors(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such GGUF file"):
        verify(tiny_llama, tmp_path / "a.gguf")
    with pytest.raises(InputError, match="no such model directory"):
        verify(tmp_path / "none", tmp_path / "a.gguf")
