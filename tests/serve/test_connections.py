"""Clients that hold connections, or send what two readers read differently."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import serving
from support.serving import Served

from t2sql.serve.connections import HEADER_SECONDS, KEEP_ALIVE_SECONDS
from t2sql.serve.requests import BODY_SECONDS

HALF_HEADER = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nX: "
HALF_BODY = (
    b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


def connect(served: Served, first: bytes) -> socket.socket:
    host, port = served.address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.sendall(first)
    return connection


def reply(served: Served, request: bytes) -> bytes:
    with connect(served, request) as connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture(scope="module")
def small(tiny_llama: Path, gguf_of: Callable[..., Path]) -> Iterator[Served]:
    """A server that the system gives 200 descriptors."""
    model = gguf_of(tiny_llama, "f32")
    with serving.server(model, "--max-requests", 6, descriptors=200) as server:
        yield server


@pytest.mark.parametrize("first", [HALF_HEADER, HALF_BODY, b""], ids=["headers", "bodies", "silence"])
def test_a_client_is_served_whatever_others_hold(small: Served, first: bytes) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(300):
            held.enter_context(connect(small, first))
        with small.client() as client:
            body = {"prompt": "1, 2,", "max_tokens": 1}
            assert client.post("/v1/completions", json=body).status_code == 200


@pytest.mark.parametrize(
    ("first", "seconds", "said"),
    [
        (HALF_HEADER, HEADER_SECONDS, b" 408 "),
        (HALF_BODY, BODY_SECONDS, b" 408 "),
        (b"", KEEP_ALIVE_SECONDS, b""),
        (
            b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
            KEEP_ALIVE_SECONDS,
            b" 404 ",
        ),
    ],
    ids=["header", "body", "silence", "body of a refused request"],
)
def test_what_does_not_come_in_time_is_not_waited_for(
    tiny_served: Served, first: bytes, seconds: float, said: bytes
) -> None:
    began = time.monotonic()
    assert said in reply(tiny_served, first)
    assert seconds - 2 < time.monotonic() - began < seconds + 30


def test_headers_that_come_byte_by_byte_do_not_go_on(tiny_served: Served) -> None:
    with connect(tiny_served, HALF_HEADER) as connection, pytest.raises(OSError):
        for _ in range(round(HEADER_SECONDS) * 5):
            connection.sendall(b"a")
            time.sleep(0.5)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        (b"Content-Length: 5\r\nContent-Length: 6", 400),
        (b"Transfer-Encoding: gzip, chunked", 400),
        (b"Content-Length: -1", 400),
        (b"X: " + b"a" * 40_000, 431),
        (b"\r\n".join(b"X%d: a" % index for index in range(200)), 431),
        (b"Bad Header: a", 400),
        (b"Host: other", 400),
    ],
)
def test_headers_that_are_wrong_or_too_large_are_refused(
    tiny_served: Served, lines: bytes, status: int
) -> None:
    head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    answer = reply(tiny_served, head + lines + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b'{"error":' in answer


def test_a_path_that_is_too_long_is_refused(tiny_served: Served) -> None:
    with tiny_served.client() as client:
        assert client.get("/" + "a" * 3000).status_code == 414


def test_what_is_no_http_is_answered_and_not_logged(tiny_llama: Path, gguf_of: Callable[..., Path]) -> None:
    with serving.server(gguf_of(tiny_llama, "f32")) as server:
        assert b" 400 " in reply(server, b"GARBAGE\r\n\r\n")
        assert b" 400 " in reply(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert server.stop() == (0, "")
