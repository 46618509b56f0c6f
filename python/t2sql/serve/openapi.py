"""`GET /openapi.json`: the served routes, what they take and answer, and who may ask, as OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import t2sql
from t2sql.plain import Json
from t2sql.serve.answer_documents import Chat, Completion, DatabaseAnswer, ErrorAnswer, Health, Model, Models
from t2sql.serve.bodies import AskBody, Body
from t2sql.serve.body_schemas import JsonSchema, body_schema, example_body
from t2sql.serve.chat_body import ChatBody
from t2sql.serve.completion_body import CompletionBody
from t2sql.serve.metrics import CONTENT_TYPE
from t2sql.serve.settings import Settings

_ERRORS = {
    400: "The request is wrong, or too long for the model's context.",
    401: "The token is missing or wrong.",
    404: "There is no such thing here.",
    408: "The request came too slowly.",
    413: "The body is too large.",
    414: "The path is too long.",
    415: "The body is not declared as JSON.",
    431: "The headers are too large.",
    500: "An unexpected error; the server's log has it.",
    503: "Too many requests, the database is away, or the server ends; Retry-After says when to come back.",
    504: "It took too long.",
}
_EVERYWHERE = (400, 401, 408, 414, 431, 500, 503)
"""Errors of all routes."""
_MODEL_ERRORS = (404, 413, 415, 504)
"""Errors of the routes that have a body."""


@dataclass(frozen=True)
class _Operation:
    """A method of a path.

    Attributes:
        name: Its name for generated clients.
        summary: What it does.
        answer: The document that it answers; None for text.
        body: What it takes; None for nothing.
        errors: Its errors beside those of all routes.
        streams: Whether it may answer with events.
        parameter: The parameter in the path, the model's name.
        open: Whether it needs no token.
    """

    name: str
    summary: str
    answer: type[BaseModel] | None
    body: type[Body] | None = None
    errors: tuple[int, ...] = ()
    streams: bool = False
    parameter: str | None = None
    open: bool = False


_EVENT: JsonSchema = {
    "description": "An event; its data is a JSON object as in OpenAI's streams, that of the last is [DONE].",
    "type": "object",
    "properties": {"data": {"type": "string"}},
    "required": ["data"],
}

_CHAT = _Operation(
    "chat", "Answer a question as OpenAI's chats do.", Chat, ChatBody, _MODEL_ERRORS, streams=True
)
_COMPLETION = _Operation(
    "complete",
    "Complete raw prompts as OpenAI's completions do.",
    Completion,
    CompletionBody,
    _MODEL_ERRORS,
    streams=True,
)
_MODELS = _Operation("listModels", "List the one served model.", Models)
_MODEL = _Operation("getModel", "Describe the served model.", Model, errors=(404,), parameter="name")

_PATHS: Mapping[str, tuple[str, _Operation]] = {
    "/ask": (
        "post",
        _Operation(
            "ask",
            "Answer a question over the database, with its rows if they are asked for.",
            DatabaseAnswer,
            AskBody,
            _MODEL_ERRORS,
        ),
    ),
    "/v1/chat/completions": ("post", _CHAT),
    "/v1/completions": ("post", _COMPLETION),
    "/v1/models": ("get", _MODELS),
    "/v1/models/{name}": ("get", _MODEL),
    "/health": ("get", _Operation("health", "Say that the server answers.", Health, open=True)),
    "/metrics": ("get", _Operation("metrics", "Count requests and tokens, for Prometheus.", None)),
}
"""The described paths. Those of OpenAI are also served without /v1, which clients add or leave out."""


def openapi_document(settings: Settings, model: str) -> dict[str, Json]:
    """The document of a server.

    Args:
        settings: Its limits, and whether it has a token.
        model: The served model's name.
    """
    answers = {operation.answer for _, operation in _PATHS.values() if operation.answer is not None}
    described: list[type[BaseModel]] = sorted((*answers, ErrorAnswer), key=lambda kind: kind.__name__)
    _, definitions = models_json_schema(
        [(kind, "validation") for kind in described], ref_template="#/components/schemas/{model}"
    )
    bodies = {kind.__name__: body_schema(kind, settings) for kind in (AskBody, ChatBody, CompletionBody)}
    components: dict[str, Any] = {
        "schemas": definitions["$defs"] | bodies,
        "responses": {str(status): _error(status) for status in _ERRORS},
    }
    if settings.token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "t2sql",
            "version": t2sql.__version__,
            "description": "Questions in words, answered with SQL by a model, and with a database's rows.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            path: {method: _operation(operation, settings, model)}
            for path, (method, operation) in _PATHS.items()
        },
        "components": components,
    }


def _operation(operation: _Operation, settings: Settings, model: str) -> JsonSchema:
    errors = sorted((*_EVERYWHERE, *operation.errors))
    refused = () if settings.token is not None and not operation.open else (401,)
    document: JsonSchema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {"200": _success(operation)}
        | {
            str(status): {"$ref": f"#/components/responses/{status}"}
            for status in errors
            if status not in refused
        },
    }
    if operation.body is not None:
        content = {"schema": _reference(operation.body), "example": example_body(operation.body)}
        document["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.parameter is not None:
        document["parameters"] = [
            {"name": operation.parameter, "in": "path", "required": True, "schema": {"enum": [model]}}
        ]
    if settings.token is not None and not operation.open:
        document["security"] = [{"token": []}]
    return document


def _success(operation: _Operation) -> JsonSchema:
    if operation.answer is None:
        return {"description": "Done.", "content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}
    content: JsonSchema = {"application/json": {"schema": _reference(operation.answer)}}
    if operation.streams:
        content["text/event-stream"] = {"schema": _EVENT}
    return {"description": "Done.", "content": content}


def _error(status: int) -> JsonSchema:
    content = {"application/json": {"schema": _reference(ErrorAnswer)}}
    document: JsonSchema = {"description": _ERRORS[status], "content": content}
    if status == 503:
        document["headers"] = {"Retry-After": {"schema": {"type": "string"}, "required": False}}
    return document


def _reference(kind: type[BaseModel]) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
