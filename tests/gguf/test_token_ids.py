"""The original tokenizer and llama.cpp's give the same ids, for every kind of tokenizer."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import convert, import_gguf, read_gguf
from t2sql.gguf.tokenizer.pretokenizers import STRUCTURES
from t2sql.runtimes import LlamaPredictor
from t2sql.verification.tokens import HARD_STRINGS

pytestmark = pytest.mark.slow

SPECIAL = ("a{0}b", "first {0} second", "{0}\n{0}")


def edit(folder: Path, change: Any) -> None:
    file = folder / "tokenizer.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def same_ids(folder: Path, out: Path, *, composed: bool = False, **options: Any) -> None:
    from tokenizers import Tokenizer

    convert(folder, out, type="q8_0", **options)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
    texts = [*HARD_STRINGS, *(form.format(token) for token in tokens for form in SPECIAL)]
    with LlamaPredictor(out) as llama:
        for text in texts:
            if composed:
                text = unicodedata.normalize("NFC", text)
            for special in (True, False):
                expected = tokenizer.encode(text, add_special_tokens=special).ids
                assert llama.tokenize(text, special=special) == expected, text


@pytest.mark.parametrize("pre", STRUCTURES)
def test_byte_level_bpe(pre: str, tmp_path: Path) -> None:
    # Qwen's tokenizer composes characters first; llama.cpp takes them as they come.
    folder = tiny.build_llama(tmp_path / "model", tokenizer=pre)
    same_ids(folder, tmp_path / "a.gguf", composed=STRUCTURES[pre].normalizer is not None)


@pytest.mark.parametrize("model_file", [True, False])
def test_spm_with_a_leading_space(model_file: bool, tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "model")
    if not model_file:
        (folder / "tokenizer.model").unlink()
    same_ids(folder, tmp_path / "a.gguf")


def test_spm_without_a_leading_space_and_with_runs_of_whitespace_as_tokens(tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "model", vocab_size=544)
    (folder / "tokenizer.model").unlink()

    def as_gemma_has_it(document: dict[str, Any]) -> None:
        document["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
        for i, content in enumerate(("\n\n", "<start_of_turn>")):
            document["added_tokens"].append({"id": 512 + i, "content": content, **flags})

    edit(folder, as_gemma_has_it)
    same_ids(folder, tmp_path / "a.gguf")
    assert read_gguf(tmp_path / "a.gguf").metadata["tokenizer.ggml.add_space_prefix"] is False


@pytest.mark.parametrize(("bos", "eos"), [(True, False), (False, True), (True, True), (False, False)])
def test_bos_and_eos_as_the_post_processor_adds_them(bos: bool, eos: bool, tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", tokenizer="llama-bpe")
    before, after = "<|im_start|>", "<|im_end|>"

    def as_llama_3_has_it(document: dict[str, Any]) -> None:
        single: list[dict[str, Any]] = [{"Sequence": {"id": "A", "type_id": 0}}]
        if bos:
            single.insert(0, {"SpecialToken": {"id": before, "type_id": 0}})
        if eos:
            single.append({"SpecialToken": {"id": after, "type_id": 0}})
        special = {t: {"id": t, "ids": [i], "tokens": [t]} for i, t in ((1, before), (2, after))}
        template = {"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": special}
        byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
        document["post_processor"] = {"type": "Sequence", "processors": [byte_level, template]}

    edit(folder, as_llama_3_has_it)
    same_ids(folder, tmp_path / "a.gguf")


def test_pre_names_a_splitting_that_is_not_recognised_and_import_brings_it_back(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", tokenizer="gpt-2")
    # GPT-2's splitting, its expression written out.
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    byte_level = json.loads((folder / "tokenizer.json").read_text())["pre_tokenizer"]
    spelled = {"type": "Sequence", "pretokenizers": [split, {**byte_level, "use_regex": False}]}
    edit(folder, lambda document: document.update(pre_tokenizer=spelled))
    with pytest.raises(InputError, match=r"not recognised.*Split.*--pre"):
        convert(folder, tmp_path / "a.gguf")
    same_ids(folder, tmp_path / "a.gguf", pre="gpt-2")
    assert read_gguf(tmp_path / "a.gguf").metadata["tokenizer.ggml.pre"] == "gpt-2"
    back = json.loads((import_gguf(tmp_path / "a.gguf", tmp_path / "back") / "tokenizer.json").read_text())
    assert back["pre_tokenizer"] == spelled


def test_a_normalizer_that_llama_cpp_has_not_is_refused(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    edit(folder, lambda document: document.update(normalizer={"type": "Lowercase"}))
    with pytest.raises(InputError, match=r"normalizer not supported .*found Lowercase"):
        convert(folder, tmp_path / "a.gguf")


@pytest.mark.parametrize("merge", ["alone", ["a", "b", "c"], ["a", ""]])
def test_spm_merges_that_do_not_parse_are_refused(merge: Any, tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "model")
    (folder / "tokenizer.model").unlink()
    edit(folder, lambda document: document["model"].update(merges=[merge]))
    with pytest.raises(InputError, match="merge does not parse"):
        convert(folder, tmp_path / "a.gguf")


def test_special_tokens_are_found_in_their_own_file(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", bos_token_id=None, eos_token_id=None)
    (folder / "tokenizer_config.json").write_text("{}")
    special = {"bos_token": {"content": "<|im_start|>"}, "eos_token": "<|im_end|>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    metadata = read_gguf(convert(folder, tmp_path / "a.gguf").path).metadata
    assert metadata["tokenizer.ggml.bos_token_id"] == 1
    assert metadata["tokenizer.ggml.eos_token_id"] == 2


def test_special_tokens_that_take_the_whitespace_after_them_as_phi_3_s_do(tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "students", vocab_size=544)
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)

    def as_phi_3_has_it(document: dict[str, Any]) -> None:
        added = document["added_tokens"]
        next(t for t in added if t["content"] == "</s>")["rstrip"] = True
        added.append({"id": 512, "content": "<|endoftext|>", **flags, "special": True})
        added.append({"id": 513, "content": "<|end|>", **flags, "special": True, "rstrip": True})

    edit(folder, as_phi_3_has_it)
    same_ids(folder, tmp_path / "a.gguf")
    assert read_gguf(tmp_path / "a.gguf").metadata["general.name"] == "students phi3"


def test_a_name_with_phi3_in_it_does_no_harm_to_other_tokenizers(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "my-Phi-3-rival")
    same_ids(folder, tmp_path / "a.gguf")
    assert read_gguf(tmp_path / "a.gguf").metadata["general.name"] == "my-Phi 3-rival"
