"""Planted faults: verify names each, and behaviour alone tells them from a clean file a hundredfold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny

from t2sql.gguf import read_gguf, to_hf_rows
from t2sql.runtimes import LlamaPredictor
from t2sql.verification import verify
from t2sql.verification.behaviour import against_llama_cpp, in_llama_cpp
from t2sql.verification.bounds import BOUNDS
from t2sql.verification.original import Original

pytestmark = pytest.mark.slow

GgufOf = Callable[..., Path]
Rows = Callable[[np.ndarray], np.ndarray]
# What a clean f32 file is measured at is rounding; below this it says nothing.
NOISE = 1e-10


def kl(source: Path, file: Path) -> float:
    """Mean KL of source and file, from predictions alone."""
    original = Original(source)
    with LlamaPredictor(file) as llama:
        return against_llama_cpp(original, original.expected, in_llama_cpp(original, llama)).mean_kl


def unpermuted(heads: int) -> Rows:
    return lambda rows: to_hf_rows(rows, heads)


def swapped(rows: np.ndarray) -> np.ndarray:
    rows[[300, 301]] = rows[[301, 300]]
    return rows


def stretched(rows: np.ndarray) -> np.ndarray:
    """The first rows a fifth too large."""
    rows[:16] = (rows[:16].view(np.float32) * np.float32(1.2)).view(np.uint8)
    return rows


# (tensor, fault, cause that verify gives)
TENSOR_FAULTS = {
    "unpermuted q": ("blk.0.attn_q.weight", unpermuted(4), "numbers/f32 row error.*blk.0.attn_q"),
    "unpermuted k": ("blk.1.attn_k.weight", unpermuted(2), "numbers/f32 row error.*blk.1.attn_k"),
    "zeroed tensor": ("blk.1.ffn_up.weight", np.zeros_like, "numbers/f32 row error.*blk.1.ffn_up"),
    "stretched rows": ("blk.0.attn_v.weight", stretched, "numbers/f32 row error.*blk.0.attn_v"),
}
# (metadata changed, cause)
SETTING_FAULTS = {
    "rope base": ({"llama.rope.freq_base": 1000.0}, r"structure/settings.*rope.freq_base is 1000"),
    "norm epsilon": (
        {"llama.attention.layer_norm_rms_epsilon": 0.1},
        "structure/settings.*layer_norm_rms_epsilon is 0.1",
    ),
}


@pytest.mark.parametrize("fault", TENSOR_FAULTS)
def test_a_fault_of_a_tensor_is_named_and_shows_a_hundredfold(
    fault: str, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    tensor, change, cause = TENSOR_FAULTS[fault]
    clean = gguf_of(tiny_mistral)
    bad = tiny.patch_gguf(clean, tmp_path / "a.gguf", tensor, change)
    result = verify(tiny_mistral, bad)
    assert result.cause is not None
    assert matches(cause, result.cause)
    failed = {check.name for check in result.checks if not check.ok}
    assert {"behaviour/llama.cpp mean KL", "behaviour/MLX mean KL"} <= failed
    assert "behaviour/MLX and llama.cpp mean KL" not in failed
    assert kl(tiny_mistral, bad) > max(100 * kl(tiny_mistral, clean), 100 * NOISE, BOUNDS["f32"].mean_kl)


@pytest.mark.parametrize("fault", SETTING_FAULTS)
def test_a_wrong_setting_is_named_and_shows_a_hundredfold(
    fault: str, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    changes, cause = SETTING_FAULTS[fault]
    clean = gguf_of(tiny_mistral)
    bad = tiny.rewrite_gguf(clean, tmp_path / "a.gguf", changes)
    result = verify(tiny_mistral, bad)
    assert result.cause is not None
    assert matches(cause, result.cause)
    assert kl(tiny_mistral, bad) > max(100 * kl(tiny_mistral, clean), 100 * NOISE, BOUNDS["f32"].mean_kl)


def test_a_lost_rope_factor_is_named_and_shows_a_hundredfold(tmp_path: Path, gguf_of: GgufOf) -> None:
    source = tiny.build_llama(tmp_path / "model", rope_scaling={"type": "linear", "factor": 4.0})
    clean = gguf_of(source)
    lost = {"llama.rope.scaling.factor": None, "llama.rope.scaling.type": None}
    bad = tiny.rewrite_gguf(clean, tmp_path / "a.gguf", lost)
    cause = verify(source, bad).cause
    assert cause is not None
    assert matches("structure/settings.*rope.scaling.type is missing, not linear", cause)
    assert kl(source, bad) > 100 * max(kl(source, clean), NOISE)


@pytest.mark.parametrize("type", ["q8_0", "q4_1", "q4_0"])
def test_one_damaged_code_is_named_by_its_block(
    type: str, tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    def damage(rows: np.ndarray) -> np.ndarray:
        # The last code of the second block of row 7, four steps away.
        rows[7, -1] ^= 0x04 if type == "q8_0" else 0x40
        return rows

    bad = tiny.patch_gguf(gguf_of(tiny_llama, type), tmp_path / "a.gguf", "blk.0.ffn_up.weight", damage)
    cause = verify(tiny_llama, bad).cause
    assert cause is not None
    assert matches(f"numbers/{type} codes.*blk.0.ffn_up.weight row 7 block 1", cause)


def test_two_swapped_rows_of_the_embedding_are_named(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    bad = tiny.patch_gguf(gguf_of(tiny_llama, "q4_0"), tmp_path / "a.gguf", "token_embd.weight", swapped)
    result = verify(tiny_llama, bad)
    assert result.cause is not None
    assert matches("numbers/q8_0 row error.*token_embd.weight row 30[01]", result.cause)
    row = next(tensor for tensor in result.tensors if tensor.name == "token_embd.weight")
    assert row.row in (300, 301)
    assert row.row_error > 1 > row.error


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_two_swapped_names_of_the_vocabulary_are_named(
    model: str, gguf_of: GgufOf, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue(model)
    tokens = list(read_gguf(gguf_of(source)).metadata["tokenizer.ggml.tokens"])
    tokens[300], tokens[301] = tokens[301], tokens[300]
    bad = tiny.rewrite_gguf(gguf_of(source), tmp_path / "a.gguf", {"tokenizer.ggml.tokens": tokens})
    cause = verify(source, bad).cause
    assert cause is not None
    assert matches("tokens/vocabulary.*number 300 is", cause)


def test_a_lost_merge_is_named(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    merges = list(read_gguf(gguf_of(tiny_llama)).metadata["tokenizer.ggml.merges"])
    lost = merges.pop(40)
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", {"tokenizer.ggml.merges": merges})
    cause = verify(tiny_llama, bad).cause
    assert cause is not None
    assert matches(rf"tokens/merges: expected {len(merges) + 1}, found {len(merges)} \(number 40", cause)
    assert repr(lost) in cause


def test_the_runs_own_prompts_are_tokenized_and_predicted(tiny_llama: Path, gguf_of: GgufOf) -> None:
    prompts = ["table: birds\ncolumns: Name, Wings\nQ: Which?\nA: SELECT Name FROM birds"] * 2
    result = verify(tiny_llama, gguf_of(tiny_llama), prompts=prompts)
    assert result.ok, result.cause
    check = next(check for check in result.checks if check.name == "tokens/prompts")
    assert (check.value, check.bound) == (2, 2)


def test_drift_is_what_four_bits_cost_and_nothing_else(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    from dataclasses import replace

    result = verify(tiny_llama, gguf_of(tiny_llama, "q4_0"))
    assert (result.ok, result.drift) == (True, None)

    def failing(name: str, type: str) -> Any:
        checks = [replace(check, ok=check.name != name) for check in result.checks]
        return replace(result, checks=checks, type=type)

    drifting = failing("behaviour/llama.cpp mean KL", "q4_0")
    assert drifting.drift == drifting.cause
    assert drifting.drift is not None
    assert failing("behaviour/llama.cpp mean KL", "q8_0").drift is None
    assert failing("tokens/hard strings", "q4_0").drift is None


def test_every_tensors_error_is_in_the_document(tiny_llama: Path, gguf_of: GgufOf) -> None:
    document = verify(tiny_llama, gguf_of(tiny_llama, "q4_1")).to_dict()
    tensors = {tensor["name"]: tensor for tensor in document["tensors"]}
    assert set(tensors) == set(read_gguf(gguf_of(tiny_llama)).tensors)
    assert 0.01 < tensors["blk.0.ffn_up.weight"]["error"] < 0.12
    assert tensors["output_norm.weight"]["error"] == 0


def matches(pattern: str, text: str) -> bool:
    import re

    return re.search(pattern, text) is not None


FAMILY_FAULTS: dict[str, tuple[str, str, Rows, str]] = {
    "norm without one": (
        "gemma2",
        "blk.0.ffn_norm.weight",
        lambda rows: (rows.view(np.float32) - np.float32(1)).view(np.uint8),
        "numbers/f32 row error.*blk.0.ffn_norm.weight",
    ),
    "truncated rotary factor": (
        "llama",
        "rope_freqs.weight",
        lambda rows: np.floor(rows.view(np.float32) * 2 / 3).clip(1).view(np.uint8),
        r"numbers/rotary factors.*rope_freqs.weight number \d+ is",
    ),
}


@pytest.mark.parametrize("fault", FAMILY_FAULTS)
def test_a_fault_of_a_family_is_named_and_shows_a_hundredfold(
    fault: str, family_model: Callable[[str], Path], gguf_of: GgufOf, tmp_path: Path
) -> None:
    name, tensor, change, cause = FAMILY_FAULTS[fault]
    source = family_model(name)
    clean = gguf_of(source)
    bad = tiny.patch_gguf(clean, tmp_path / "a.gguf", tensor, change)
    found = verify(source, bad).cause
    assert found is not None
    assert matches(cause, found)
    assert kl(source, bad) > max(100 * kl(source, clean), 100 * NOISE, BOUNDS["f32"].mean_kl)
