"""Tokenizers on their way into GGUF: kinds, pre-tokenizer names, special tokens, templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import read_config
from t2sql.gguf.tokenizer.documents import TokenizerDocument, parse_document, read_tokenizer_files
from t2sql.gguf.tokenizer.metadata import read_vocabulary, tokenizer_metadata
from t2sql.gguf.tokenizer.pretokenizers import STRUCTURES, name_of


def entries(folder: Path, size: int = 512) -> dict[str, Any]:
    config = read_config(folder / "config.json")
    files = read_tokenizer_files(folder)
    vocabulary = read_vocabulary(files, size)
    return {key: value for key, _, value in tokenizer_metadata(files, vocabulary, config, size)}


def document(**parts: Any) -> TokenizerDocument:
    return parse_document(parts, Path("here"))


def edit(folder: Path, file: str, change: Any) -> None:
    document = json.loads((folder / file).read_text())
    change(document)
    (folder / file).write_text(json.dumps(document))


@pytest.mark.parametrize("pre", ["smollm", "gpt-2", "llama-bpe"])
def test_a_trained_bpe_is_recognised_by_its_structure(pre: str) -> None:
    assert name_of(document(**json.loads(tiny.bpe_tokenizer(pre).to_str()))) == pre


@pytest.mark.parametrize("pre", STRUCTURES)
def test_every_known_structure_has_its_own_name(pre: str) -> None:
    structure, ignore_merges, _ = STRUCTURES[pre]
    model = {"ignore_merges": ignore_merges}
    assert name_of(document(pre_tokenizer=structure, model=model)) == pre


def test_an_unknown_pre_tokenizer_shows_what_was_found() -> None:
    with pytest.raises(InputError, match=r"not recognised.*WhitespaceSplit"):
        name_of(document(pre_tokenizer={"type": "WhitespaceSplit"}))


def test_merges_are_read_in_both_forms(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    before = entries(folder)["tokenizer.ggml.merges"]

    def other(document: dict[str, Any]) -> None:
        merges = document["model"]["merges"]
        document["model"]["merges"] = [m.split(" ") if isinstance(m, str) else " ".join(m) for m in merges]

    edit(folder, "tokenizer.json", other)
    assert entries(folder)["tokenizer.ggml.merges"] == before


@pytest.mark.parametrize("merges", [["alone"], [["a", "b", "c"]], [["a"]], []])
def test_merges_that_do_not_parse_are_refused(merges: list[Any], tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    edit(folder, "tokenizer.json", lambda document: document["model"].update(merges=merges))
    with pytest.raises(InputError, match="merge"):
        entries(folder)


def test_spm_without_its_model_file_is_read_from_tokenizer_json(tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "model")
    before = entries(folder)
    (folder / "tokenizer.model").unlink()
    after = entries(folder)
    scores = before.pop("tokenizer.ggml.scores"), after.pop("tokenizer.ggml.scores")
    assert after == before
    # Scores may differ, the order in which they join pieces may not.
    joined = [i for i, t in enumerate(before["tokenizer.ggml.tokens"]) if len(t) > 1 and i > 258]
    assert sorted(joined, key=lambda i: -scores[0][i]) == sorted(joined, key=lambda i: -scores[1][i])


def test_stated_bos_and_eos_flags_beat_the_post_processor(tmp_path: Path) -> None:
    folder = tiny.build_mistral(tmp_path / "model")
    assert entries(folder)["tokenizer.ggml.add_bos_token"] is True
    edit(folder, "tokenizer_config.json", lambda d: d.update(add_bos_token=False, add_eos_token=True))
    after = entries(folder)
    assert (after["tokenizer.ggml.add_bos_token"], after["tokenizer.ggml.add_eos_token"]) == (False, True)


def test_the_chat_template_is_carried_from_either_place(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    edit(folder, "tokenizer_config.json", lambda d: d.update(chat_template="{{ one }}"))
    assert entries(folder)["tokenizer.chat_template"] == "{{ one }}"
    (folder / "chat_template.jinja").write_text("{{ two }}")
    assert entries(folder)["tokenizer.chat_template"] == "{{ two }}"


def test_added_tokens_are_control_or_user_defined(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}

    def add(document: dict[str, Any]) -> None:
        document["added_tokens"].append({"id": 512, "content": "<tool>", "special": False, **added})

    edit(folder, "tokenizer.json", add)
    after = entries(folder, 513)
    assert after["tokenizer.ggml.tokens"][512] == "<tool>"
    assert after["tokenizer.ggml.token_type"][512] == 4
    assert after["tokenizer.ggml.token_type"][:4] == [3, 3, 3, 1]


def test_other_tokenizers_and_none_are_refused(tmp_path: Path) -> None:
    folder = tiny.build_llama(tmp_path / "model")
    edit(folder, "tokenizer.json", lambda document: document["model"].update(type="WordPiece"))
    with pytest.raises(InputError, match="found WordPiece"):
        entries(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="directory without tokenizer"):
        entries(folder)
    (folder / "tokenizer.model").write_bytes(b"\xff\xff\xff")
    with pytest.raises(InputError, match=r"tokenizer\.model"):
        entries(folder)
