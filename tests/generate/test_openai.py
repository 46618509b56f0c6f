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
from t2sql.generate import openai_client as module
from t2sql.generate.openai import OpenAIBackend
from t2sql.generate.openai_client import KEY
from t2sql.grammar import grammar_of
from t2sql.prompt import render_prompt

SHOP = shop()
GRAMMAR = grammar_of(SHOP)
PROMPTS = [render_prompt(SHOP, question) for question in ("How old is Ann?", "Which orders?", "Sum?")]


@pytest.fixture(scope="module")
def llama_server(tiny_llama: Path, gguf_of: Callable[..., Path]) -> Iterator[tuple[str, str]]:
    from t2sql.runtimes import LlamaServer, ServerParameters

    server = LlamaServer(ServerParameters(gguf_of(tiny_llama, "f32"), context=512, slots=2))
    yield server.address, server.key
    server.close()


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


ENDLESS = -1


class _Scripted(BaseHTTPRequestHandler):
    replies: list[tuple[int, str]]
    asked: int
    bodies: list[dict[str, Any]]

    def do_GET(self) -> None:
        self._send(404, "{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).bodies.append(json.loads(body))
        replies = type(self).replies
        type(self).asked += 1
        status, text = replies.pop(0) if len(replies) > 1 else replies[0]
        if status == 0:
            time.sleep(1.0)
        if status == ENDLESS:
            return self._send_without_end(text)
        return self._send(status or 200, text)

    def _send_without_end(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(text.encode() * 1000)

    def _send(self, status: int, text: str) -> None:
        with suppress(BrokenPipeError):  # whoever asked has given up
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://elsewhere.example/v1/completions")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def scripted(*replies: tuple[int, str]) -> Iterator[tuple[str, type[_Scripted]]]:
    handler = type("Handler", (_Scripted,), {"replies": list(replies), "asked": 0, "bodies": []})
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
        ((200, "<html>Welcome</html>"), "not JSON.*web page", 1),
        ((200, "[" * 100_000), "not JSON", 1),
        ((200, '{"error": {"message": "no such model"}}'), "not an answer.*no such model", 1),
        ((200, '{"choices": [{"text": 5}]}'), "not an answer", 1),
        ((200, '{"choices": [{"text": "x"}], "usage": {"prompt_tokens": "many"}}'), "not an answer", 1),
        ((ENDLESS, "x"), "does not end", 1),
        ((302, ""), "redirection to http://elsewhere.example.*Give that address", 1),
        (
            (404, '{"error": {"message": "the model m does not exist"}}'),
            "the model m does not exist.*v1/comp",
            1,
        ),
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
    for url in ("localhost", "http://", "http://[bad", "ftp://host", "http://host:port", "http://me:SECRET@"):
        with pytest.raises(InputError, match="not a server's address") as caught:
            open_backend("m", f"openai:{url}")
        assert "SECRET" not in str(caught.value)


def test_a_server_without_encryption_is_said_so() -> None:
    with scripted((200, RIGHT)) as (url, _), pytest.raises(WorkError, match=r"no secure connection.*http://"):
        open_backend("m", f"openai:{url.replace('http', 'https')}")


def test_a_password_in_the_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted((404, "no")) as (url, _):
        backend = OpenAIBackend(url.replace("//", "//me:SECRET@"), "m")
        with pytest.raises(WorkError) as caught:
            backend.answer(Request("x"))
    assert "SECRET" not in str(caught.value) and "127.0.0.1" in str(caught.value)
    monkeypatch.setenv(KEY, "SECRET\u00e9\n")
    with pytest.raises(InputError, match="characters that no header") as refused:
        OpenAIBackend("http://127.0.0.1:9", "m")
    assert "SECRET" not in str(refused.value)


def reply(text: str) -> tuple[int, str]:
    return 200, json.dumps({"choices": [{"text": text, "finish_reason": "stop"}]})


@pytest.mark.parametrize(
    "texts",
    [
        ("```sql", "```sql\nSELECT a\nFROM t;\n```\nThis selects a."),
        ("<think>", "<think>\nhm; SELECT b\n</think>\n\nSELECT a FROM t"),
        ("Here is the query:", "Here is the query:\n\nSELECT a FROM t"),
        ("", "\n\n`SELECT a FROM t`"),
        ("SELECT a,", "SELECT a\n  FROM t\n\nThe query"),
        ("SQL: SELECT a FROM t; SELECT 2",),
    ],
)
def test_a_chat_model_s_answer_is_its_statement(texts: tuple[str, ...]) -> None:
    with scripted(*map(reply, texts)) as (url, handler):
        assert OpenAIBackend(url, "m").answer(Request("x")).text == "SELECT a FROM t"
        assert handler.asked == len(texts)
        assert (
            handler.bodies[0]["stop"] == ["\n"]
            and "\n" not in handler.bodies[-1]["stop"][: handler.asked - 1]
        )


def test_a_model_that_fences_is_asked_once_from_then_on() -> None:
    fenced = "```sql\nSELECT a FROM t\n```"
    with scripted(reply("```sql"), reply(fenced)) as (url, handler):
        backend = OpenAIBackend(url, "m")
        assert [backend.answer(Request("x")).text for _ in range(3)] == ["SELECT a FROM t"] * 3
        assert handler.asked == 4


def test_a_model_that_says_nothing_is_in_doubt() -> None:
    with scripted(reply("")) as (url, _):
        answer = ask(OpenAIBackend(url, "m"), prompt="x")
    assert answer.sql == "" and "the model gave no answer" in answer.doubts


def test_a_stream_that_was_not_asked_for_is_read() -> None:
    events = [{"choices": [{"text": text}]} for text in (" SELECT a", " FROM t")]
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    chat = json.dumps({"choices": [{"message": {"content": "SELECT a FROM t"}}]})
    for answer in (text, chat):
        with scripted((200, answer)) as (url, _):
            assert OpenAIBackend(url, "m").answer(Request("x")).text == "SELECT a FROM t"


def test_a_server_without_log_probabilities_is_asked_without() -> None:
    refusal = json.dumps({"error": {"message": "logprobs are not given by the backend mlx"}})
    with scripted((400, refusal), (200, RIGHT)) as (url, handler):
        backend = OpenAIBackend(url, "m")
        assert [backend.answer(Request("x", logprobs=True)).text for _ in range(2)] == ["SELECT 1"] * 2
        assert ["logprobs" in body for body in handler.bodies] == [True, False, False]


def test_an_answer_that_nobody_waits_for_is_not_read_on() -> None:
    with scripted((ENDLESS, "x")) as (url, _):
        answer = OpenAIBackend(url, "m").answer(Request("x"), cancelled=iter([False, True, True]).__next__)
    assert answer.text == ""
