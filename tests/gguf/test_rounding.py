"""Fitted rounding of whole files: smaller errors in the same formats, and what the file says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gguf as gguf_py
import numpy as np
import pytest

from t2sql.errors import InputError
from t2sql.gguf import convert, dequantize_rows, quantize, quantize_rows, read_gguf

GgufOf = Callable[..., Path]
TYPES = ["q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]


def squared_error(source: Path, quantized: Path) -> float:
    """The sum over all matrices."""
    written = read_gguf(quantized).tensors
    return sum(
        float(((info.float32() - written[name].float32()) ** 2).sum())
        for name, info in read_gguf(source).tensors.items()
        if len(info.shape) > 1
    )


@pytest.mark.parametrize("type", TYPES)
def test_errors_are_smaller_in_a_file_of_the_same_size(
    type: str, tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    source = gguf_of(tiny_llama)
    plain = quantize(source, tmp_path / "a.gguf", type, pure=True)
    fitted = quantize(source, tmp_path / "b.gguf", type, pure=True, rounding="fitted")
    assert plain.types == fitted.types
    assert squared_error(source, fitted.path) < 0.92 * squared_error(source, plain.path)
    metadata = read_gguf(plain.path).metadata
    assert read_gguf(fitted.path).metadata == {**metadata, "t2sql.rounding": "fitted"}


def test_bytes_depend_neither_on_threads_nor_on_the_kind_of_source(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    one = quantize(gguf_of(tiny_llama), tmp_path / "a.gguf", "q4_1", rounding="fitted", threads=1)
    two = convert(tiny_llama, tmp_path / "b.gguf", type="q4_1", rounding="fitted", threads=3)
    assert one.path.read_bytes() == two.path.read_bytes()


def test_k_quants_are_the_references_and_a_line_says_so(tmp_path: Path) -> None:
    writer = gguf_py.GGUFWriter(tmp_path / "wide.gguf", "llama")
    writer.add_tensor("blk.0.ffn_up.weight", np.random.default_rng(3).standard_normal((4, 512), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    plain = quantize(tmp_path / "wide.gguf", tmp_path / "a.gguf", "q4_k_s", pure=True)
    fitted = quantize(tmp_path / "wide.gguf", tmp_path / "b.gguf", "q4_k_s", pure=True, rounding="fitted")
    assert plain.path.read_bytes() == fitted.path.read_bytes()
    assert fitted.warnings == [
        "q4_K: as without --rounding, since the reference searches their scales already"
    ]


def test_what_an_earlier_file_said_of_its_rounding_is_not_carried_over(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    fitted = quantize(gguf_of(tiny_llama), tmp_path / "a.gguf", "q8_0", rounding="fitted")
    again = quantize(fitted.path, tmp_path / "b.gguf", "q4_0", allow_requantize=True)
    assert "t2sql.rounding" not in read_gguf(again.path).metadata


@pytest.mark.parametrize("type", TYPES)
def test_no_weighted_error_of_a_block_is_larger(type: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_t(4, (40, 96)).astype(np.float32)
    weights = rng.random((1, 96), np.float32) ** 3
    errors = []
    for rounding in ("reference", "fitted"):
        blocks = quantize_rows(x, type, 1, weights, rounding)  # type: ignore[arg-type] # Texts.
        squares = weights * (x - dequantize_rows(blocks, type)).astype(np.float64) ** 2
        errors.append(squares.reshape(-1, 32).sum(1))
    assert (errors[1] <= errors[0]).all()
    assert errors[1].sum() < errors[0].sum()


def test_an_unknown_rounding_is_refused(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown rounding.*reference or fitted, found nearest"):
        quantize(gguf_of(tiny_llama), tmp_path / "a.gguf", "q4_0", rounding="nearest")  # type: ignore[typeddict-item] # Tested.
