"""llama.cpp on the small real model."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.backends import requests

from t2sql.errors import InputError, WorkError
from t2sql.generate import Backend, BackendOptions, Generation, LlamaBackend, Request, ask, open_backend

TABLE = "students: Name, Age, School, Grade, Height, Weight"
PROMPTS = [
    f"table: {name}\ncolumns: Name, Age, School\nQ: {question}\nA: "
    for name in ("students", "pupils")
    for question in ("How old is Wang Junjian?", "Which school has Ann?", "Who is tall?")
]


@pytest.fixture(scope="module")
def backend(demo_gguf: Path) -> Iterator[Backend]:
    opened = open_backend(str(demo_gguf), "llama", BackendOptions(slots=3, context=256))
    yield opened
    opened.close()


def test_a_gguf_opens_in_llama_by_default_and_says_how_weights_are_held(backend: Backend) -> None:
    assert (backend.name, backend.weights) == ("llama", "q4_1")
    assert backend.load_seconds > 0
    assert backend.prompt_format is None


def test_answers_come_in_the_order_of_the_prompts_and_are_counted(backend: Backend) -> None:
    seen: dict[int, Generation] = {}
    answers = backend.answers(requests(PROMPTS, max_tokens=12), on_result=seen.__setitem__)
    assert [seen[index] for index in range(len(PROMPTS))] == answers
    for answer in answers:
        assert 0 < answer.tokens <= 12
        assert "\n" not in answer.text
        assert answer.prompt_tokens > answer.cached_tokens >= 0
        assert answer.prompt_seconds > 0
        assert answer.seconds > 0


def test_greedy_answers_repeat(backend: Backend) -> None:
    first = backend.answer(Request(PROMPTS[0], max_tokens=12))
    again = backend.answer(Request(PROMPTS[0], max_tokens=12))
    assert (first.text, first.tokens) == (again.text, again.tokens)
    assert again.cached_tokens > 0


def test_the_trailing_space_of_the_prompt_is_not_sent(backend: Backend) -> None:
    assert (
        backend.answer(Request(PROMPTS[0], max_tokens=8)).text
        == backend.answer(Request(PROMPTS[0].rstrip(" "), max_tokens=8)).text
    )


def test_sampling_follows_its_seed(backend: Backend) -> None:
    request = Request("Once upon a time", max_tokens=12, temperature=1.0, seed=7)
    once = backend.answer(request).text
    assert backend.answer(request).text == once
    others = {backend.answer(replace(request, seed=seed)).text for seed in range(3)}
    assert others != {once}


def test_a_cut_off_answer_says_so(backend: Backend) -> None:
    answer = backend.answer(Request("Once upon a time", max_tokens=3))
    assert (answer.finish, answer.tokens) == ("length", 3)


def test_no_prompts_no_answers(backend: Backend) -> None:
    assert backend.answers([]) == []


def test_a_prompt_too_long_is_an_error_with_numbers(backend: Backend) -> None:
    with pytest.raises(InputError, match=r"does not fit the context.*at most 256 tokens, found \d+ tokens"):
        backend.answers(requests([PROMPTS[0], "word " * 600]))
    assert backend.answer(Request(PROMPTS[0], max_tokens=4)).tokens > 0


def test_an_error_in_the_callback_ends_the_work(backend: Backend) -> None:
    def fail(index: int, generation: Generation) -> None:
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        backend.answers(requests(PROMPTS, max_tokens=200), on_result=fail)


def test_another_thread_may_generate_and_load(demo_gguf: Path, backend: Backend) -> None:
    texts: list[str] = []

    def work() -> None:
        own = open_backend(str(demo_gguf), "llama", BackendOptions(context=256))
        texts.append(own.answer(Request(PROMPTS[0], max_tokens=4)).text)
        own.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(texts) == 1


def test_the_signals_stay_pythons(backend: Backend) -> None:
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(5)


def test_ctrl_c_ends_a_generation_at_its_next_token(demo_gguf: Path) -> None:
    code = f"""
    import os, signal, sys, threading, time
    from t2sql.generate import BackendOptions, Request, open_backend
    backend = open_backend({str(demo_gguf)!r}, "llama", BackendOptions(slots=2))
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    try:
        backend.answers([Request("Write a very long story: Once upon a time", max_tokens=1500)] * 400)
    except KeyboardInterrupt:
        backend.close()
        print("interrupted", time.monotonic() - started < 10)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    assert (run.returncode, run.stdout.split(), run.stderr) == (0, ["interrupted", "True"], "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ctrl_c_while_a_model_loads_ends_the_load(demo_gguf: Path, name: str) -> None:
    code = f"""
    import os, signal, subprocess, threading
    from t2sql.generate import BackendOptions, open_backend
    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.{name}, interrupt)
    started = subprocess.Popen.__init__
    def start(process, *arguments, **options):
        started(process, *arguments, **options)
        processes.append(process)
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.{name})).start()
    processes = []
    subprocess.Popen.__init__ = start
    try:
        open_backend({str(demo_gguf)!r}, "llama", BackendOptions(context=256))
    except KeyboardInterrupt:
        print("interrupted", processes[0].poll() is not None)
    assert signal.getsignal(signal.{name}) is interrupt
    subprocess.Popen.__init__ = started
    open_backend({str(demo_gguf)!r}, "llama", BackendOptions(context=256)).close()
    print("opened")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    assert (run.returncode, run.stdout.split(), run.stderr) == (0, ["interrupted", "True", "opened"], "")


def test_a_process_that_ends_is_an_error_and_is_started_again(demo_gguf: Path) -> None:
    opened = open_backend(str(demo_gguf), "llama", BackendOptions(slots=2, context=256))
    assert isinstance(opened, LlamaBackend)
    long = Request("1, 2, 3, 4, 5, 6,", max_tokens=200)
    process_id = opened.process_id

    def kill(piece: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGABRT)

    with pytest.raises(WorkError, match=r"llama\.cpp has ended.*SIGABRT"):
        opened.answer(long, on_text=kill)
    assert opened.answer(replace(long, max_tokens=4)).tokens == 4
    assert opened.process_id != process_id
    opened.close()


def test_no_process_outlives_the_one_that_asked(demo_gguf: Path) -> None:
    code = f"""
    import os
    from t2sql.generate import BackendOptions, open_backend
    print(open_backend({str(demo_gguf)!r}, "llama", BackendOptions(context=256)).process_id, flush=True)
    os.kill(os.getpid(), 9)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, timeout=120)
    deadline = time.monotonic() + 30
    while alive(int(run.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_ctrl_c_while_an_answer_begins_leaves_no_thread_at_work(demo_gguf: Path) -> None:
    code = f"""
    import signal, threading
    from t2sql.generate import BackendOptions, Request, open_backend
    backend = open_backend({str(demo_gguf)!r}, "llama", BackendOptions(context=256))
    before, start = threading.active_count(), threading.Thread.start
    def interrupted(thread):
        start(thread)
        signal.raise_signal(signal.SIGINT)
    threading.Thread.start = interrupted
    try:
        backend.answers([Request("Once upon a time", max_tokens=200)])
    except KeyboardInterrupt:
        print("interrupted", threading.active_count() - before)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout.split(), run.stderr) == (0, ["interrupted", "0"], "")


def test_loading_and_answering_print_nothing(demo_gguf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    opened = open_backend(str(demo_gguf), "auto", BackendOptions(context=256))
    opened.answer(Request(PROMPTS[0], max_tokens=4))
    opened.close()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(WorkError, match="closed"):
        opened.answer(Request(PROMPTS[0]))


def test_damaged_files_are_named(demo_gguf: Path, tmp_path: Path) -> None:
    head = demo_gguf.read_bytes()[:3_000_000]
    short = tmp_path / "short.gguf"
    short.write_bytes(head)
    noise = tmp_path / "noise.gguf"
    noise.write_bytes(b"GGUF" + bytes(range(256)))
    for file in (short, noise):
        with pytest.raises(InputError, match=file.name):
            open_backend(str(file), "llama")
    with pytest.raises(InputError, match=r"missing\.gguf"):
        open_backend(str(tmp_path / "missing.gguf"), "llama")


def test_what_llama_cpp_refuses_is_said_with_its_reason(demo_gguf: Path, tmp_path: Path) -> None:
    content = demo_gguf.read_bytes()
    odd = tmp_path / "odd.gguf"
    odd.write_bytes(content.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0llamx", 1))
    with pytest.raises(
        InputError, match=r"cannot load the model.*odd.gguf.*unknown model architecture: 'llamx'"
    ):
        open_backend(str(odd), "llama")


def test_ask_gives_sql_clock_and_a_warning_for_an_untrained_prompt(backend: Backend) -> None:
    answer = ask(backend, "How old is Wang Junjian?", tables=[TABLE], max_tokens=8)
    assert answer.prompt.endswith("Q: How old is Wang Junjian?\nA: ")
    assert answer.timings.tokens > 0
    assert answer.timings.tokens_per_second > 0
    assert answer.timings.prompt_tokens_per_second > 0
    assert [line.split()[0] for line in answer.timings.lines()] == ["load", "prompt", "generation"]
    assert any("does not say what prompt" in warning for warning in answer.warnings)
    assert answer.to_json()["sql"] == answer.sql


def test_ask_takes_a_raw_prompt_as_it_is(backend: Backend) -> None:
    answer = ask(backend, prompt="Once upon a time", max_tokens=3)
    assert answer.prompt == "Once upon a time"
    assert answer.warnings == ()
    assert answer.doubts == ("the answer was cut off after 3 tokens; see --max-tokens",)
    assert answer.status == "uncertain"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"question": "  ", "tables": [TABLE]}, "question is empty"),
        ({"question": "Who?"}, "which tables"),
        ({"question": "Who?", "tables": ["nonsense"]}, "table"),
        ({"prompt": " "}, "prompt is empty"),
        ({"prompt": "x", "question": "Who?"}, "stands alone"),
        ({"question": "Who?", "tables": [TABLE], "max_tokens": 0}, "max-tokens"),
        ({"question": "Who?", "tables": [TABLE], "temp": -1.0}, "temp"),
        ({"question": "Who?", "tables": [TABLE], "temp": float("nan")}, "temp"),
    ],
)
def test_ask_refuses_what_it_cannot_use(backend: Backend, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ask(backend, **arguments)
