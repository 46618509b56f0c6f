"""Split models: written, read, loaded by llama.cpp, and refused when a file is missing or another's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from t2sql.errors import InputError
from t2sql.gguf import convert, import_gguf, inspect, quantize, read_gguf
from t2sql.gguf.shards import parse_size, shard_path
from t2sql.runtimes import LlamaPredictor
from t2sql.verification import verify

GgufOf = Callable[..., Path]


@pytest.fixture
def split(tiny_llama: Path, tmp_path: Path) -> list[Path]:
    """The tiny model at f32 in several files."""
    return convert(tiny_llama, tmp_path / "set" / "m.gguf", max_shard_size="100K").files


def test_files_are_named_and_keyed_as_llama_cpp_does(split: list[Path]) -> None:
    count = len(split)
    assert count > 2 and [p.name for p in split] == [
        f"m-{n + 1:05d}-of-{count:05d}.gguf" for n in range(count)
    ]
    assert sorted(split[0].parent.iterdir()) == split
    from t2sql import _core

    total = sum(len(_core.read_gguf(path)["tensors"]) for path in split)
    for number, path in enumerate(split):
        entries = _core.read_gguf(path)["metadata"]
        assert entries[-3:] == [
            ("split.no", "u16", number),
            ("split.count", "u16", count),
            ("split.tensors.count", "i32", total),
        ]
        assert (len(entries) > 3) == (number == 0)


def test_a_file_holds_at_most_the_size_unless_one_tensor_is_larger(split: list[Path]) -> None:
    from t2sql import _core

    sizes = [[t["nbytes"] for t in _core.read_gguf(path)["tensors"]] for path in split]
    assert all(len(held) == 1 or sum(held) <= 100_000 for held in sizes)
    assert all(sum(held) + after[0] > 100_000 for held, after in pairwise(sizes))


def test_llama_cpp_loads_the_first_file_and_says_the_same(
    split: list[Path], tiny_llama: Path, gguf_of: GgufOf
) -> None:
    with LlamaPredictor(gguf_of(tiny_llama)) as whole, LlamaPredictor(split[0]) as parts:
        ids = whole.tokenize("How old is Wang Junjian?", special=False)
        assert parts.tokenize("How old is Wang Junjian?", special=False) == ids
        assert parts.top(ids, 5) == whole.top(ids, 5)


def test_the_set_reads_as_the_whole_file_does(split: list[Path], tiny_llama: Path, gguf_of: GgufOf) -> None:
    whole, parts = read_gguf(gguf_of(tiny_llama)), read_gguf(split[0])
    assert list(parts.tensors) == list(whole.tensors)
    assert all(bytes(parts.tensors[n].raw()) == bytes(whole.tensors[n].raw()) for n in whole.tensors)
    found = inspect(split[0])
    assert found.parameters == inspect(gguf_of(tiny_llama)).parameters
    assert found.files == len(split) and found.bytes == sum(path.stat().st_size for path in split)
    assert found.warnings == []


def test_quantizing_a_set_gives_the_bytes_of_quantizing_the_whole(
    split: list[Path], tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    result = quantize(split[0], tmp_path / "q.gguf", "q4_0")
    assert result.path.read_bytes() == gguf_of(tiny_llama, "q4_0").read_bytes()
    again = quantize(split[0], tmp_path / "s.gguf", "q4_0", max_shard_size="30K")
    assert (
        len(again.files) > 1 and read_gguf(again.path).tensors.keys() == read_gguf(result.path).tensors.keys()
    )


def test_a_set_is_imported(split: list[Path], tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    a = import_gguf(split[0], tmp_path / "a")
    b = import_gguf(gguf_of(tiny_llama), tmp_path / "b")
    assert (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()


def test_a_set_is_verified_as_the_same_model(split: list[Path], tiny_llama: Path) -> None:
    result = verify(tiny_llama, split[0])
    assert result.ok, [check for check in result.checks if not check.ok]


def test_what_fits_into_one_file_keeps_its_name(tiny_llama: Path, tmp_path: Path) -> None:
    result = convert(tiny_llama, tmp_path / "m.gguf", max_shard_size="2G")
    assert result.files == [tmp_path / "m.gguf"] and "split.count" not in read_gguf(result.path).metadata


def test_a_set_that_is_there_is_kept_unless_forced(split: list[Path], tiny_llama: Path) -> None:
    out = split[0].with_name("m.gguf")
    split[0].unlink()
    split[1].write_text("old")
    with pytest.raises(InputError, match=rf"output exists .*{split[1].name}"):
        convert(tiny_llama, out, max_shard_size="100K")
    assert not split[0].exists() and split[1].read_text() == "old"
    convert(tiny_llama, out, max_shard_size="100K", force=True)
    assert len(read_gguf(split[0]).tensors) == 20
    assert sorted(out.parent.iterdir()) == split


def test_a_set_that_is_the_input_is_refused(split: list[Path]) -> None:
    before = [path.read_bytes() for path in split]
    with pytest.raises(InputError, match="output is the input"):
        quantize(split[0], split[0].with_name("m.gguf"), "f32", force=True, max_shard_size="100K")
    assert [path.read_bytes() for path in split] == before


def test_missing_renamed_and_foreign_files_are_named(split: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"not the first file .*expected {split[0].name}"):
        read_gguf(split[1])
    renamed = tmp_path / "renamed.gguf"
    shutil.copy(split[0], renamed)
    with pytest.raises(InputError, match=r"another name .*-00001-of-"):
        read_gguf(renamed)
    content = split[1].read_bytes()
    shutil.copy(split[2], split[1])
    with pytest.raises(InputError, match="of another split model"):
        read_gguf(split[0])
    split[1].unlink()
    with pytest.raises(InputError, match=rf"missing .*expected {split[1].name}"):
        read_gguf(split[0])
    split[1].write_bytes(content)
    assert len(read_gguf(split[0]).tensors) == 20


def test_sizes_are_powers_of_a_thousand() -> None:
    assert [parse_size(text) for text in ("2G", "500M", "1.5k", "7", 9)] == [
        2_000_000_000,
        500_000_000,
        1500,
        7,
        9,
    ]
    for bad in ("", "G", "-1G", "0", "2X", "1 2"):
        with pytest.raises(InputError, match="size not understood"):
            parse_size(bad)


def test_the_name_of_a_set_does_not_need_the_suffix() -> None:
    assert shard_path(Path("a/m"), 1, 3) == Path("a/m-00002-of-00003.gguf")
