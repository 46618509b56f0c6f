"""What every request passes first: it is counted, and its headers, its host and its token are checked."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t2sql.serve.errors import Refusal, server_ends
from t2sql.serve.metrics import Metrics
from t2sql.serve.settings import Settings

MAX_HEADER_BYTES = 32 * 1024
"""Bytes of a request's line and headers, at most."""
_MAX_HEADERS = 100
_MAX_PATH = 2048
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_CLIENT_LEFT = 499
"""nginx's status for a client that left before there was an answer."""


class Guards:
    """ASGI middleware: counts requests and checks what they have beside their bodies.

    A path may have slashes at its end or twice, as clients make them of an address that ends in one.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        routes: frozenset[str],
        free: frozenset[str] = frozenset(),
    ) -> None:
        """Wrap an application.

        Args:
            app: Gets the requests that pass.
            settings: The token.
            metrics: Counts the requests.
            routes: The paths that are counted by their own names.
            free: The paths that need no token.
        """
        self._app, self._settings, self._metrics, self._routes = app, settings, metrics, routes
        self._free = free
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = re.sub("/+", "/", scope["path"])
        scope["path"] = path if path == "/" else path.removesuffix("/")
        route = scope["path"] if scope["path"] in self._routes else "other"
        status = _CLIENT_LEFT

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        try:
            refusal = self._refusal(scope)
            await (self._app if refusal is None else refusal.response())(scope, receive, counted)
        except asyncio.CancelledError:
            # The server ends, and the time for what runs is over.
            if status == _CLIENT_LEFT:
                await server_ends().response()(scope, receive, counted)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.set(self._in_flight)
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        names = [name for name, _ in headers]
        if (
            len(headers) > _MAX_HEADERS
            or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES
        ):
            return Refusal(431, "the headers are too large", "headers")
        if len(scope["raw_path"]) + len(scope["query_string"]) > _MAX_PATH:
            return Refusal(414, "the path is too long", "path")
        if b"content-length" in names and b"transfer-encoding" in names:
            # A proxy in front that goes by the other one would see other requests than we do.
            return Refusal(
                400,
                "the headers Content-Length and Transfer-Encoding exclude each other",
                "headers",
                close=True,
            )
        if self._settings.local and self._settings.token is None and not _is_local(_header(headers, b"host")):
            # A page of another site can reach this machine by DNS rebinding; it then sends its own name.
            return Refusal(400, "the header Host names another machine", "host")
        if scope["path"] not in self._free and not self._has_token(headers):
            return Refusal(401, "the token is missing or wrong; send Authorization: Bearer TOKEN", "token")
        return None

    def _has_token(self, headers: list[tuple[bytes, bytes]]) -> bool:
        if self._settings.token is None:
            return True
        scheme, _, token = _header(headers, b"authorization").strip().partition(b" ")
        right = hmac.compare_digest(token.strip(), self._settings.token.encode())
        return right and scheme.lower() == b"bearer"


def _header(headers: list[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")


def _is_local(host: bytes) -> bool:
    try:
        return urlsplit(f"//{host.decode('ascii')}").hostname in _LOCAL_HOSTS
    except ValueError:
        return False
