"""The openai backend against real servers of llama.cpp and mlx-lm, and against servers that fail."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.backends import requests
from support.grammars import shop

from t2sql.errors import ContextError, InputError, WorkError
from t2sql.generate import BackendOptions, Request, ask, open_backend
from t2sql.generate import openai as module
from t2sql.generate.openai import KEY, OpenAIBackend
from t2sql.grammar import grammar_of
from t2sql.prompt import render_prompt

SHOP = shop()
GRAMMAR = grammar_of(SHOP)
PROMPTS = [render_prompt(SHOP, question) for question in ("How old is Ann?", "Which orders?", "Sum?")]


@pytest.fixture(scope="module")
def llama_server(tiny_llama: Path, gguf_of: Callable[..., Path]) -> Iterator[tuple[str, str]]:
    from t2sql.runtimes import launch_server, server_parameters

    params = server_parameters(gguf_of(tiny_llama, "f32"), context=512, slots=2)
    server = launch_server(params)
    yield server.listening_address, params.api_keys[0]
    del server


@pytest.fixture(scope="module")
def mlx_server(tiny_llama: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", str(tiny_llama), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def test_a_llama_server_keeps_to_the_grammar_and_wants_its_key(
    llama_server: tuple[str, str], tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, key = llama_server
    monkeypatch.setenv(KEY, key)
    seen: dict[int, Any] = {}
    opened = open_backend("tiny", f"openai:{url}", BackendOptions(slots=2))
    asked = requests(PROMPTS, max_tokens=200, grammar=GRAMMAR)
    kept = opened.answers(asked, on_result=seen.__setitem__)
    assert [seen[i] for i in range(3)] == kept
    assert all(answer.text.startswith("SELECT ") for answer in kept)
    assert all(answer.off_grammar == (answer.finish == "length") for answer in kept)
    assert all(answer.prompt_tokens > 0 and answer.tokens > 0 for answer in kept)
    with pytest.raises(ContextError):
        opened.answer(Request("table: t\ncolumns: a\nQ: " + "word " * 3000 + "\nA: ", max_tokens=4))
    opened.close()
    monkeypatch.setenv(KEY, "wrong")
    with pytest.raises(InputError, match="key"):
        open_backend("tiny", f"openai:{url}").answer(Request(PROMPTS[0], max_tokens=4))


def test_an_mlx_lm_server_answers_as_mlx_and_is_checked(mlx_server: str, tiny_llama: Path) -> None:
    opened = open_backend(str(tiny_llama), f"openai:{mlx_server}")
    free = opened.answers(requests(PROMPTS, max_tokens=12))
    here = open_backend(str(tiny_llama), "mlx")
    assert [a.text for a in free] == [a.text for a in here.answers(requests(PROMPTS, max_tokens=12))]
    # Random weights write no SQL: each is asked again, and said.
    checked = opened.answers(requests(PROMPTS[:2], max_tokens=12, grammar=GRAMMAR))
    assert [answer.off_grammar for answer in checked] == [True, True]
    answer = ask(opened, "How old is Ann?", schema=SHOP, max_tokens=8)
    assert "the answer is no statement over these tables" in answer.doubts
    assert answer.status == "uncertain"


class _Scripted(BaseHTTPRequestHandler):
    replies: list[tuple[int, str]]
    asked: int

    def do_GET(self) -> None:
        self._send(404, "{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        replies = type(self).replies
        type(self).asked += 1
        status, text = replies.pop(0) if len(replies) > 1 else replies[0]
        if status == 0:
            time.sleep(1.0)
        self._send(status or 200, text)

    def _send(self, status: int, text: str) -> None:
        with suppress(BrokenPipeError):  # whoever asked has given up
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def scripted(*replies: tuple[int, str]) -> Iterator[tuple[str, type[_Scripted]]]:
    handler = type("Handler", (_Scripted,), {"replies": list(replies), "asked": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        server.server_close()


RIGHT = json.dumps({"choices": [{"text": " SELECT 1", "finish_reason": "stop"}]})


def test_what_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    with scripted((503, "busy"), (429, "slow down"), (200, RIGHT)) as (url, handler):
        assert OpenAIBackend(url, "m").answer(Request("x")).text == "SELECT 1"
        assert handler.asked == 3


@pytest.mark.parametrize(
    ("reply", "words", "asked"),
    [
        ((200, "<html>Welcome</html>"), "not JSON", 1),
        ((200, "[]"), "not an answer", 1),
        ((200, '{"choices": []}'), "not an answer", 1),
        ((200, '{"choices": [{"text": null}]}'), "not an answer", 1),
        ((404, "no such route"), "refused the request.*404", 1),
        ((500, "broken"), "does not answer.*500", 2),
        ((0, RIGHT), "does not answer.*no answer within", 2),
    ],
)
def test_a_server_that_fails_is_said(
    reply: tuple[int, str], words: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    with scripted(reply) as (url, handler):
        with pytest.raises(WorkError, match=words):
            OpenAIBackend(url, "m", timeout=0.2, tries=2).answer(Request("x"))
        assert handler.asked == asked


def test_no_server_and_no_address_are_errors() -> None:
    with pytest.raises(WorkError, match="no server there"):
        open_backend("m", "openai:http://127.0.0.1:9")
    with pytest.raises(InputError, match="not a server's address"):
        open_backend("m", "openai:localhost")
