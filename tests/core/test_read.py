"""Both header readers on files that are cut short, damaged or something else, through Python."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

from t2sql import _core
from t2sql.errors import InputError


@pytest.mark.slow
def test_headers_equal_those_of_gguf_py(demo_gguf: Path) -> None:
    ours, reader = _core.read_gguf(demo_gguf), gguf.GGUFReader(demo_gguf)
    assert [t["name"] for t in ours["tensors"]] == [t.name for t in reader.tensors]
    assert [t["offset"] for t in ours["tensors"]] == [t.data_offset for t in reader.tensors]
    assert [t["shape"] for t in ours["tensors"]] == [[int(d) for d in t.shape[::-1]] for t in reader.tensors]
    assert [t["type"].upper() for t in ours["tensors"]] == [t.tensor_type.name for t in reader.tensors]
    assert {k: v for k, _, v in ours["metadata"]} == {
        k: f.contents() for k, f in reader.fields.items() if not k.startswith("GGUF.")
    }


def test_every_type_of_gguf_py_is_known(tmp_path: Path) -> None:
    """The tables agree: number, name, block length and bytes."""
    for kind, (_, size) in gguf.GGML_QUANT_SIZES.items():
        path = tmp_path / f"{kind.name}.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_tensor_info("t", (2, 3 * size), np.dtype(np.uint8), 6 * size, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        with path.open("ab") as file:
            file.write(bytes(6 * size + 64))
        (entry,) = _core.read_gguf(path)["tensors"]
        assert entry["type"].upper() == kind.name and entry["nbytes"] == 6 * size


@pytest.mark.parametrize("keep", [0, 3, 20, 5000])
def test_a_truncated_gguf_is_refused_with_the_byte(demo_gguf: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(demo_gguf.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"cut.gguf, byte \d+"):
        _core.read_gguf(path)


def test_a_truncated_safetensors_is_refused_with_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    save_file({"x": np.zeros((8, 8), np.float32)}, path)
    whole = path.read_bytes()
    for keep in (0, 4, 30, len(whole) - 1):
        path.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"cut.safetensors, byte \d+"):
            _core.read_safetensors(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for read in (_core.read_gguf, _core.read_safetensors):
        with pytest.raises(InputError, match="No such file"):
            read(tmp_path / "nothing")
        with pytest.raises(InputError, match="not a regular file"):
            read(tmp_path)


def test_null_instead_of_safetensors_metadata_is_none_as_mlx_writes_it(tmp_path: Path) -> None:
    text = b'{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    header = _core.read_safetensors(tmp_path / "a.safetensors")
    assert header["metadata"] == {}
    assert [tensor["name"] for tensor in header["tensors"]] == ["a"]
