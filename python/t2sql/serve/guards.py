"""What every request passes first: it is counted, its token is checked, and too many are refused."""

from __future__ import annotations

import hmac
import time

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t2sql.serve.metrics import Metrics
from t2sql.serve.settings import Settings

_ROUTES = ("/ask", "/v1/completions", "/health", "/metrics")
_UNLIMITED = ("/health", "/metrics")
_CLIENT_LEFT = 499
"""nginx's status for a client that left before there was an answer."""


def failure(status: int, message: str, kind: str, **headers: str) -> JSONResponse:
    """A response with an error as OpenAI's clients read it.

    Args:
        status: The HTTP status.
        message: What went wrong, in words.
        kind: One word for programs.
        **headers: More headers of the response.
    """
    return JSONResponse({"error": {"message": message, "type": kind}}, status, headers)


class Guards:
    """ASGI middleware: counts requests, checks the token (not for /health), limits requests in flight."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        """Wrap an application.

        Args:
            app: Gets the requests that pass.
            settings: The token and the limit.
            metrics: Counts the requests.
        """
        self._app, self._settings, self._metrics = app, settings, metrics
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in _ROUTES else "other"
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
            await (refusal or self._app)(scope, receive, counted)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.set(self._in_flight)
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        if scope["path"] != "/health" and not self._has_token(scope):
            return failure(401, "the token is missing or wrong", "token", **{"www-authenticate": "Bearer"})
        if scope["path"] not in _UNLIMITED and self._in_flight > self._settings.max_requests:
            return failure(503, "too many requests at once", "busy", **{"retry-after": "1"})
        return None

    def _has_token(self, scope: Scope) -> bool:
        token = self._settings.token
        if token is None:
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, b"Bearer " + token.encode())
