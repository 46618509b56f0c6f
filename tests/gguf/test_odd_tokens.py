"""Tokens as people's directories have them: beyond the embedding, twice, unmarked, in odd places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import tiny, tiny_families

from t2sql.errors import InputError
from t2sql.gguf import convert, import_gguf, read_gguf

_FLAGS: dict[str, Any] = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)


def edit(folder: Path, file: str, change: Any) -> None:
    document = json.loads((folder / file).read_text())
    change(document)
    (folder / file).write_text(json.dumps(document))


def add(folder: Path, token_id: int, content: str, **flags: bool) -> None:
    added = {"id": token_id, "content": content, **_FLAGS, **flags}
    edit(folder, "tokenizer.json", lambda document: document["added_tokens"].append(added))


def metadata(folder: Path, out: Path) -> Any:
    return read_gguf(convert(folder, out).path).metadata


def test_a_placeholder_beyond_the_embedding_is_left_out_with_a_warning(tmp_path: Path) -> None:
    folder = tiny_families.build(tmp_path / "model", "gemma3")
    add(folder, 512, "<image_soft_token>", special=True)
    result = convert(folder, tmp_path / "a.gguf")
    assert any("<image_soft_token>" in warning for warning in result.warnings)
    assert len(read_gguf(result.path).metadata["tokenizer.ggml.tokens"]) == 512


def test_a_token_of_the_vocabulary_beyond_the_embedding_is_refused(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    edit(folder, "tokenizer.json", lambda document: document["model"]["vocab"].update({"zzzz": 512}))
    with pytest.raises(InputError, match=r"larger than the embedding.*'zzzz' with id 512\. The tokenizer is"):
        convert(folder, tmp_path / "a.gguf")


def test_an_eos_beyond_the_embedding_is_refused(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    add(folder, 512, "<|end|>", special=True)
    edit(folder, "tokenizer_config.json", lambda document: document.update(eos_token="<|end|>"))
    with pytest.raises(InputError, match=r"for the EOS token.*<\|end\|>"):
        convert(folder, tmp_path / "a.gguf")


def test_an_added_token_with_a_text_of_the_vocabulary_is_that_token(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", vocab_size=544)
    tokens = metadata(folder, tmp_path / "a.gguf")["tokenizer.ggml.tokens"]
    add(folder, 520, tokens[300])
    after = metadata(folder, tmp_path / "b.gguf")
    assert after["tokenizer.ggml.tokens"] == tokens
    assert after["tokenizer.ggml.token_type"][300] == 4


def test_two_ids_of_one_text_are_refused_with_both(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", vocab_size=544)
    add(folder, 512, "[PAD530]")
    with pytest.raises(InputError, match=r"two token ids with one text.*PAD530.*512 and 530"):
        convert(folder, tmp_path / "a.gguf")


def test_an_added_token_with_the_id_of_another_is_refused_with_both(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    tokens = metadata(folder, tmp_path / "a.gguf")["tokenizer.ggml.tokens"]
    add(folder, 300, "<other>")
    with pytest.raises(
        InputError, match=r"id of another token.*its own for '<other>', found id 300"
    ) as error:
        convert(folder, tmp_path / "b.gguf")
    assert repr(tokens[300]) in str(error.value)


def test_a_special_id_that_no_token_has_is_a_warning(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    edit(folder, "config.json", lambda document: document.update(eos_token_id=[999999, 2], pad_token_id=-1))
    result = convert(folder, tmp_path / "a.gguf")
    assert result.warnings == [
        "config.json: no token has the id 999999 that is its eos_token_id; it is passed over"
    ]
    assert read_gguf(result.path).metadata["tokenizer.ggml.eos_token_id"] == 2


def test_a_byte_order_mark_in_config_json_is_named(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    config = folder / "config.json"
    config.write_text(config.read_text(), encoding="utf-8-sig")
    with pytest.raises(InputError, match=r"without a byte order mark.*Save it as UTF-8 without BOM"):
        convert(folder, tmp_path / "a.gguf")


@pytest.mark.parametrize("token", ["<|fim_prefix|>", "<｜fim▁hole｜>", "<unused7>", "<pad>"])
def test_tokens_that_look_like_control_tokens_are_some(token: str, tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", vocab_size=544)
    add(folder, 512, token)
    add(folder, 513, "<tool>")
    assert metadata(folder, tmp_path / "a.gguf")["tokenizer.ggml.token_type"][512:514] == [3, 4]


@pytest.mark.parametrize("kind", ["PreTrainedTokenizerFast", "LlamaTokenizer", "LlamaTokenizerFast"])
def test_add_eos_token_alone_says_nothing_of_bos(kind: str, tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "model")
    settings = {"tokenizer_class": kind, "add_eos_token": False}
    edit(folder, "tokenizer_config.json", lambda document: document.update(settings))
    found = metadata(folder, tmp_path / "a.gguf")
    assert (found["tokenizer.ggml.add_bos_token"], found["tokenizer.ggml.add_eos_token"]) == (True, False)


def test_templates_are_found_in_all_their_places(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": "{{ one }}"}))
    assert metadata(folder, tmp_path / "1.gguf")["tokenizer.chat_template"] == "{{ one }}"
    named = [{"name": "default", "template": "{{ two }}"}, {"name": "tool-use", "template": "{{ tools }}"}]
    edit(folder, "tokenizer_config.json", lambda document: document.update(chat_template=named))
    found = metadata(folder, tmp_path / "2.gguf")
    assert found["tokenizer.chat_template"] == "{{ two }}"
    assert found["tokenizer.chat_template.tool_use"] == "{{ tools }}"
    assert found["tokenizer.chat_templates"] == ["tool_use"]
    (folder / "chat_template.jinja").write_text("{{ three }}")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "rag.jinja").write_text("{{ rag }}")
    found = metadata(folder, tmp_path / "3.gguf")
    assert found["tokenizer.chat_template"] == "{{ three }}"
    assert found["tokenizer.chat_template.rag"] == "{{ rag }}"


def test_recommended_sampling_is_carried(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    stated = {"temperature": 0.6, "top_k": 20, "top_p": 0.95, "do_sample": True, "eos_token_id": [2]}
    (folder / "generation_config.json").write_text(json.dumps(stated))
    found = metadata(folder, tmp_path / "a.gguf")
    assert found["general.sampling.temp"] == pytest.approx(0.6)
    assert found["general.sampling.top_k"] == 20
    assert found["general.sampling.top_p"] == pytest.approx(0.95)
    stated["top_k"] = "many"  # type: ignore[assignment]
    (folder / "generation_config.json").write_text(json.dumps(stated))
    with pytest.raises(InputError, match=r"top_k.*many"):
        convert(folder, tmp_path / "b.gguf")


@pytest.mark.parametrize(
    ("head", "licence", "languages"),
    [
        ("---\nlicense: mit\nlanguage:\n- no\n- en\n---\n", "mit", ["no", "en"]),
        ("\ufeff---\r\nlicense: mit\r\nlanguage: no\r\n---\r\n", "mit", ["no"]),
        ("\n---  \nlicense:\n- mit\n- other\n---\n", "mit, other", None),
        ("---\nlicense: mit\ntags:\n\t- a\nlanguage: null\n---\n", "mit", None),
        ("---\nlicense: mit\nlanguage: {a: b}\ndate: 2024-13-45\n---\n", "mit", None),
        ("---\nlicense: [\n---\n", None, None),
        ("license: mit\n", None, None),
        ("---\n" + "[" * 5000 + "\n---\n", None, None),
        ("---\nlicense: mit\nversion: 1.10\n---\n", "mit", None),
    ],
)
def test_cards_in_odd_yaml(
    head: str, licence: str | None, languages: list[str] | None, tmp_path: Path
) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    (folder / "README.md").write_bytes(head.encode())
    found = metadata(folder, tmp_path / "a.gguf")
    assert found.get("general.license") == licence
    assert found.get("general.languages") == languages
    assert found.get("general.version") in (None, "1.10")


def test_a_snapshot_of_the_hub_is_named_after_its_repository(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "models--acme--Tiny-1B" / "snapshots" / commit
    folder.mkdir(parents=True)
    tiny.build_llama(folder)
    assert metadata(folder, tmp_path / "a.gguf")["general.name"] == "Tiny-1B"


def test_numbers_that_json_lacks_do_not_reach_the_copy_of_the_config(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model", initializer_range=float("nan"))
    copy = metadata(folder, tmp_path / "a.gguf")["t2sql.config"]
    assert json.loads(copy, parse_constant=pytest.fail)["initializer_range"] is None


def test_the_text_model_of_a_model_with_eyes_is_converted_alone(tmp_path: Path) -> None:
    folder = tiny_families.build(tmp_path / "model", "gemma3")
    plain = read_gguf(convert(folder, tmp_path / "plain.gguf").path)
    config = json.loads((folder / "config.json").read_text())
    weights = tiny_families.weights(config)
    text = {key: value for key, value in config.items() if key != "architectures"}
    outer = {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "text_config": text}
    (folder / "config.json").write_text(json.dumps({**outer, "vocab_size": config["vocab_size"]}))
    named = {f"language_model.{name}": value for name, value in weights.items()}
    named["vision_tower.embeddings.weight"] = weights["model.norm.weight"]
    tiny.write_weights(folder, named)
    result = convert(folder, tmp_path / "a.gguf")
    assert "tensors of other parts than the text model are left out: 1" in result.warnings
    found = read_gguf(result.path)
    assert found.tensors.keys() == plain.tensors.keys()
    same = ("gemma3.block_count", "gemma3.attention.sliding_window", "general.architecture")
    assert all(found.metadata[key] == plain.metadata[key] for key in same)
    import_gguf(result.path, tmp_path / "back")
