"""Types that a user chooses by pattern, and what is wrong with a pattern."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from t2sql.cli import run
from t2sql.errors import InputError
from t2sql.gguf import convert, parse_overrides, quantize, read_gguf

GgufOf = Callable[..., Path]


def types(path: Path) -> dict[str, str]:
    return {name: info.type for name, info in read_gguf(path).tensors.items()}


def test_the_first_pattern_that_matches_counts_and_beats_every_rule(tiny_llama: Path, tmp_path: Path) -> None:
    chosen = {r"blk\.0\.ffn": "f16", "ffn_down": "Q8_0", "token_embd": "q4_1"}
    path = convert(
        tiny_llama, tmp_path / "a.gguf", type="q4_0", tensor_types=chosen, embedding_type="f16"
    ).path
    found = types(path)
    assert found["blk.0.ffn_down.weight"] == found["blk.0.ffn_up.weight"] == "f16"
    assert found["blk.1.ffn_down.weight"] == "q8_0"
    assert found["blk.1.ffn_up.weight"] == "q4_0"
    assert found["token_embd.weight"] == "q4_1"


def test_norms_keep_their_type_whatever_matches(tiny_llama: Path, tmp_path: Path) -> None:
    found = types(convert(tiny_llama, tmp_path / "a.gguf", tensor_types={".": "q8_0"}).path)
    assert {name for name, type_ in found.items() if type_ == "f32"} == {n for n in found if "norm" in n}


def test_quantize_takes_patterns_too_and_says_the_same_bytes(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    chosen = {"attn_[qk]": "q4_1"}
    a = convert(tiny_llama, tmp_path / "a.gguf", type="q4_0", tensor_types=chosen, pure=True).path
    b = quantize(gguf_of(tiny_llama), tmp_path / "b.gguf", "q4_0", tensor_types=chosen, pure=True).path
    assert a.read_bytes() == b.read_bytes() and types(a)["blk.0.attn_q.weight"] == "q4_1"


@pytest.mark.parametrize(
    ("chosen", "match"),
    [
        ({"ffn_(down": "q8_0"}, r"no regular expression \(ffn_\(down\)"),
        ({"ffn_down": "q9"}, r"type not supported: expected f32 .*found q9"),
        ({"ffn_dwon": "q8_0"}, r"matches no matrix \(ffn_dwon\)"),
        ({"attn_norm": "q8_0"}, r"matches no matrix \(attn_norm\)"),
    ],
)
def test_a_bad_pattern_or_type_is_named(
    chosen: dict[str, str], match: str, tiny_llama: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=match):
        convert(tiny_llama, tmp_path / "a.gguf", tensor_types=chosen)
    assert not list(tmp_path.iterdir())


def test_the_type_follows_the_last_equals_sign() -> None:
    assert parse_overrides(["a=b=q8_0", "c=f16"]) == {"a=b": "q8_0", "c": "f16"}
    for bad in ("ffn", "=q8_0", "ffn="):
        with pytest.raises(InputError, match=r"expected REGEX=TYPE"):
            parse_overrides([bad])


def test_the_option_repeats(tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.gguf"
    options = ["--type", "q4_0", "--tensor-type", "ffn_down=q8_0", "--tensor-type", "attn_v=f16", "--json"]
    assert run(["convert", str(tiny_llama), str(out), *options]) == 0
    found = types(out)
    assert (found["blk.0.ffn_down.weight"], found["blk.0.attn_v.weight"]) == ("q8_0", "f16")
    assert json.loads(capsys.readouterr().out)["files"] == [str(out)]
    assert run(["convert", str(tiny_llama), str(out), "--force", "--tensor-type", "ffn_down"]) == 2
