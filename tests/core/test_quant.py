"""Block quantization in Rust against ggml's C reference, bit for bit."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import libgguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from t2sql import _core
from t2sql.errors import InputError

GOLDEN = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
import exactness  # noqa: E402 (the path is set above)
import make  # noqa: E402 (the path is set above)

TYPES = exactness.TYPES
BLOCK = {name: values for name, (values, _) in exactness.SIZES.items()}
BLOCK_BYTES = {name: size for name, (_, size) in exactness.SIZES.items()}
# Where the half-precision numbers of a block are.
HALVES = {"q4_1": (0, 2), "q5_1": (0, 2), "q4_K": (0, 2), "q5_K": (0, 2), "q6_K": (208,)}
each_type = pytest.mark.parametrize("type_", TYPES)


def reference(x: np.ndarray, type_: str) -> np.ndarray:
    return libgguf.quantize_rows(x, TYPES[type_])


def expect_equal(x: np.ndarray, type_: str) -> None:
    x = np.ascontiguousarray(x, dtype=np.float32)
    got, want = _core.quantize_rows(x, type_), reference(x, type_)
    assert got.dtype == np.uint8 and got.shape == (len(x), x.shape[1] // BLOCK[type_] * BLOCK_BYTES[type_])
    np.testing.assert_array_equal(got, want)
    back = _core.dequantize_rows(got, type_)
    expected = libgguf.dequantize_rows(want, TYPES[type_])
    np.testing.assert_array_equal(back.view(np.uint32), np.asarray(expected).view(np.uint32))


def test_the_golden_file_is_what_its_code_makes() -> None:
    assert make.hard_blocks().tobytes() == (GOLDEN / "blocks.f32").read_bytes()


@each_type
def test_golden_blocks_equal_the_reference_where_it_is_defined(type_: str) -> None:
    """The Rust tests hold every instruction set against the same file."""
    x = make.blocks_of(make.hard_blocks(), type_)
    committed = np.frombuffer((GOLDEN / f"blocks.{type_}").read_bytes(), np.uint8).reshape(len(x), -1)
    np.testing.assert_array_equal(_core.quantize_rows(x, type_), committed)
    sure = exactness.defined(x, type_)
    assert sure.sum() > (60 if BLOCK[type_] == 32 else 8)
    np.testing.assert_array_equal(committed[sure], reference(x[sure], type_))


@pytest.mark.slow
@pytest.mark.parametrize("simd", ["scalar", "avx2", "avx512", "neon"])
def test_random_bits_equal_the_reference_in_every_instruction_set(simd: str) -> None:
    """A million values of each format, of any bits, with ties, and as the half types hold them."""
    if run_with(simd).returncode:
        pytest.skip(f"elsewhere: this processor has no {simd}")
    command = [sys.executable, exactness.__file__, "--simd", simd, "--values", "1000000"]
    done = subprocess.run(command, env={**os.environ, "T2SQL_SIMD": simd}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{simd}: equal to libgguf on q8_0 ")


@each_type
@pytest.mark.parametrize("spread", [1.0, 1e-3, 1e4, 1e-25])
def test_random_normal_rows_equal_the_reference(type_: str, spread: float) -> None:
    rng = np.random.default_rng(7)
    expect_equal(rng.standard_normal((256, 4096), dtype=np.float32) * np.float32(spread), type_)


@each_type
def test_ties_of_bfloat16_values_equal_the_reference(type_: str) -> None:
    """Eight bits of mantissa make equal magnitudes and exact halves common."""
    bits = np.random.default_rng(3).standard_normal((512, 1024), dtype=np.float32).view(np.uint32)
    expect_equal((bits & 0xFFFF0000).view(np.float32), type_)


@each_type
def test_integers_equal_the_reference(type_: str) -> None:
    expect_equal(np.random.default_rng(5).integers(-16, 17, (512, 1024)) / np.float32(2), type_)


@pytest.mark.slow
@each_type
@settings(max_examples=200, deadline=None)
@given(
    x=hnp.arrays(
        np.float32,
        (8, 32),
        elements=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=True).map(
            lambda v: v if abs(v) > 2.0**-110 else 0.0
        ),
    )
)
def test_any_finite_block_equals_the_reference(type_: str, x: np.ndarray) -> None:
    expect_equal(x.reshape(-1, BLOCK[type_]), type_)


def test_a_block_whose_inverse_scale_overflows_is_as_zero() -> None:
    """C leaves these casts undefined; here they are those of a block of zeros."""
    x = np.full((1, 32), 1e-40, dtype=np.float32)
    assert not _core.quantize_rows(x, "q8_0")[0, 2:].any()
    assert (_core.quantize_rows(x, "q4_0")[0, 2:] == 0x88).all()
    assert not _core.quantize_rows(x, "q4_1")[0, 4:].any()


@each_type
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 13, 31])
def test_a_block_with_a_value_that_is_not_finite_is_all_nan(type_: str, value: float, at: int) -> None:
    x = np.random.default_rng(1).standard_normal((1, 3 * BLOCK[type_]), dtype=np.float32)
    clean = _core.quantize_rows(x, type_).reshape(3, -1)
    x[0, BLOCK[type_] + at] = value
    spoiled = _core.quantize_rows(x, type_).reshape(3, -1)
    np.testing.assert_array_equal(spoiled[[0, 2]], clean[[0, 2]])
    assert np.isnan(_core.dequantize_rows(spoiled, type_)[1]).all()
    for half in HALVES.get(type_, (0,)):
        assert bytes(spoiled[1, half : half + 2]) == b"\x00\x7e"
        spoiled[1, half : half + 2] = 0
    assert not spoiled[1].any()


@each_type
def test_any_number_of_threads_gives_the_same_bytes(type_: str) -> None:
    x = np.random.default_rng(2).standard_normal((700, 1024), dtype=np.float32)
    one = _core.quantize_rows(x, type_, 1)
    for threads in (2, 5, None):
        np.testing.assert_array_equal(_core.quantize_rows(x, type_, threads=threads), one)
        np.testing.assert_array_equal(
            _core.dequantize_rows(one, type_, threads=threads), _core.dequantize_rows(one, type_, 1)
        )


@each_type
def test_any_bytes_are_expanded_as_the_reference_does(type_: str) -> None:
    q = np.random.default_rng(4).integers(0, 256, (64, 20 * BLOCK_BYTES[type_]), dtype=np.uint8)
    for half in HALVES.get(type_, (0,)):
        q.reshape(-1, BLOCK_BYTES[type_])[:, half + 1] &= 0xBB  # no infinite or NaN scale
    got = _core.dequantize_rows(q, type_)
    want = np.asarray(libgguf.dequantize_rows(q, TYPES[type_]))
    np.testing.assert_array_equal(got.view(np.uint32), want.view(np.uint32))


def test_no_rows_make_no_rows() -> None:
    assert _core.quantize_rows(np.empty((0, 64), np.float32), "Q4_0").shape == (0, 36)
    assert _core.dequantize_rows(np.empty((0, 36), np.uint8), "Q4_0").shape == (0, 64)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (
            np.zeros((2, 64), np.float64),
            "expected float32, float16 or uint16 .* of 2 dimensions, found float64",
        ),
        (np.zeros(64, np.float32), "found float32 of 1 dimensions"),
        (np.zeros((4, 64), np.float32)[:, ::2], "C-contiguous"),
        (np.zeros((4, 64), np.float32).T, "C-contiguous"),
        (np.frombuffer(bytearray(1 + 4 * 64), np.float32, offset=1).reshape(2, 32), "aligned"),
        (np.zeros((4, 33), np.float32), "expected rows a multiple of 32, found 33"),
        ([[0.0] * 32], "NumPy array of float32, .*, found <class 'list'>"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(x: object, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        _core.quantize_rows(x, "q8_0")  # type: ignore[arg-type]


@pytest.mark.parametrize("type_", list(TYPES))
def test_half_precision_rows_give_the_blocks_of_the_same_values(type_: str) -> None:
    x = np.random.default_rng(3).standard_normal((5, 3 * BLOCK[type_]), dtype=np.float32)
    half = x.astype(np.float16)
    expected = _core.quantize_rows(half.astype(np.float32), type_)
    np.testing.assert_array_equal(_core.quantize_rows(half, type_), expected)
    bits = (x.view(np.uint32) >> 16).astype(np.uint16)
    expected = _core.quantize_rows((bits.astype(np.uint32) << 16).view(np.float32), type_)
    np.testing.assert_array_equal(_core.quantize_rows(bits, type_), expected)


def test_an_array_that_is_refused_names_its_own_type() -> None:
    with pytest.raises(InputError, match="found float16 of 3 dimensions"):
        _core.quantize_rows(np.zeros((1, 2, 32), np.float16), "q8_0")  # type: ignore[arg-type]


def test_bytes_that_are_no_whole_blocks_are_refused() -> None:
    with pytest.raises(InputError, match="multiple of 18 bytes, found 20"):
        _core.dequantize_rows(np.zeros((2, 20), np.uint8), "q4_0")


@pytest.mark.parametrize("name", ["q3_K", "f16", "nonsense"])
def test_another_type_is_refused_with_what_is_there(name: str) -> None:
    with pytest.raises(InputError, match=f"expected q8_0, q6_K, .* or q4_0, found {name}"):
        _core.quantize_rows(np.zeros((1, 32), np.float32), name)


@each_type
@pytest.mark.parametrize("zeros", [0.0, 0.4])
def test_rows_with_importance_weights_equal_the_reference(type_: str, zeros: float) -> None:
    rng = np.random.default_rng(8)
    x = rng.standard_normal((24, 1024), dtype=np.float32)
    weights = rng.random((1, 1024), dtype=np.float32) ** 4
    weights[rng.random((1, 1024)) < zeros] = 0
    got = _core.quantize_rows(x, type_, weights=weights)
    np.testing.assert_array_equal(got, libgguf.quantize_rows(x, TYPES[type_], weights[0]))


def test_parts_of_a_block_whose_scale_vanishes_beside_the_others_equal_the_reference() -> None:
    """Their factor is zero, and the codes of the search stay; so with parts of one value, or of zeros."""
    x = np.random.default_rng(9).standard_normal((64, 1024), dtype=np.float32)
    x.reshape(64, -1, 32)[:, ::3] *= np.float32(1e-4)
    x.reshape(64, -1, 16)[:, ::5] = 0
    x.reshape(64, -1, 32)[:, 3::8] = np.float32(-0.7)
    for type_ in ("q4_K", "q5_K", "q6_K"):
        expect_equal(x, type_)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones((1, 32), np.float32), r"expected \[1, 64\], found \[1, 32\]"),
        (np.full((1, 64), np.nan, np.float32), "finite weights that are not negative, found NaN at 0"),
        (np.full((1, 64), -1, np.float32), "found -1 at 0"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _core.quantize_rows(np.zeros((2, 64), np.float32), "q4_0", weights=weights)


def run_with(simd: str) -> subprocess.CompletedProcess[str]:
    code = "from t2sql import _core; print(_core.simd(), _core.cpu_features())"
    env = {**os.environ, "T2SQL_SIMD": simd}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)


def test_the_instruction_set_can_be_chosen() -> None:
    assert run_with("scalar").stdout.split()[0] == "scalar"
    widest = run_with("").stdout.split()
    assert widest[0] in {"avx512", "avx2", "neon", "scalar"}
    assert run_with(widest[0]).stdout.split() == widest


def test_an_instruction_set_that_is_not_there_is_refused() -> None:
    assert "bad T2SQL_SIMD: expected scalar" in run_with("mmx").stderr


def stubs() -> str:
    """The text of all stubs of the module."""
    folder = Path(_core.__file__).with_name("_core")
    return "".join(path.read_text() for path in sorted(folder.glob("*.pyi")))


def test_every_function_of_the_module_is_in_the_stubs() -> None:
    stub = stubs()
    functions = {name for name, value in vars(_core).items() if callable(value)}
    assert functions == set(re.findall(r"^(?:def|class) (\w+)(?=\(|:$)(?!.*Dict\))", stub, re.MULTILINE))


def test_the_stubs_have_the_parameters_of_every_function() -> None:
    stub = stubs()
    functions = [node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)]
    for kind in (node for node in ast.parse(stub).body if isinstance(node, ast.ClassDef)):
        constructor = next((f for f in kind.body if getattr(f, "name", None) == "__init__"), None)
        if isinstance(constructor, ast.FunctionDef):
            constructor.name = kind.name
            del constructor.args.args[0]  # self
            functions.append(constructor)
    for node in functions:
        arguments = node.args
        optional = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
        in_stub = [(a.arg, d is not None) for a, d in zip(arguments.args, optional, strict=True)]
        in_stub += [
            (a.arg, d is not None) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ]
        parameters = inspect.signature(getattr(_core, node.name)).parameters.values()
        assert in_stub == [(p.name, p.default is not p.empty) for p in parameters], node.name
