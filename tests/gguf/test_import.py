"""GGUF to a Hugging Face directory, and back to where it came from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import convert, import_gguf, read_gguf, read_safetensors
from t2sql.verification.tokens import HARD_STRINGS

GgufOf = Callable[..., Path]


def weights(folder: Path) -> dict[str, tuple[str, bytes]]:
    tensors = read_safetensors(folder / "model.safetensors").tensors
    return {name: (info.type, info.raw().tobytes()) for name, info in tensors.items()}


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_import_of_an_f32_conversion_gives_the_tensors_back_bit_for_bit(
    model: str, request: pytest.FixtureRequest, gguf_of: GgufOf, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(model)
    back = import_gguf(gguf_of(source), tmp_path / "back")
    assert weights(back) == weights(source)


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_import_of_a_conversion_gives_the_config_and_tokenizer_back(
    model: str, request: pytest.FixtureRequest, gguf_of: GgufOf, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer

    source: Path = request.getfixturevalue(model)
    back = import_gguf(gguf_of(source), tmp_path / "back")
    before, after = (json.loads((p / "config.json").read_text()) for p in (source, back))
    assert {key: after.get(key) for key in before} == before
    one, other = (Tokenizer.from_file(str(p / "tokenizer.json")) for p in (source, back))
    for text in HARD_STRINGS:
        assert one.encode(text).ids == other.encode(text).ids, text
        assert one.decode(one.encode(text).ids) == other.decode(one.encode(text).ids), text


def test_an_spm_import_writes_a_tokenizer_model_that_splits_the_same(
    tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    from sentencepiece import SentencePieceProcessor

    back = import_gguf(gguf_of(tiny_mistral), tmp_path / "back")
    files = (p / "tokenizer.model" for p in (tiny_mistral, back))
    one, other = (SentencePieceProcessor(model_file=str(f)) for f in files)
    for text in HARD_STRINGS:
        assert one.encode(text) == other.encode(text), text


@pytest.mark.parametrize(("dtype", "type"), [("F16", "f16"), ("BF16", "bf16")])
def test_half_precision_matrices_stay_as_they_are(dtype: str, type: str, tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "source", dtype=dtype)
    convert(source, tmp_path / "a.gguf", type=type)
    back = import_gguf(tmp_path / "a.gguf", tmp_path / "back")
    before, after = weights(source), weights(back)
    matrices = [name for name in before if "norm" not in name]
    assert matrices and all(after[name] == before[name] for name in matrices)


@pytest.mark.parametrize("type", ["f32", "bf16"])
def test_a_model_that_was_published_in_bfloat16_comes_back_as_it_was(type: str, tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "source", dtype="BF16", eos_token_id=[2, 0])
    convert(source, tmp_path / "a.gguf", type=type)
    back = import_gguf(tmp_path / "a.gguf", tmp_path / "back")
    assert weights(back) == weights(source)
    before, after = (json.loads((folder / "config.json").read_text()) for folder in (source, back))
    assert after == before


def test_a_token_that_is_not_special_is_normalized_as_the_tokenizers_library_has_it(tmp_path: Path) -> None:
    source = tiny.build_llama(tmp_path / "source", vocab_size=544)
    file = source / "tokenizer.json"
    document = json.loads(file.read_text())
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "special"), False)
    document["added_tokens"].append({"id": 512, "content": "<tool>", "normalized": True, **flags})
    file.write_text(json.dumps(document))
    back = import_gguf(convert(source, tmp_path / "a.gguf").path, tmp_path / "back")
    added = json.loads((back / "tokenizer.json").read_text())["added_tokens"]
    assert {token["content"]: token["normalized"] for token in added if token["id"] in (0, 512)} == {
        "<|endoftext|>": False,
        "<tool>": True,
    }


def test_padding_of_the_unknown_type_makes_a_tokenizer_model_that_loads(
    tiny_mistral: Path, tmp_path: Path
) -> None:
    from sentencepiece import SentencePieceProcessor

    source = tiny.build_mistral(tmp_path / "source", vocab_size=544)
    types = read_gguf(convert(source, tmp_path / "a.gguf").path).metadata["tokenizer.ggml.token_type"]
    changed = [2 if kind == 5 else kind for kind in types]
    file = tiny.rewrite_gguf(tmp_path / "a.gguf", tmp_path / "b.gguf", {"tokenizer.ggml.token_type": changed})
    back = import_gguf(file, tmp_path / "back")
    processor = SentencePieceProcessor(model_file=str(back / "tokenizer.model"))
    assert processor.unk_id() == 0


def test_licence_and_base_model_come_along(tiny_mistral: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    card = (import_gguf(gguf_of(tiny_mistral), tmp_path / "back") / "README.md").read_text()
    assert "license: mit" in card
    assert "- acme/tiny-base" in card


def test_quantized_matrices_become_the_float32_values_they_stand_for(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    gguf = gguf_of(tiny_llama, "q4_1")
    back = read_safetensors(import_gguf(gguf, tmp_path / "back") / "model.safetensors").tensors
    expected = read_gguf(gguf).tensors["blk.0.ffn_up.weight"].float32()
    assert np.array_equal(back["model.layers.0.mlp.up_proj.weight"].float32(), expected)


def test_the_demo_model_answers_after_import(demo_directory: Path) -> None:
    from t2sql.models import load

    loaded = load(demo_directory)
    from mlx_lm import generate

    prompt = loaded.tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}], add_generation_prompt=True
    )
    assert "Paris" in generate(loaded.model, loaded.tokenizer, prompt, max_tokens=8)


def test_an_unsupported_architecture_is_named_with_the_supported_ones(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", {"general.architecture": "mamba"})
    with pytest.raises(InputError, match=r"expected gemma2 or .* or qwen3, found mamba"):
        import_gguf(bad, tmp_path / "back")
    assert list(tmp_path.iterdir()) == [bad]


def test_a_missing_tensor_is_named(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", {}, drop=("blk.1.attn_k.weight",))
    with pytest.raises(InputError, match=r"blk\.1\.attn_k\.weight"):
        import_gguf(bad, tmp_path / "back")


def test_metadata_that_contradicts_the_tensors_is_refused(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    for changes in ({"llama.attention.head_count": 7}, {"llama.embedding_length": 0}):
        bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", changes)
        with pytest.raises(InputError, match="metadata"):
            import_gguf(bad, tmp_path / "back")


@pytest.mark.parametrize("keep", [0, 3, 100, 5000, -1])
def test_a_truncated_file_is_refused_and_leaves_nothing(
    keep: int, tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    bad = tmp_path / "a.gguf"
    bad.write_bytes(gguf_of(tiny_llama).read_bytes()[:keep])
    with pytest.raises(InputError, match=r"a\.gguf"):
        import_gguf(bad, tmp_path / "back")
    assert list(tmp_path.iterdir()) == [bad]


def test_an_unknown_pre_tokenizer_is_named(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", {"tokenizer.ggml.pre": "poro-chat"})
    with pytest.raises(InputError, match="poro-chat"):
        import_gguf(bad, tmp_path / "back")


def test_an_existing_directory_is_kept_unless_forced(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    out = tmp_path / "back"
    import_gguf(gguf_of(tiny_llama), out)
    with pytest.raises(InputError, match="output exists"):
        import_gguf(gguf_of(tiny_llama), out)
    import_gguf(gguf_of(tiny_llama), out, force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["back"]


def test_force_never_replaces_a_folder_that_is_no_model(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not a model directory"):
        import_gguf(gguf_of(tiny_llama), tmp_path / "home", force=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_an_output_that_cannot_be_written_is_said(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not writable"):
        import_gguf(gguf_of(tiny_llama), tmp_path / "file" / "back")


@pytest.mark.parametrize("type", ["q5_0", "q5_1", "q6_K", "iq4_nl"])
def test_types_that_only_gguf_py_knows_are_read(type: str, tmp_path: Path) -> None:
    from gguf import GGMLQuantizationType, quants

    from t2sql.gguf import TensorInfo

    kind = GGMLQuantizationType[type.upper()]
    block, size = {"q6_K": (256, 210), "iq4_nl": (32, 18), "q5_0": (32, 22), "q5_1": (32, 24)}[type]
    raw = np.random.default_rng(0).integers(0, 60, (3, 512 // block * size), dtype=np.uint8)
    (tmp_path / "a").write_bytes(b"head" + raw.tobytes())
    info = TensorInfo("a", type, (3, 512), 4, raw.nbytes, tmp_path / "a")
    assert np.array_equal(info.float32(1, 3), quants.dequantize(raw[1:], kind))


def test_a_type_that_nobody_can_read_is_named(tmp_path: Path) -> None:
    from t2sql.gguf import TensorInfo

    (tmp_path / "a").write_bytes(bytes(64))
    with pytest.raises(InputError, match=r"tensor a.*found q9_9"):
        TensorInfo("a", "q9_9", (1, 32), 0, 64, tmp_path / "a").float32()
