"""The streaming pass: what gguf-py and our own reader read back of what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from support.gguf_writing import bfloat16_file, bytes_of, no_leftovers, plan, write_source

from t2sql import _core

RNG = np.random.default_rng(11)
METADATA: list[tuple[str, str, Any]] = [
    ("general.architecture", "str", "llama"),
    ("a.u8", "u8", 255),
    ("a.i8", "i8", -128),
    ("a.u16", "u16", 65535),
    ("a.i16", "i16", -32768),
    ("a.u32", "u32", 2**32 - 1),
    ("a.i32", "i32", -(2**31)),
    ("a.u64", "u64", 2**64 - 1),
    ("a.i64", "i64", -(2**63)),
    ("a.f32", "f32", 1e-5),
    ("a.f64", "f64", 0.1),
    ("a.yes", "bool", True),
    ("a.no", "bool", False),
    ("a.text", "str", "naïve ✓"),
    ("a.tokens", "arr:str", ["<s>", "", "Ġthe", "日本"]),
    ("a.scores", "arr:f32", [0.0, -1.5]),
    ("a.types", "arr:i32", [1, 3, -7]),
    ("a.flags", "arr:bool", [True, False]),
    ("a.none", "arr:u32", []),
]


@pytest.fixture
def weights() -> np.ndarray:
    return RNG.standard_normal((12, 64), dtype=np.float32)


@pytest.fixture
def source(tmp_path: Path, weights: np.ndarray) -> Path:
    tensors = {"w": weights, "h": weights.astype(np.float16), "v": weights[0], "b": weights[:, 0].copy()}
    return write_source(tmp_path / "model.safetensors", tensors)


def test_gguf_py_reads_back_metadata_and_tensors(tmp_path: Path, source: Path, weights: np.ndarray) -> None:
    out = tmp_path / "m.gguf"
    types = ["f32", "f16", "bf16", "q8_0", "q4_1", "q4_0"]
    plans = [plan(source, "w", (12, 64), t, name=f"w.{t}") for t in types]
    plans += [plan(source, "h", (12, 64), "q4_0"), plan(source, "v", (64,))]
    summary = _core.write_gguf(out, METADATA, plans)
    assert summary["bytes"] == out.stat().st_size and summary["tensors"] == 8
    assert summary["types"] == {"bf16": 1, "f16": 1, "f32": 2, "q4_0": 2, "q4_1": 1, "q8_0": 1}
    reader = gguf.GGUFReader(out)
    read = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    expected = {key: value for key, _, value in METADATA}
    expected["a.f32"] = float(np.float32(1e-5))
    assert read == expected
    for tensor in reader.tensors:
        type_ = tensor.tensor_type
        exact = weights[0] if tensor.name == "v" else weights
        exact = exact.astype(np.float16).astype(np.float32) if tensor.name == "h" else exact
        assert bytes(tensor.data.tobytes()) == gguf.quants.quantize(exact, type_).tobytes(), tensor.name
        assert tensor.data_offset % 32 == 0


def test_our_own_reader_agrees_with_what_was_written(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "m.gguf"
    _core.write_gguf(out, METADATA, [plan(source, "w", (12, 64), "Q4_1")])
    header = _core.read_gguf(out)
    assert (header["version"], header["alignment"]) == (3, 32)
    want = [(k, t, float(np.float32(v)) if t == "f32" else v) for k, t, v in METADATA]
    assert header["metadata"] == want
    offset = header["data_offset"]
    assert header["tensors"] == [
        {"name": "w", "type": "q4_1", "shape": [12, 64], "offset": offset, "nbytes": 12 * 40}
    ]


def test_safetensors_header_is_read(source: Path, weights: np.ndarray) -> None:
    header = _core.read_safetensors(source)
    entry = next(t for t in header["tensors"] if t["name"] == "w")
    data = source.read_bytes()[entry["offset"] : entry["offset"] + entry["nbytes"]]
    assert data == weights.tobytes() and entry["dtype"] == "F32" and entry["shape"] == [12, 64]


@pytest.mark.parametrize("heads", [1, 3])
def test_q_and_k_rows_are_permuted_as_llama_wants(
    tmp_path: Path, source: Path, weights: np.ndarray, heads: int
) -> None:
    out = tmp_path / "m.gguf"
    plans = [
        plan(source, "w", (12, 64), "q8_0", permute_heads=heads),
        plan(source, "b", (12,), permute_heads=heads),
    ]
    _core.write_gguf(out, [], plans)

    def permuted(x: np.ndarray) -> np.ndarray:
        return x.reshape(heads, 2, 12 // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)

    assert bytes_of(out, "w") == _core.quantize_rows(permuted(weights), "q8_0").tobytes()
    assert bytes_of(out, "b") == permuted(weights[:, 0].copy()).tobytes()


def test_bfloat16_goes_straight_to_every_type(tmp_path: Path) -> None:
    x = (RNG.standard_normal((40, 256), dtype=np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)
    source = bfloat16_file(tmp_path / "b.safetensors", "x", x)
    out = tmp_path / "m.gguf"
    types = ["f32", "f16", "bf16", "q8_0", "q4_1", "q4_0"]
    _core.write_gguf(out, [], [plan(source, "x", (40, 256), t, name=t) for t in types])
    assert bytes_of(out, "f32") == x.tobytes()
    assert bytes_of(out, "f16") == x.astype(np.float16).tobytes()
    assert bytes_of(out, "bf16") == (x.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    for type_ in types[3:]:
        assert bytes_of(out, type_) == _core.quantize_rows(x, type_).tobytes()


def test_a_number_is_added_in_float32(tmp_path: Path, source: Path, weights: np.ndarray) -> None:
    out = tmp_path / "m.gguf"
    _core.write_gguf(out, [], [plan(source, "w", (12, 64), add=1.0), plan(source, "h", (12, 64), add=1.0)])
    assert bytes_of(out, "w") == (weights + np.float32(1)).tobytes()
    assert bytes_of(out, "h") == (weights.astype(np.float16).astype(np.float32) + np.float32(1)).tobytes()


def test_a_gguf_is_a_source_too(tmp_path: Path, source: Path, weights: np.ndarray) -> None:
    first, second = tmp_path / "f16.gguf", tmp_path / "q.gguf"
    _core.write_gguf(first, [], [plan(source, "w", (12, 64), "f16"), plan(source, "v", (64,), "q4_0")])
    _core.write_gguf(second, [], [plan(first, "w", (12, 64), "q4_0"), plan(first, "v", (64,), "q4_0")])
    half = weights.astype(np.float16).astype(np.float32)
    assert bytes_of(second, "w") == _core.quantize_rows(half, "q4_0").tobytes()
    assert bytes_of(second, "v") == bytes_of(first, "v")
    third = tmp_path / "again.gguf"
    _core.write_gguf(third, [], [plan(first, "v", (64,), "q8_0")])
    values = _core.dequantize_rows(np.frombuffer(bytes_of(first, "v"), np.uint8).reshape(1, -1), "q4_0")
    assert bytes_of(third, "v") == _core.quantize_rows(values, "q8_0").tobytes()


def test_threads_do_not_change_the_bytes(tmp_path: Path) -> None:
    x = RNG.standard_normal((3000, 1024), dtype=np.float32)
    source = write_source(tmp_path / "big.safetensors", {"x": x})
    plans = [plan(source, "x", x.shape, t, name=t) for t in ("q4_0", "f16")]
    plans.append(plan(source, "x", x.shape, "q8_0", permute_heads=4))
    for threads in (1, 2, 3):
        _core.write_gguf(tmp_path / f"{threads}.gguf", METADATA, plans, threads=threads)
    files = [(tmp_path / f"{n}.gguf").read_bytes() for n in (1, 2, 3)]
    assert files[0] == files[1] == files[2]


def test_progress_ends_at_the_total(tmp_path: Path, source: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    _core.write_gguf(
        tmp_path / "m.gguf", [], [plan(source, "w", (12, 64))], progress=lambda *a: seen.append(a)
    )
    assert seen[-1] == (12 * 64 * 4, 12 * 64 * 4, "w")


def test_an_exception_in_progress_cancels_and_leaves_nothing(tmp_path: Path, source: Path) -> None:
    def stop(done: int, total: int, tensor: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, "w", (12, 64))], progress=stop)
    no_leftovers(tmp_path, "model.safetensors")
