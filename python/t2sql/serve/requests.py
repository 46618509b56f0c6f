"""The bodies of requests: read within a limit, and checked."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request

from t2sql.live import MAX_QUESTION_CHARACTERS
from t2sql.serve.settings import Settings

_BODY_SECONDS = 10.0
"""How long a client may take to send a body, so that slow ones do not hold connections."""


class AskBody(BaseModel):
    """The body of `POST /ask`; a field that is not one of these is an error."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    execute: bool = False
    max_tokens: int = Field(128, ge=1)
    temperature: float = Field(0.0, ge=0, le=10)
    seed: int = Field(0, ge=0, lt=2**32)
    max_rows: int | None = Field(None, ge=1)


class CompletionBody(BaseModel):
    """The body of `POST /v1/completions`; other fields of OpenAI's clients are ignored."""

    model_config = ConfigDict(extra="ignore")
    prompt: str = Field(min_length=1)
    max_tokens: int = Field(128, ge=1)
    temperature: float = Field(0.0, ge=0, le=10)
    seed: int = Field(0, ge=0, lt=2**32)
    stream: bool = False
    n: int = Field(1, ge=1, le=1)


Body = TypeVar("Body", AskBody, CompletionBody)


async def read(request: Request, kind: type[Body], settings: Settings) -> Body:
    """Read a request's body.

    Args:
        request: The request.
        kind: What its body has to be.
        settings: The limits of its size and of `max_tokens`.

    Returns:
        The checked body.

    Raises:
        HTTPException: It is too large, comes too slowly, is no JSON, or is not of that kind.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        # A web page may send other types to any server without asking it first.
        raise HTTPException(415, "expected content-type: application/json")
    raw = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > settings.max_body:
                    raise HTTPException(413, f"the body is larger than {settings.max_body} bytes")
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive in {_BODY_SECONDS:g} s") from None
    try:
        body = kind.model_validate_json(raw)
    except ValidationError as error:
        raise HTTPException(400, _words(error.errors()[0])) from None
    if body.max_tokens > settings.max_tokens:
        raise HTTPException(400, f"max_tokens is {body.max_tokens}, at most {settings.max_tokens} are given")
    return body


def _words(problem: ErrorDetails) -> str:
    where = ".".join(map(str, problem["loc"])) or "the body"
    return f"{where}: {problem['msg']}"
