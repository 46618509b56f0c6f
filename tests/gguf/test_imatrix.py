"""Importance matrices of both forms: what is written is read again, what is malformed is refused by name."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import gguf as gguf_py
import numpy as np
import pytest

from t2sql.errors import InputError
from t2sql.gguf import ColumnStatistics, ImportanceMatrix, read_imatrix, write_imatrix

NAME = "blk.0.ffn_down.weight"


def statistics(matrices: int, columns: int, counts: list[int]) -> ColumnStatistics:
    """Sums that have no exact mean."""
    sums = np.random.default_rng(columns).random((matrices, columns), np.float32) * 1000
    return ColumnStatistics(sums, np.array(counts))


def example() -> ImportanceMatrix:
    """A matrix and a tensor of three experts, one of which saw nothing."""
    tensors = {NAME: statistics(1, 96, [1500]), "blk.0.ffn_up_exps.weight": statistics(3, 64, [700, 0, 1200])}
    return ImportanceMatrix(tensors, ("wiki.train.raw", "questions.txt"), 3, 512)


def written(path: Path, **parts: object) -> Path:
    """A GGUF as llama-imatrix writes it, by gguf-py.

    Parts replace metadata or tensors; None leaves one out.
    """
    writer = gguf_py.GGUFWriter(path, arch="", use_temp_file=False)
    writer.kv_data[0].pop("general.architecture", None)
    metadata = {
        "general.type": "imatrix",
        "imatrix.datasets": ["a"],
        "imatrix.chunk_count": 3,
        "imatrix.chunk_size": 512,
    }
    for key, value in {**metadata, **{k: v for k, v in parts.items() if "imatrix" in k}}.items():
        if isinstance(value, str):
            writer.add_string(key, value)
        elif isinstance(value, list):
            writer.add_array(key, value)
        elif value is not None:
            writer.add_uint32(key, value)
    tensors = {
        f"{NAME}.in_sum2": np.ones((1, 32), np.float32),
        f"{NAME}.counts": np.full((1, 1), 7, np.float32),
    }
    for name, array in {**tensors, **{k: v for k, v in parts.items() if "imatrix" not in k}}.items():
        if array is not None:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    matrix = example()
    write_imatrix(tmp_path / "a.gguf", matrix)
    again = read_imatrix(tmp_path / "a.gguf")
    assert (again.datasets, again.chunk_count, again.chunk_size) == (matrix.datasets, 3, 512)
    assert list(again.tensors) == sorted(matrix.tensors)
    for name, expected in matrix.tensors.items():
        assert np.array_equal(again.tensors[name].sums, expected.sums)
        assert np.array_equal(again.tensors[name].counts, expected.counts)


def test_the_old_form_holds_the_means_and_the_last_dataset(tmp_path: Path) -> None:
    matrix = example()
    write_imatrix(tmp_path / "a.dat", matrix, old_form=True)
    again = read_imatrix(tmp_path / "a.dat")
    assert (again.datasets, again.chunk_count, again.chunk_size) == (("questions.txt",), 3, 0)
    for name, expected in matrix.tensors.items():
        assert again.tensors[name].counts.tolist() == [3]
        np.testing.assert_allclose(
            again.tensors[name].weights.reshape(-1), expected.weights.reshape(-1), rtol=1e-6
        )


def test_the_file_is_what_ggufs_own_reader_expects_of_llama_imatrix(tmp_path: Path) -> None:
    write_imatrix(tmp_path / "a.gguf", example())
    reader = gguf_py.GGUFReader(tmp_path / "a.gguf")
    assert reader.fields["general.type"].contents() == "imatrix"
    assert reader.fields["imatrix.chunk_count"].types == [gguf_py.GGUFValueType.UINT32]
    shapes = {tensor.name: tensor.shape.tolist() for tensor in reader.tensors}
    assert shapes[f"{NAME}.in_sum2"] == [96, 1]
    assert shapes["blk.0.ffn_up_exps.weight.counts"] == [1, 3]


def test_a_mean_is_divided_in_float32_and_what_saw_nothing_weighs_one() -> None:
    sums = np.array([[1, 2, 10], [4, 5, 6]], np.float32)
    weights = ColumnStatistics(sums, np.array([3, 0])).weights
    assert weights.dtype == np.float32
    assert weights.tolist() == [(sums[0] / np.float32(3)).tolist(), [1, 1, 1]]


def test_an_entry_without_calls_holds_means_already(tmp_path: Path) -> None:
    values = np.array([1.5, 2.5], "<f4")
    name = NAME.encode()
    parts = [struct.pack("<ii", 1, len(name)), name, struct.pack("<ii", 0, 2), values.tobytes()]
    (tmp_path / "a.dat").write_bytes(b"".join(parts))
    assert read_imatrix(tmp_path / "a.dat").tensors[NAME].weights.tolist() == [[1.5, 2.5]]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"imatrix.chunk_size": None}, "no importance matrix .*expected the key imatrix.chunk_size"),
        ({f"{NAME}.counts": None}, f"lacks a tensor .*{NAME}.counts.*expected f32, found none"),
        ({f"{NAME}.in_sum2": None}, f"lacks a tensor .*{NAME}.in_sum2"),
        ({f"{NAME}.counts": np.ones((1, 1), np.float16)}, "expected f32, found f16"),
        ({f"{NAME}.counts": np.ones((5, 1), np.float32)}, "divide 32 sums"),
        ({f"{NAME}.counts": np.full((1, 1), np.nan, np.float32)}, "finite numbers"),
        ({f"{NAME}.counts": np.full((1, 1), -2, np.float32)}, f"count .*{NAME}.*found -2"),
        ({f"{NAME}.in_sum2": np.array([[1, np.nan]], np.float32)}, f"{NAME}.*found nan at column 1"),
        ({f"{NAME}.in_sum2": np.array([[1, -1, 2]], np.float32)}, f"{NAME}.*found -1.0 at column 1"),
        ({f"{NAME}.in_sum2": np.array([[np.inf]], np.float32)}, f"{NAME}.*found inf at column 0"),
    ],
)
def test_a_malformed_file_is_refused_by_name(parts: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_imatrix(written(tmp_path / "a.gguf", **parts))


def test_a_model_is_no_importance_matrix(tiny_llama: Path, gguf_of: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"found general\.type model"):
        read_imatrix(gguf_of(tiny_llama))


def test_every_cut_of_a_file_of_the_old_form_is_refused_or_lacks_only_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    write_imatrix(path, example(), old_form=True)
    whole = path.read_bytes()
    end = len(whole) - len("questions.txt") - 8
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if size == end:
            assert read_imatrix(path).chunk_count == 0
        elif size == end + 4:
            assert read_imatrix(path).datasets == ()
        else:
            with pytest.raises(InputError, match="importance matrix"):
                read_imatrix(path)


@pytest.mark.parametrize("content", [b"", b"hello, world, this is a text", b"\xff" * 64])
def test_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match=r"not an importance matrix .*at byte"):
        read_imatrix(tmp_path / "a")


def test_a_file_that_exists_is_not_replaced_and_an_empty_matrix_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    with pytest.raises(InputError, match="empty"):
        write_imatrix(path, ImportanceMatrix({}))
    for old_form in (False, True):
        write_imatrix(path, example(), old_form=old_form, force=True)
        with pytest.raises(InputError, match="exists"):
            write_imatrix(path, example(), old_form=old_form)


def test_statistics_of_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        ColumnStatistics(np.ones(4, np.float32), np.array([1]))
    with pytest.raises(InputError, match="do not fit"):
        ColumnStatistics(np.ones((2, 4), np.float32), np.array([1]))
