"""MLX generation: batched equals one by one, and a GGUF equals its directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.backends import requests

from t2sql.errors import InputError, WorkError
from t2sql.generate import Backend, BackendOptions, Generation, Request, first_statement, open_backend
from t2sql.grammar import grammar_of
from t2sql.schema import read_table_lines

GRAMMAR = grammar_of(read_table_lines(["students: Name, Age, School"]))

PROMPTS = [
    f"table: {name}\ncolumns: Name, Age, School\nQ: {question}\nA: "
    for name in ("students", "pupils")
    for question in ("How old is Wang Junjian?", "Which school has Ann and nobody else?", "Who?")
]


@pytest.fixture(scope="module")
def backend(demo_directory: Path) -> Iterator[Backend]:
    opened = open_backend(str(demo_directory))
    yield opened
    opened.close()


def test_a_directory_opens_in_mlx_by_default(backend: Backend) -> None:
    assert backend.name == "mlx"
    if backend.device == "cpu":
        assert backend.weights == "float32"


def test_a_batch_answers_as_one_by_one(backend: Backend) -> None:
    seen: dict[int, Generation] = {}
    together = backend.answers(requests(PROMPTS, max_tokens=12), on_result=seen.__setitem__)
    alone = [backend.answer(request) for request in requests(PROMPTS, max_tokens=12)]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.tokens for answer in together] == [answer.tokens for answer in alone]
    assert [seen[index] for index in range(len(PROMPTS))] == together


def test_a_batch_smaller_than_the_prompts_answers_all(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = backend.answers(requests(PROMPTS, max_tokens=5))
    monkeypatch.setattr(backend, "batch_size", 2)
    assert [a.text for a in backend.answers(requests(PROMPTS, max_tokens=5))] == [a.text for a in together]


def test_llama_cpp_reads_the_same_prompt_and_answers_alike(backend: Backend, demo_gguf: Path) -> None:
    llama = open_backend(str(demo_gguf), "llama", BackendOptions(context=256))
    theirs = llama.answers(requests(PROMPTS[:2], max_tokens=4))
    llama.close()
    ours = backend.answers(requests(PROMPTS[:2], max_tokens=4))
    assert [a.prompt_tokens for a in ours] == [a.prompt_tokens for a in theirs]
    assert [a.text for a in ours] == [a.text for a in theirs]


def test_the_clock_counts_prompt_and_answer(backend: Backend) -> None:
    answer = backend.answer(Request(PROMPTS[0], max_tokens=6))
    assert answer.prompt_seconds > 0
    assert answer.seconds > 0
    assert 0 < answer.tokens <= 6


def test_a_text_comes_in_pieces_as_it_is_written(backend: Backend) -> None:
    for prompt, grammar in ((PROMPTS[0], None), (PROMPTS[1], GRAMMAR)):
        pieces: list[str] = []
        request = Request(prompt, max_tokens=24, grammar=grammar)
        answer = backend.answer(request, on_text=pieces.append)
        whole = backend.answer(request)
        assert answer.text == whole.text and answer.tokens == whole.tokens
        assert len(pieces) > 2
        assert first_statement("".join(pieces)) == answer.text


def test_a_text_ends_when_nobody_waits_for_it(backend: Backend) -> None:
    pieces: list[str] = []
    request = Request(PROMPTS[0], max_tokens=64, grammar=GRAMMAR)
    answer = backend.answer(request, on_text=pieces.append, cancelled=lambda: len(pieces) > 1)
    assert 1 < answer.tokens < 6 and answer.finish == "stop" and answer.seconds < 60
    never = backend.answer(Request(PROMPTS[0], max_tokens=64), cancelled=lambda: True)
    assert never.tokens <= 1 and 0 <= never.seconds < 60


def test_a_line_break_ends_the_answer(backend: Backend) -> None:
    answer = backend.answer(Request("one\ntwo\nthree\n\none\ntwo\nthree\n\none\n", max_tokens=20))
    assert answer.finish == "stop"
    assert answer.tokens < 20
    assert "\n" not in answer.text


def test_sampling_follows_its_seed(backend: Backend) -> None:
    drawn = requests(["Once upon a time"] * 2, max_tokens=8, temperature=1.0, seed=3)
    once = [a.text for a in backend.answers(drawn)]
    assert [a.text for a in backend.answers(drawn)] == once
    assert once[0] != once[1]


def test_no_prompts_no_answers(backend: Backend) -> None:
    assert backend.answers([]) == []


def test_a_prompt_too_long_is_an_error_with_numbers(tiny_llama: Path) -> None:
    opened = open_backend(str(tiny_llama), "mlx")
    with pytest.raises(InputError, match=r"does not fit the context.*found \d+ tokens"):
        opened.answer(Request("word " * (opened.context or 100_000)))
    opened.close()
    with pytest.raises(WorkError, match="closed"):
        opened.answer(Request("word"))


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_a_gguf_answers_as_its_directory(
    model: str, gguf_of: Callable[..., Path], request: pytest.FixtureRequest, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path))
    directory = request.getfixturevalue(model)
    file = gguf_of(directory, "f32")
    texts = []
    for source in (directory, file):
        opened = open_backend(str(source), "mlx")
        texts.append([a.text for a in opened.answers(requests(PROMPTS[:3], max_tokens=6))])
        opened.close()
    assert texts[0] == texts[1]
    assert "(from f32)" in opened.weights
    assert list(tmp_path.iterdir()) == []
