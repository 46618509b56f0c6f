"""The application: its routes, and errors as answers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from t2sql.errors import T2sqlError
from t2sql.generate import AskOptions
from t2sql.live import LiveDatabase
from t2sql.plain import Json, plain
from t2sql.serve.asking import ask_live
from t2sql.serve.bodies import AskBody
from t2sql.serve.chats import chat
from t2sql.serve.completions import complete
from t2sql.serve.errors import Refusal, refusal_of
from t2sql.serve.guards import Guards
from t2sql.serve.metrics import CONTENT_TYPE
from t2sql.serve.openapi import openapi_document
from t2sql.serve.page_files import PAGE
from t2sql.serve.requests import read
from t2sql.serve.settings import Settings
from t2sql.serve.work import Workers

_ASK = "/ask"
_COMPLETIONS = ("/v1/completions", "/completions")
_CHATS = ("/v1/chat/completions", "/chat/completions")
_MODELS = ("/v1/models", "/models")
_ROUTES = frozenset({_ASK, *_COMPLETIONS, *_CHATS, *_MODELS, "/health", "/metrics", "/openapi.json"})
"""OpenAI's clients add the part behind /v1 to the address that they are given, with or without /v1 in it."""


def create_app(workers: Workers, database: LiveDatabase | None, settings: Settings) -> Starlette:
    """Make the ASGI application.

    Args:
        workers: The model; closed when the application ends.
        database: The database, closed as well; None leaves out `/ask`.
        settings: Who may ask, and the limits.

    Returns:
        The application.
    """
    model: dict[str, Json] = {
        "id": workers.backend.model,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "t2sql",
        # Of our own: how the model has to be asked.
        "prompt_format": workers.backend.prompt_format,
    }
    described = openapi_document(settings, workers.backend.model)

    async def ask(request: Request) -> Response:
        if database is None:
            raise Refusal(404, "this server has no database; start it with --db", "no_database")
        body = await read(request, AskBody, settings)
        options = AskOptions(
            body.tokens(settings), body.temperature, body.random_seed(), beam=body.beam or AskOptions.beam
        )
        limits = settings.limits(body.max_rows) if body.execute else None
        answers = await workers.answers(
            request,
            [lambda cancelled: ask_live(workers, database, body.question, options, limits, cancelled)],
            settings.request_seconds,
        )
        return JSONResponse(plain(answers[0].to_json()))

    async def completions(request: Request) -> Response:
        return await complete(request, workers, settings)

    async def chats(request: Request) -> Response:
        return await chat(request, workers, database, settings)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [model]})

    async def one_model(request: Request) -> Response:
        if request.path_params["name"] != model["id"]:
            raise Refusal(404, f"this server's model is {model['id']}", "model_not_found", param="model")
        return JSONResponse(model)

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(request: Request) -> Response:
        return Response(workers.metrics.text(), media_type=CONTENT_TYPE)

    async def openapi(request: Request) -> Response:
        return JSONResponse(described)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            workers.close()
            if database is not None:
                database.close()

    app = Starlette(
        routes=[
            _route("POST", ask, _ASK),
            *(_route("POST", completions, path) for path in _COMPLETIONS),
            *(_route("POST", chats, path) for path in _CHATS),
            *(_route("GET", models, path) for path in _MODELS),
            *(_route("GET", one_model, path + "/{name:path}") for path in _MODELS),
            _route("GET", health, "/health"),
            _route("GET", metrics, "/metrics"),
            _route("GET", openapi, "/openapi.json"),
            *(_route("GET", file.answer, path) for path, file in PAGE.items()),
        ],
        middleware=[
            Middleware(
                Guards,
                settings=settings,
                metrics=workers.metrics,
                routes=_ROUTES | PAGE.keys(),
                free=frozenset({"/health", *PAGE}),
            )
        ],
        exception_handlers={
            HTTPException: _http_error,
            Refusal: _known_error,
            T2sqlError: _known_error,
            ClientDisconnect: _client_left,
            Exception: _known_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _route(method: str, endpoint: Callable[[Request], Awaitable[Response]], path: str) -> Route:
    """A route that answers OPTIONS with its methods, and HEAD where it has GET."""
    allowed = ", ".join([method, *(["HEAD"] if method == "GET" else []), "OPTIONS"])

    async def handle(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": allowed})
        return await endpoint(request)

    return Route(path, handle, methods=[method, "OPTIONS"])


async def _http_error(request: Request, error: Any) -> Response:
    """Starlette's own: a path or a method that there is not."""
    if error.status_code == 404:
        routes = ", ".join(sorted(_ROUTES - {"/completions", "/chat/completions", "/models"}))
        return Refusal(
            404, f"there is no {request.url.path} here; there are {routes}", "not_found"
        ).response()
    response = Refusal(error.status_code, f"{request.method} does not go with this path", "method").response()
    response.headers.update(error.headers or {})
    return response


async def _known_error(request: Request, error: Any) -> Response:
    return refusal_of(error).response()


async def _client_left(request: Request, error: Any) -> Response:
    return Response(status_code=499)
