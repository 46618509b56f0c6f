"""The application: its routes, and errors as answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from t2sql.errors import ContextError, InputError, T2sqlError
from t2sql.generate import Asker, AskOptions, Cancelled
from t2sql.live import Limits, LiveAnswer, LiveDatabase, ask_database
from t2sql.plain import plain
from t2sql.serve.completions import complete
from t2sql.serve.guards import Guards, failure
from t2sql.serve.metrics import CONTENT_TYPE
from t2sql.serve.requests import AskBody, read
from t2sql.serve.settings import Settings
from t2sql.serve.work import TimedOut, Workers

_LOCAL_HOSTS = ["localhost", "127.0.0.1", "::1", "[::1]"]


def create_app(workers: Workers, database: LiveDatabase | None, settings: Settings) -> Starlette:
    """Make the ASGI application.

    Args:
        workers: The model; closed when the application ends.
        database: The database, closed as well; None leaves out `/ask`.
        settings: Who may ask, and the limits.

    Returns:
        The application.
    """

    async def ask(request: Request) -> Response:
        if database is None:
            return failure(404, "this server has no database; start it with --db", "no_database")
        body = await read(request, AskBody, settings)
        answer = await workers.answer(
            request,
            lambda cancelled: _ask(workers, database, body, settings, cancelled),
            settings.request_seconds,
        )
        return JSONResponse(plain(answer.to_json()))

    async def completions(request: Request) -> Response:
        return await complete(request, workers, settings)

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(request: Request) -> Response:
        return Response(workers.metrics.text(), media_type=CONTENT_TYPE)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            workers.close()
            if database is not None:
                database.close()

    middleware = [Middleware(Guards, settings=settings, metrics=workers.metrics)]
    if settings.local and settings.token is None:
        # A page of another site can reach this machine by DNS rebinding; it then sends its own name as host.
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=_LOCAL_HOSTS, www_redirect=False))
    return Starlette(
        routes=[
            Route("/ask", ask, methods=["POST"]),
            Route("/v1/completions", completions, methods=["POST"]),
            Route("/health", health),
            Route("/metrics", metrics),
        ],
        middleware=middleware,
        exception_handlers={
            HTTPException: _http_error,
            T2sqlError: _known_error,
            ClientDisconnect: _client_left,
            Exception: _unknown_error,
        },
        lifespan=lifespan,
    )


def _ask(
    workers: Workers, database: LiveDatabase, body: AskBody, settings: Settings, cancelled: Cancelled
) -> LiveAnswer:
    asker = Asker(
        workers.backend,
        AskOptions(max_tokens=body.max_tokens, temperature=body.temperature, seed=body.seed),
        cancelled=cancelled,
        on_generation=workers.metrics.count,
    )
    max_rows = min(body.max_rows or settings.max_rows, settings.max_rows)
    limits = Limits(settings.statement_seconds, max_rows)
    return ask_database(asker, database, body.question, execute=body.execute, limits=limits)


async def _http_error(request: Request, error: Any) -> Response:
    kinds = {401: "token", 404: "not_found", 405: "method", 408: "slow", 413: "too_large", 415: "type"}
    return failure(error.status_code, error.detail, kinds.get(error.status_code, "request"))


async def _known_error(request: Request, error: Any) -> Response:
    if isinstance(error, TimedOut):
        return failure(504, str(error), "timeout")
    if isinstance(error, ContextError):
        return failure(400, str(error), "context")
    return failure(400 if isinstance(error, InputError) else 503, str(error), "failed")


async def _client_left(request: Request, error: Any) -> Response:
    return failure(499, "the client left", "left")


async def _unknown_error(request: Request, error: Any) -> Response:
    return failure(500, "an unexpected error; the server's log has it", "unexpected")
