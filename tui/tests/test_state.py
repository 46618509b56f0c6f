"""What the app remembers between starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t2sql import files
from t2sql_tui import state


def test_the_last_choices_are_remembered(state_folder: Path) -> None:
    choices = state.Choices(model="a.gguf", backend="mlx", source="shop.db")
    state.save(choices)
    assert state.load() == choices
    assert (state_folder / "tui.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{half", '{"model": 3, "second": "b.gguf", "new": "x"}'])
def test_a_damaged_file_is_no_error(state_folder: Path, text: str) -> None:
    state_folder.mkdir()
    (state_folder / "tui.json").write_text(text)
    assert state.load() in (state.Choices(), state.Choices(second="b.gguf"))


def test_questions_come_back_the_latest_first(state_folder: Path) -> None:
    for n in range(3):
        state.remember(f"question {n}", f"SELECT {n}", "a.gguf", "shop.db")
    with (state_folder / "questions.jsonl").open("a") as file:
        file.write(json.dumps({"time": 1}) + "\n{half a li")
    assert [asked.question for asked in state.questions()] == ["question 2", "question 1", "question 0"]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.save(state.Choices(model="old.gguf"))

    def flush(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "flush", flush)
    state.save(state.Choices(model="new.gguf"))
    assert state.load().model == "old.gguf"
    assert [path.name for path in state_folder.iterdir()] == ["tui.json"]
