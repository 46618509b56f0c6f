"""Quantizing with an importance matrix: each matrix gets its weights, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import gguf as gguf_py
import numpy as np
import pytest

from t2sql.errors import InputError
from t2sql.gguf import (
    ColumnStatistics,
    ImportanceMatrix,
    convert,
    quantize,
    quantize_rows,
    read_gguf,
    write_imatrix,
)

GgufOf = Callable[..., Path]


def importance_of(file: Path, *, seed: int = 1, experts: int = 1) -> ImportanceMatrix:
    """Statistics of every matrix in a layer, a tenth of the columns without any activation."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, info in read_gguf(file).tensors.items():
        if name.startswith("blk.") and len(info.shape) > 1:
            sums = rng.random((experts, info.shape[-1]), np.float32) ** 3 * 1000
            sums[rng.random(sums.shape) < 0.1] = 0
            tensors[name] = ColumnStatistics(sums, np.full(experts, 1000))
    return ImportanceMatrix(tensors, ("questions.txt",), 2, 512)


def changed(matrix: ImportanceMatrix, **tensors: ColumnStatistics | None) -> ImportanceMatrix:
    """With other statistics under some names; None leaves a name out."""
    renamed = {name.replace("__", "."): value for name, value in tensors.items()}
    both: Mapping[str, ColumnStatistics | None] = {**matrix.tensors, **renamed}
    return ImportanceMatrix({name: value for name, value in both.items() if value is not None})


@pytest.mark.parametrize("type", ["q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "q6_k"])
def test_each_matrix_is_quantized_with_its_weights(
    type: str, tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    source = gguf_of(tiny_mistral)
    matrix = importance_of(source)
    result = quantize(source, tmp_path / "a.gguf", type, pure=True, imatrix=matrix)
    written, weighted = read_gguf(result.path).tensors, 0
    for name, info in read_gguf(source).tensors.items():
        statistics = matrix.tensors.get(name)
        if statistics is not None:
            expected = quantize_rows(info.float32(), written[name].type, 1, statistics.weights)
            assert np.array_equal(written[name].raw(), expected.reshape(-1)), name
            weighted += 1
    assert weighted == len(matrix.tensors) > 10


def test_converting_straight_to_the_type_gives_the_same_file(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    """Whose q and k have their rows reordered on the way."""
    write_imatrix(tmp_path / "importance.gguf", importance_of(gguf_of(tiny_llama)))
    options = {"imatrix": tmp_path / "importance.gguf"}
    one = quantize(gguf_of(tiny_llama), tmp_path / "a.gguf", "q4_1", threads=1, **options)
    two = convert(tiny_llama, tmp_path / "b.gguf", type="q4_1", threads=3, **options)
    assert one.path.read_bytes() == two.path.read_bytes()
    plain = quantize(gguf_of(tiny_llama), tmp_path / "c.gguf", "q4_1")
    assert one.path.read_bytes() != plain.path.read_bytes()


def test_sixteen_bit_weights_are_quantized_as_their_float32_values(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    source = gguf_of(tiny_llama, "bf16")
    matrix = importance_of(source)
    full = quantize(source, tmp_path / "f32.gguf", "f32").path
    of_half = quantize(source, tmp_path / "a.gguf", "q4_0", imatrix=matrix)
    of_full = quantize(full, tmp_path / "b.gguf", "q4_0", imatrix=matrix)
    assert of_half.path.read_bytes() == of_full.path.read_bytes()


def test_each_expert_has_weights_of_its_own(tmp_path: Path) -> None:
    x = np.random.default_rng(3).standard_normal((3, 5, 64), np.float32)
    name = "blk.0.ffn_down_exps.weight"
    writer = gguf_py.GGUFWriter(tmp_path / "moe.gguf", "llama")
    writer.add_tensor(name, x)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    matrix = importance_of(tmp_path / "moe.gguf", experts=3)
    result = quantize(tmp_path / "moe.gguf", tmp_path / "a.gguf", "q4_0", imatrix=matrix, pure=True)
    weights = matrix.tensors[name].weights
    expected = [quantize_rows(x[i], "q4_0", 1, weights[i : i + 1]) for i in range(3)]
    assert np.array_equal(read_gguf(result.path).tensors[name].raw(), np.concatenate(expected).reshape(-1))
    unseen = changed(matrix, **{name.replace(".", "__"): ColumnStatistics(weights, np.array([9, 0, 9]))})
    result = quantize(tmp_path / "moe.gguf", tmp_path / "b.gguf", "q4_0", imatrix=unseen)
    assert result.warnings == [f"some matrices of {name} saw no text: their columns weigh the same"]


def test_the_file_says_what_it_was_made_with(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    source = gguf_of(tiny_llama)
    write_imatrix(tmp_path / "importance.dat", importance_of(source), old_form=True)
    made = quantize(source, tmp_path / "a.gguf", "q4_0", imatrix=tmp_path / "importance.dat")
    said = {key: value for key, value in read_gguf(made.path).metadata.items() if "imatrix" in key}
    assert said == {
        "quantize.imatrix.file": "importance.dat",
        "quantize.imatrix.dataset": "questions.txt",
        "quantize.imatrix.entries_count": 14,
        "quantize.imatrix.chunks_count": 2,
    }
    again = quantize(made.path, tmp_path / "b.gguf", "q8_0", allow_requantize=True)
    assert not [key for key in read_gguf(again.path).metadata if "imatrix" in key]


def test_what_is_missing_is_named(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    source = gguf_of(tiny_llama)
    matrix = changed(
        importance_of(source),
        blk__0__attn_q__weight=None,
        blk__7__attn_q__weight=ColumnStatistics(np.ones((1, 64), np.float32), np.array([1])),
        token_embd__weight=ColumnStatistics(np.ones((1, 7), np.float32), np.array([1])),
    )
    result = quantize(source, tmp_path / "a.gguf", "q4_0", imatrix=matrix)
    assert result.warnings == [
        "token_embd.weight: the importance matrix has 7 columns of 64, not used",
        "no importance is known of blk.0.attn_q.weight: quantized without weights",
        "the importance matrix has tensors that this model lacks: blk.7.attn_q.weight",
    ]


def test_the_matrix_of_another_model_is_refused(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    source = gguf_of(tiny_llama)
    one = ColumnStatistics(np.ones((1, 96), np.float32), np.array([1]))
    with pytest.raises(InputError, match=r"another model .*blk\.1\.attn_k.*expected 64 columns, found 96"):
        wrong = changed(importance_of(source), blk__1__attn_k__weight=one)
        quantize(source, tmp_path / "a.gguf", "q4_0", imatrix=wrong)
    with pytest.raises(InputError, match=r"another model .*names token_embd.* and 12 more, found h\.0\.w"):
        quantize(source, tmp_path / "a.gguf", "q4_0", imatrix=ImportanceMatrix({"h.0.w": one}))
    assert not list(tmp_path.iterdir())
