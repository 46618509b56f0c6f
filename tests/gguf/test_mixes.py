"""Which types the matrices of K-quants get: as llama-quantize (llama.cpp 0c1e570) gave them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from t2sql.errors import InputError
from t2sql.gguf import (
    FILE_TYPES,
    ColumnStatistics,
    ImportanceMatrix,
    QuantizeOptions,
    file_type_named,
    quantize,
    read_gguf,
)
from t2sql.gguf.tensor_types import plan_types

MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def shapes(blocks: int, columns: int, *, tied: bool = False, kv: int = 64) -> dict[str, tuple[int, ...]]:
    """The tensors of a Llama with feed-forward layers of 256."""
    found: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (512, columns),
        "output_norm.weight": (columns,),
    }
    if not tied:
        found["output.weight"] = (512, columns)
    for block in range(blocks):
        for name in MATRICES:
            rows = kv if name in ("attn_k", "attn_v") else 256
            found[f"blk.{block}.{name}.weight"] = (rows, 256 if name == "ffn_down" else columns)
    return found


def differing(name: str, matrix: str, blocks: int, **options: Any) -> dict[int, str]:
    """Block -> type, where a matrix is not of the file's main type."""
    target = file_type_named(name)
    types = plan_types(shapes(blocks, 256), target, QuantizeOptions(**options)).types
    of_block = {block: types[f"blk.{block}.{matrix}.weight"] for block in range(blocks)}
    return {block: kind for block, kind in of_block.items() if kind != target.matrices.name}


@pytest.mark.parametrize("matrix", ["attn_v", "ffn_down"])
@pytest.mark.parametrize("name", ["q4_k_m", "q5_k_m"])
def test_m_files_have_six_bits_in_the_first_and_last_layers_and_every_third(name: str, matrix: str) -> None:
    assert differing(name, matrix, 16) == dict.fromkeys([0, 1, 4, 7, 10, 13, 14, 15], "q6_K")


def test_s_files_have_five_bits_in_the_first_layers() -> None:
    assert differing("q4_k_s", "attn_v", 16) == dict.fromkeys(range(4), "q5_K")
    assert differing("q4_k_s", "ffn_down", 16) == dict.fromkeys(range(2), "q5_K")
    assert differing("q5_k_s", "attn_v", 16) == differing("q5_k_s", "ffn_down", 16) == {}


@pytest.mark.parametrize("name", ["q4_k_m", "q5_k_s", "q6_k", "q5_0", "q5_1"])
@pytest.mark.parametrize("tied", [False, True])
def test_the_matrix_of_the_logits_is_q6_k(name: str, tied: bool) -> None:
    target = file_type_named(name)
    types = plan_types(shapes(2, 256, tied=tied), target, QuantizeOptions()).types
    head, embedding = types.get("output.weight"), types["token_embd.weight"]
    assert (head, embedding) == ((None, "q6_K") if tied else ("q6_K", target.matrices.name))
    pure = plan_types(shapes(2, 256, tied=tied), target, QuantizeOptions(pure=True)).types
    assert set(pure.values()) == {"f32", target.matrices.name}


def test_layers_whose_type_is_chosen_are_not_counted() -> None:
    chosen = differing("q4_k_m", "attn_v", 16, tensor_types={r"blk\.[01]\.attn_v": "q8_0"})
    assert chosen == {0: "q8_0", 1: "q8_0"} | dict.fromkeys([2, 3, 6, 9, 12, 15], "q6_K")


def test_eighty_layers_with_shared_heads_have_five_bits_in_their_values() -> None:
    assert set(differing("q4_k_m", "attn_v", 80).values()) == {"q5_K", "q6_K"}


def test_rows_that_are_no_blocks_of_256_fall_back_and_are_reported() -> None:
    found = plan_types(shapes(6, 192, tied=True), file_type_named("q4_k_m"), QuantizeOptions())
    assert Counter(found.types.values()) == {"q5_0": 34, "q4_K": 4, "q6_K": 2, "q8_0": 3, "f32": 1}
    assert [sentence.split(":")[0] for sentence in found.warnings] == [
        "3 matrices are q8_0 instead of q6_K, as llama-quantize has it",
        "34 matrices are q5_0 instead of q4_K, as llama-quantize has it",
    ]
    assert "rows of 192 values are not a multiple of 256 (blk.0.attn_q.weight" in found.warnings[1]
    for name, taken in (("q5_k_s", "q5_1"), ("q6_k", "q8_0")):
        types = plan_types(shapes(1, 192), file_type_named(name), QuantizeOptions()).types
        assert types["blk.0.attn_q.weight"] == taken


def test_the_file_says_its_mix(tiny_llama: Path, gguf_of: Callable[..., Path], tmp_path: Path) -> None:
    numbers = {
        "q4_k_s": 14,
        "Q4_K": 15,
        "q4_k_m": 15,
        "q5_k_s": 16,
        "q5_k": 17,
        "q6_k": 18,
        "q5_0": 8,
        "q5_1": 9,
    }
    for name, number in numbers.items():
        made = quantize(gguf_of(tiny_llama), tmp_path / "a.gguf", name, force=True)
        assert read_gguf(made.path).metadata["general.file_type"] == number == file_type_named(name).number


def test_a_type_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"expected f32 or .* q4_k_m or .*found q3_k_m"):
        file_type_named("q3_k_m")
    assert list(FILE_TYPES)[:2] == ["f32", "f16"]


def test_with_an_importance_matrix_the_first_down_projections_have_minima() -> None:
    one = ColumnStatistics(np.ones((1, 256), np.float32), np.array([1]))
    matrix = ImportanceMatrix({"blk.0.ffn_down.weight": one})
    assert differing("q4_0", "ffn_down", 16, imatrix=matrix) == dict.fromkeys(range(2), "q4_1")
    assert differing("q5_0", "ffn_down", 16, imatrix=matrix) == dict.fromkeys(range(2), "q5_1")
    for name, pure in (("q4_1", False), ("q4_0", True)):
        assert differing(name, "ffn_down", 16, imatrix=matrix, pure=pure) == {}
