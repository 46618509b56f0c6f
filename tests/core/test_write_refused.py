"""The streaming pass: what is refused, and what a failure leaves behind."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.gguf_writing import no_leftovers, plan, write_source

from t2sql import _core
from t2sql.errors import InputError, WorkError

RNG = np.random.default_rng(11)


@pytest.fixture
def weights() -> np.ndarray:
    return RNG.standard_normal((12, 64), dtype=np.float32)


@pytest.fixture
def source(tmp_path: Path, weights: np.ndarray) -> Path:
    tensors = {"w": weights, "h": weights.astype(np.float16), "v": weights[0], "b": weights[:, 0].copy()}
    return write_source(tmp_path / "model.safetensors", tensors)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("type_", ["f32", "f16", "bf16", "q8_0", "q4_1", "q4_0"])
def test_a_weight_that_is_not_finite_is_refused_by_name(
    tmp_path: Path, weights: np.ndarray, type_: str, value: float
) -> None:
    weights[7, 5] = value
    source = write_source(tmp_path / "bad.safetensors", {"bad.weight": weights})
    for heads in (0, 2):
        with pytest.raises(InputError, match=rf"not a finite number \(bad.weight, element {7 * 64 + 5}\)"):
            _core.write_gguf(
                tmp_path / "m.gguf", [], [plan(source, "bad.weight", (12, 64), type_, permute_heads=heads)]
            )
    no_leftovers(tmp_path, "bad.safetensors")


@pytest.mark.parametrize(
    ("type_", "value"),
    [("f16", 65520.0), ("f16", -1e6), ("q8_0", 1e7), ("q4_0", -1e6), ("q4_1", 1e6), ("bf16", 3.4e38)],
)
def test_a_weight_too_large_for_the_type_is_refused_by_name(
    tmp_path: Path, weights: np.ndarray, type_: str, value: float
) -> None:
    weights[3, 33] = value
    source = write_source(tmp_path / "big.safetensors", {"big": weights})
    with pytest.raises(InputError, match=rf"too large for {type_} \(big, element {3 * 64 + 33}\)"):
        _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, "big", (12, 64), type_)])
    no_leftovers(tmp_path, "big.safetensors")


def test_a_minimum_too_large_for_q4_1_is_refused(tmp_path: Path) -> None:
    x = np.full((1, 32), 70000.0, dtype=np.float32)  # the scale is zero, the minimum does not fit
    source = write_source(tmp_path / "big.safetensors", {"big": x})
    with pytest.raises(InputError, match=r"too large for q4_1 \(big, element 0\)"):
        _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, "big", (1, 32), "q4_1")])


def refused(tmp_path: Path, match: str, plans: list[Any], metadata: Any = (), **options: Any) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=match):
        _core.write_gguf(options.pop("out", tmp_path / "m.gguf"), metadata, plans, **options)
    assert sorted(tmp_path.iterdir()) == before


def test_a_plan_that_does_not_fit_is_refused(tmp_path: Path, source: Path, weights: np.ndarray) -> None:
    odd = write_source(tmp_path / "odd.safetensors", {"x": weights[:, :33].copy(), "i": np.arange(4)})
    zero = write_source(tmp_path / "zero.safetensors", {"z": np.zeros((0, 32), np.float32)})
    w = plan(source, "w", (12, 64))
    refused(tmp_path, "no tensor nothing", [plan(source, "nothing", (1,))])
    refused(tmp_path, r"expected shape \[64, 12\], found \[12, 64\]", [plan(source, "w", (64, 12))])
    refused(
        tmp_path,
        r"\(x\): expected rows a multiple of 32 .* found rows of 33",
        [plan(odd, "x", (12, 33), "q4_0")],
    )
    refused(tmp_path, r"tensor i is I64 .*expected F32, F16 or BF16", [plan(odd, "i", (4,))])
    refused(tmp_path, "1 to 2.63 elements", [plan(zero, "z", (0, 32))])
    refused(tmp_path, "tensor is given twice", [w, w])
    refused(tmp_path, "name of 1 to 63 bytes", [plan(source, "w", (12, 64), name="n" * 64)])
    wide = write_source(tmp_path / "k.safetensors", {"k": np.zeros((1, 256), np.float32)})
    refused(tmp_path, "q4_1 or q4_0, found q3_K", [plan(wide, "k", (1, 256), "q3_K")])
    refused(tmp_path, "multiple of 2 . 5 heads", [plan(source, "w", (12, 64), permute_heads=5)])


def test_a_type_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown tensor type.*found q9"):
        plan(tmp_path / "x.safetensors", "w", (12, 64), "q9")


def test_a_plan_knows_its_size(tmp_path: Path) -> None:
    assert plan(tmp_path / "x.safetensors", "w", (12, 64), "Q4_1").nbytes == 12 * 2 * 20
    with pytest.raises(InputError, match=r"whole blocks of q8_0, found \[33\]"):
        plan(tmp_path / "x.safetensors", "w", (33,), "q8_0").nbytes  # noqa: B018


def test_metadata_that_does_not_fit_is_refused(tmp_path: Path, source: Path) -> None:
    plans = [plan(source, "w", (12, 64))]
    for kind, value in [
        ("u8", 256),
        ("u32", -1),
        ("str", 3),
        ("arr:i32", ["a"]),
        ("f32", "x"),
        ("u32", True),
    ]:
        refused(tmp_path, "metadata value does not fit.*some.key", plans, [("some.key", kind, value)])
    refused(tmp_path, "unknown metadata type", plans, [("k", "int", 1)])
    refused(tmp_path, "key is given twice", plans, [("k", "u8", 1), ("k", "u8", 1)])
    refused(tmp_path, "bad alignment", plans, [("general.alignment", "u32", 64)])


def test_an_output_that_exists_is_kept_unless_forced(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "m.gguf"
    out.write_text("old")
    plans = [plan(source, "w", (12, 64))]
    with pytest.raises(InputError, match=r"output exists .*--force"):
        _core.write_gguf(out, [], plans)
    assert out.read_text() == "old"
    _core.write_gguf(out, [], plans, force=True)
    assert _core.read_gguf(out)["tensors"][0]["name"] == "w"
    no_leftovers(tmp_path, "m.gguf", "model.safetensors")


def test_an_output_that_cannot_be_is_refused(tmp_path: Path, source: Path) -> None:
    plans = [plan(source, "w", (12, 64))]
    refused(tmp_path, "it is a directory", plans, out=tmp_path, force=True)
    refused(tmp_path, "cannot write there", plans, out=tmp_path / "nowhere" / "m.gguf")
    refused(tmp_path, "cannot write there", plans, out="/proc/m.gguf")


def test_a_new_file_is_readable_as_the_umask_says(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "m.gguf"
    _core.write_gguf(out, [], [plan(source, "w", (12, 64))])
    (tmp_path / "plain").touch()
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_full_disk_leaves_no_file_and_the_old_one_untouched(tmp_path: Path) -> None:
    x = RNG.standard_normal((64, 1024), dtype=np.float32)
    source = write_source(tmp_path / "x.safetensors", {"x": x})
    out = tmp_path / "m.gguf"
    out.write_text("old")
    code = textwrap.dedent(
        """
        import sys
        from t2sql import _core
        from t2sql.errors import WorkError
        plan = _core.TensorPlan(name="x", path=sys.argv[1], source="x", shape=[64, 1024], dtype="f32")
        try:
            _core.write_gguf(sys.argv[2], [], [plan], force=True)
        except WorkError as error:
            sys.exit(f"WorkError {error}")
        """
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    run = subprocess.run(
        [sys.executable, "-c", code, str(source), str(out)], preexec_fn=limit, capture_output=True, text=True
    )
    assert run.returncode == 1 and run.stderr.startswith("WorkError writing failed: "), run.stderr
    assert out.read_text() == "old"
    no_leftovers(tmp_path, "m.gguf", "x.safetensors")


def test_too_little_room_is_found_before_writing(tmp_path: Path) -> None:
    """A sparse source larger than any disk it could be written to."""
    import json
    import shutil

    free = shutil.disk_usage(tmp_path).free
    rows = free // 4096 + 2048
    sparse = tmp_path / "sparse.safetensors"
    size = rows * 4096
    entry = {"dtype": "F32", "shape": [rows, 1024], "data_offsets": [0, size]}
    header = json.dumps({"x": entry}).encode()
    with sparse.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    with pytest.raises(WorkError, match="not enough free disk"):
        _core.write_gguf(tmp_path / "m.gguf", [], [plan(sparse, "x", (rows, 1024))])
    no_leftovers(tmp_path, "sparse.safetensors")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(63, np.float32), r"expected 64 weights, found 63"),
        (np.full(64, -1, np.float32), r"not negative, found -1 at 0"),
        (np.full(64, np.nan, np.float32), r"finite .*found NaN at 0"),
    ],
)
def test_weights_that_are_none_of_the_columns_are_refused(
    tmp_path: Path, source: Path, values: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=rf"w\b.*{message}"):
        _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, "w", (12, 64), "q4_0", weights=values)])
    no_leftovers(tmp_path, "model.safetensors")
