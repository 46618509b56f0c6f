"""The process that holds the models: it answers, hears of cancelling, and its end is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from t2sql.errors import WorkError
from t2sql_tui.asking.messages import Question, Reply
from t2sql_tui.asking.model_process import GRACE, ModelProcess

SOURCE = "students: Name, Age"


@pytest.fixture
def process() -> Iterator[ModelProcess]:
    one = ModelProcess()
    yield one
    one.close()
    assert one._process is None


def ask(
    process: ModelProcess,
    model: Path | str,
    backend: str = "llama",
    *,
    on_text: Callable[[str], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Reply:
    question = Question(str(model), backend, SOURCE, "How old is Ann?")
    return process.ask(question, on_text=on_text, cancelled=cancelled)


def pid(process: ModelProcess) -> int:
    assert process._process is not None
    return process._process.pid


@pytest.mark.parametrize("backend", ["llama", "mlx"])
def test_it_answers_the_same_again_from_the_same_process(
    process: ModelProcess, tiny_gguf: Path, backend: str
) -> None:
    parts: list[str] = []
    first = ask(process, tiny_gguf, backend, on_text=parts.append)
    assert first.tokens > 1
    assert len(parts) > 1
    one = pid(process)
    assert ask(process, tiny_gguf, backend).sql == first.sql
    assert pid(process) == one


def test_what_is_wrong_is_said_and_it_goes_on(process: ModelProcess, tiny_gguf: Path) -> None:
    with pytest.raises(WorkError, match=r"no/such\.gguf"):
        ask(process, "/no/such.gguf")
    one = pid(process)
    assert ask(process, tiny_gguf).tokens
    assert pid(process) == one


@pytest.mark.parametrize("backend", ["llama", "mlx"])
def test_an_answer_that_nobody_waits_for_ends_and_the_model_stays(
    process: ModelProcess, tiny_gguf: Path, backend: str
) -> None:
    whole = ask(process, tiny_gguf, backend)
    one, parts = pid(process), list[str]()
    cut = ask(process, tiny_gguf, backend, on_text=parts.append, cancelled=lambda: bool(parts))
    assert cut.tokens <= whole.tokens
    assert ask(process, tiny_gguf, backend).sql == whole.sql
    assert pid(process) == one


def test_a_model_that_still_loads_when_nobody_waits_ends_with_its_process(
    process: ModelProcess, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python itself takes longer to start than this.
    monkeypatch.setattr("t2sql_tui.asking.model_process.GRACE", 0.0)
    began = time.monotonic()
    with pytest.raises(WorkError, match="cancelled"):
        ask(process, tiny_gguf, cancelled=lambda: True)
    assert time.monotonic() - began < GRACE
    assert process._process is None


def test_an_end_in_the_middle_is_said_and_the_next_question_starts_it_again(
    process: ModelProcess, tiny_gguf: Path
) -> None:
    def killed() -> bool:
        assert process._process is not None
        process._process.kill()
        return False

    with pytest.raises(WorkError, match="has ended: found exit code -9"):
        ask(process, tiny_gguf, cancelled=killed)
    assert ask(process, tiny_gguf).tokens


def test_an_end_between_two_questions_costs_only_the_time_to_load(
    process: ModelProcess, tiny_gguf: Path
) -> None:
    first = ask(process, tiny_gguf)
    assert process._process is not None
    process._process.kill()
    process._process.wait()
    assert ask(process, tiny_gguf).sql == first.sql


def test_it_ends_when_the_app_has(process: ModelProcess, tiny_gguf: Path) -> None:
    assert ask(process, tiny_gguf).tokens
    assert process._process is not None
    assert process._connection is not None
    process._connection.close()
    assert process._process.wait(10) == 0
