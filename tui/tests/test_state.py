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
        state.remember(state.Asked(n, f"question {n}", f"SELECT {n}", "a.gguf", "shop.db"))
    with (state_folder / "questions.jsonl").open("a") as file:
        file.write(json.dumps({"time": 1}) + "\n{half a li")
    assert [asked.question for asked in state.questions()] == ["question 2", "question 1", "question 0"]


def test_a_question_that_is_asked_again_is_listed_once_with_its_last_rows(state_folder: Path) -> None:
    for n, question in enumerate(("How many?", "Which?", "how  many?")):
        state.remember(state.Asked(n, question, "SELECT 1", "a.gguf", "shop.db", rows=n, status="sure"))
    assert [(asked.time, asked.rows) for asked in state.questions()] == [(2, 2), (1, 1)]
    assert len((state_folder / "questions.jsonl").read_text().splitlines()) == 2


def test_questions_of_the_first_version_are_read(state_folder: Path) -> None:
    state_folder.mkdir()
    line = {"time": 5, "question": "Who?", "sql": "SELECT 1", "model": "a.gguf", "source": "shop.db"}
    (state_folder / "questions.jsonl").write_text(json.dumps(line) + "\n")
    assert state.questions() == [state.Asked(5, "Who?", "SELECT 1", "a.gguf", "shop.db", None, "")]


def test_sources_with_passwords_are_not_offered_again(state_folder: Path) -> None:
    for source in ("a.db", "postgresql://me:***@host/db", "b.db", "a.db"):
        state.remember(state.Asked(1, "Who?", "SELECT 1", "a.gguf", source))
    assert state.sources() == ["a.db", "b.db"]


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
