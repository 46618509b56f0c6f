"""Connections: how many there are, and how long one may take to send a request or to read its answer."""

from __future__ import annotations

import resource
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from t2sql.serve.errors import Refusal
from t2sql.serve.requests import BODY_SECONDS

MAX_CONNECTIONS = 512
"""Open connections, at most; fewer where the system gives few descriptors."""
HEADER_SECONDS = 10.0
"""How long a client may take to send a request's line and headers."""
KEEP_ALIVE_SECONDS = 15.0
"""How long a connection may be silent between requests, or before the first."""
_READ_SECONDS = 30.0
"""How long a client may take to read the end of an answer."""
_DESCRIPTORS = 4096
_OWN_DESCRIPTORS = 128
"""What the model, the database and connections that are about to be refused use, at most."""


def allow_connections() -> int:
    """Raise this process's limit of descriptors as far as it helps.

    Returns:
        How many connections the server may hold.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = _DESCRIPTORS if hard == unlimited else min(_DESCRIPTORS, hard)
    if soft != unlimited and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft == unlimited:
        return MAX_CONNECTIONS
    return max(8, min(MAX_CONNECTIONS, soft - _OWN_DESCRIPTORS, soft // 2))


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with bounds. They hold before a token is looked at.

    Beyond `max_connections` the connection that has waited longest for a request, or for the rest of one, is
    closed for the new one; a client that sends whole requests at once is served whatever others hold open.

    Attributes:
        max_connections: Connections that may be open at once.
        request_seconds: How long a request may take from its headers to the end of its answer.
    """

    max_connections = MAX_CONNECTIONS
    request_seconds = 60.0 + BODY_SECONDS

    def __init__(self, *args: Any, **options: Any) -> None:
        """Make the protocol of one connection, as uvicorn does."""
        super().__init__(*args, **options)
        self._since = self.loop.time()
        self._begun = False
        self._latest: object = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, in place of another if there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        others = [one for one in self.connections if isinstance(one, BoundedProtocol)]
        still_open = [one for one in others if not one.transport.is_closing()]
        if len(still_open) > self.max_connections:
            # This one waits as well, so there is always one to close.
            min((one for one in still_open if one._is_waiting), key=lambda one: one._since)._make_room()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a new request begin its time."""
        if self._is_idle and not self._begun:
            self._begun, self._since = True, self.loop.time()
        super().data_received(data)

    def handle_events(self) -> None:
        """Note when a request has all of its headers, as uvicorn handles it."""
        super().handle_events()
        if self.cycle is not self._latest:
            self._latest, self._since, self._begun = self.cycle, self.loop.time(), False

    def on_response_complete(self) -> None:
        """Note when an answer is written."""
        self._since, self._begun = self.loop.time(), False
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the form of the other errors."""
        self._refuse(Refusal(400, "this is no valid HTTP request", "http", close=True))
        self.transport.close()

    def sweep(self) -> None:
        """Close the connection if a time is over. To be called about once a second."""
        waited = self.loop.time() - self._since
        if not self._is_idle:
            if waited > self.request_seconds:
                self.transport.abort()
        elif self.transport.get_write_buffer_size():
            if waited > _READ_SECONDS:
                self.transport.abort()
        elif waited > (HEADER_SECONDS if self._begun else KEEP_ALIVE_SECONDS):
            if self._begun:
                self._refuse(Refusal(408, f"no request within {HEADER_SECONDS:g} s", "slow", close=True))
            self.transport.close()

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_waiting(self) -> bool:
        """Whether the client has to send something before anything can be done for it."""
        return self._is_idle or (self.cycle.more_body and not self.cycle.response_started)

    def _make_room(self) -> None:
        self._refuse(Refusal(503, "too many connections", "busy", close=True))
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        """Write an error, unless an answer has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE) or self.transport.is_closing():
            return
        response = refusal.response()
        reason = HTTPStatus(refusal.status).phrase.encode()
        head = h11.Response(status_code=refusal.status, headers=response.raw_headers, reason=reason)
        parts = (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage())
        self.transport.write(b"".join(self.conn.send(part) or b"" for part in parts))
