"""The server as a process, asked by real clients over real sockets."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from support import databases, serving
from support.serving import LONG, until

from t2sql.errors import InputError
from t2sql.serve import Settings, read_token

TOKEN = "a token that nobody guesses"


@pytest.fixture(scope="module")
def served(demo_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    folder = tmp_path_factory.mktemp("served")
    shop = databases.shop(folder / "shop.db")
    limits = ("--slots", 2, "--max-requests", 6, "--request-timeout", 90)
    with serving.server(demo_gguf, "--db", databases.url(shop), *limits, T2SQL_CACHE=str(folder)) as server:
        yield server


def test_a_question_is_answered_with_sql_and_what_there_is_to_know(served: serving.Served) -> None:
    with served.client() as client:
        answer = client.post("/ask", json={"question": "How many products are there?", "execute": True})
    assert answer.status_code == 200
    document = answer.json()
    assert {"sql", "dialect", "error", "warnings", "left_out", "timings"} <= set(document)
    assert document["dialect"] == "sqlite" and document["timings"]["tokens"] > 0
    assert (document["error"] is None) == ("rows" in document)


def test_a_completion_has_openais_form(served: serving.Served) -> None:
    with served.client() as client:
        answer = client.post(
            "/v1/completions", json={"prompt": "1, 2, 3,", "max_tokens": 8, "user": "me"}
        ).json()
    assert answer["object"] == "text_completion"
    assert answer["choices"][0]["text"] and answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 8


def test_a_stream_says_the_same_as_a_whole_answer(served: serving.Served) -> None:
    body = {"prompt": "1, 2, 3, 4, 5,", "max_tokens": 24}
    with served.client() as client:
        whole = client.post("/v1/completions", json=body).json()["choices"][0]["text"]
        with client.stream("POST", "/v1/completions", json={**body, "stream": True}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line)["choices"][0] for line in lines[:-1]]
    assert len(events) > 5
    assert "".join(event["text"] for event in events) == whole
    assert [event["finish_reason"] for event in events[-2:]] == [None, "length"]


def test_health_and_metrics(served: serving.Served) -> None:
    with served.client() as client:
        assert client.get("/health").json() == {"status": "ok"}
        text = client.get("/metrics").text
    assert 't2sql_requests_total{route="/health",status="200"}' in text
    assert "\nprocess_resident_memory_bytes" in text
    assert "t2sql_model_process_resident_memory_bytes" in text


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "the body"),
        (b"<html>", 400, "JSON"),
        (b"[]", 400, "the body"),
        (b'{"question": ""}', 400, "question"),
        (b'{"question": "   "}', 400, "question is empty"),
        (b'{"question": 5}', 400, "question"),
        (b'{"question": "a", "sql": "DROP TABLE x"}', 400, "sql"),
        (b'{"question": "a", "max_tokens": 100000}', 400, "max_tokens"),
        (b'{"question": "a", "max_tokens": 0}', 400, "max_tokens"),
        (b'{"question": "a", "seed": ' + b"[" * 9000 + b"]" * 9000 + b"}", 400, "recursion"),
        (b'{"question": "a", "temperature": -1}', 400, "temperature"),
        (json.dumps({"question": "why " * 25_000}).encode(), 413, "larger"),
        (json.dumps({"question": "why " * 4_000}).encode(), 400, "does not fit the context"),
    ],
)
def test_bad_bodies_are_named(served: serving.Served, body: bytes, status: int, said: str) -> None:
    with served.client() as client:
        answer = client.post("/ask", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


def test_wrong_routes_methods_and_types(served: serving.Served) -> None:
    with served.client() as client:
        assert client.get("/ask").status_code == 405
        assert client.post("/nowhere").status_code == 404
        assert client.post("/ask", content=b'{"question": "a"}').status_code == 415
        assert client.head("/health").status_code == 200
        options = client.options("/ask")
        assert options.status_code == 204 and options.headers["allow"] == "POST, OPTIONS"
        assert client.get("/health//").status_code == 200


@pytest.mark.parametrize("path", ["/ask", "/v1/completions"])
def test_an_error_does_not_say_where_the_model_lies(
    served: serving.Served, demo_gguf: Path, path: str
) -> None:
    text = "why " * 4_000
    with served.client() as client:
        answer = client.post(path, json={"question": text} if path == "/ask" else {"prompt": text})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (400, "invalid_request_error", "context")
    assert str(demo_gguf.parent) not in answer.text and demo_gguf.suffix not in answer.text


def test_a_page_with_another_name_for_this_machine_is_refused(served: serving.Served) -> None:
    with served.client(headers={"host": "evil.example"}) as client:
        assert client.get("/metrics").status_code == 400


def leave(served: serving.Served, body: dict[str, Any]) -> None:
    """Go away in the middle of the answer."""
    with served.client() as client:
        request = client.stream("POST", "/v1/completions", json=body, timeout=0.4)
        with request as answer:
            if body.get("stream"):
                next(answer.iter_lines())
                raise httpx2.ReadTimeout("enough")
            answer.read()


def test_a_client_that_leaves_frees_its_slot(served: serving.Served) -> None:
    for body in (LONG, {**LONG, "stream": True}):
        for _ in range(3):
            with pytest.raises(httpx2.TimeoutException):
                leave(served, body)
        assert until(lambda: served.metric("t2sql_slots_busy") == 0, 10)


def test_too_many_at_once_are_told_to_come_back(served: serving.Served) -> None:
    statuses: list[int] = []

    def ask() -> None:
        with served.client() as client:
            statuses.append(client.post("/v1/completions", json={**LONG, "max_tokens": 60}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(statuses)) == [200, 503]
    assert statuses.count(200) >= 6
    assert until(lambda: served.metric("t2sql_slots_busy") == 0, 10)


def test_half_a_request_does_not_hold_the_others(served: serving.Served) -> None:
    host, port = served.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        slow.sendall(b"Content-Length: 1000\r\n\r\n{")
        with served.client() as client:
            assert (
                client.post("/v1/completions", json={"prompt": "1, 2,", "max_tokens": 2}).status_code == 200
            )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_is_finished_before_the_server_ends(demo_gguf: Path, number: int) -> None:
    with serving.server(demo_gguf) as server:
        found: list[Any] = []

        def ask() -> None:
            with server.client() as client:
                found.append(client.post("/v1/completions", json={**LONG, "max_tokens": 30}))

        thread = threading.Thread(target=ask)
        thread.start()
        assert until(lambda: server.metric("t2sql_slots_busy") == 1)
        code, err = server.stop(number)
        thread.join()
    assert found[0].status_code == 200 and found[0].json()["usage"]["completion_tokens"] == 30
    assert code == 0 and "1 answer may take 10 s more" in err


@pytest.mark.parametrize("stream", [False, True])
def test_what_waits_is_refused_when_the_server_ends(demo_gguf: Path, stream: bool) -> None:
    with serving.server(demo_gguf, "--slots", 1) as server:
        found: list[Any] = []

        def ask() -> None:
            body = {**LONG, "max_tokens": 60, "stream": stream}
            with server.client() as client, contextlib.suppress(httpx2.HTTPError):
                found.append(client.post("/v1/completions", json=body))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert until(lambda: server.metric("t2sql_requests_in_flight") == 5)
        code, _ = server.stop(signal.SIGTERM)
        for thread in threads:
            thread.join()
    refused = [answer for answer in found if answer.status_code == 503]
    assert code == 0 and len(refused) >= 3
    assert all(answer.json()["error"]["code"] == "ending" for answer in refused)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_cuts_off_what_runs(demo_gguf: Path, number: int) -> None:
    with serving.server(demo_gguf) as server:

        def ask() -> None:
            with server.client() as client, contextlib.suppress(httpx2.HTTPError):
                client.post("/v1/completions", json=LONG)

        thread = threading.Thread(target=ask)
        thread.start()
        assert until(lambda: server.metric("t2sql_slots_busy") == 1)
        server.process.send_signal(number)
        time.sleep(0.5)
        began = time.monotonic()
        code, err = server.stop(number)
        thread.join()
    assert code == 0 and err.count("\n") == 1
    assert time.monotonic() - began < 10


def test_the_token_is_asked_for(demo_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    with serving.server(demo_gguf, "--host", "0.0.0.0", "--token-file", tmp_path / "token") as server:
        port = server.address.rpartition(":")[2]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            body = {"prompt": "1, 2,", "max_tokens": 2}
            assert client.get("/health").status_code == 200
            for given in ({}, {"authorization": "Bearer no"}, {"authorization": f"Basic {TOKEN}"}):
                for path in ("/ask", "/v1/completions", "/metrics"):
                    assert client.post(path, json=body, headers=given).status_code == 401
            for scheme in ("Bearer ", "bearer ", "BEARER  "):
                good = {"authorization": scheme + TOKEN}
                assert client.get("/metrics", headers=good).status_code == 200
            assert client.post("/v1/completions", json=body, headers=good).status_code == 200


def test_others_are_not_served_without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("T2SQL_TOKEN", raising=False)
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(InputError, match="needs a token"):
            Settings(host=host, token=read_token(None))
    for host in ("localhost", "127.0.0.1", "::1"):
        assert Settings(host=host).local
    with pytest.raises(InputError, match="too weak"):
        Settings(host="0.0.0.0", token="short")
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path / "nowhere")


def test_mlx_serves_too(tiny_llama: Path) -> None:
    with serving.server(tiny_llama) as server, server.client() as client:
        body = {"prompt": "1, 2, 3,", "max_tokens": 6}
        whole = client.post("/v1/completions", json=body)
        assert whole.status_code == 200 and whole.json()["usage"]["completion_tokens"] > 0
        with client.stream("POST", "/v1/completions", json={**body, "stream": True}) as answer:
            assert [line for line in answer.iter_lines() if line][-1] == "data: [DONE]"
        assert server.stop()[0] == 0
