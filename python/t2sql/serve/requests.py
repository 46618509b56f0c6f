"""The bodies of requests, read within limits."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from t2sql.serve.bodies import Body
from t2sql.serve.errors import Refusal
from t2sql.serve.settings import Settings

BODY_SECONDS = 10.0
"""How long a client may take to send a body, so that slow ones do not hold connections."""
_BOM = b"\xef\xbb\xbf"
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field that this server knows",
    "string_too_short": "is empty",
    "json_invalid": "is not JSON",
    "model_type": "is not a JSON object",
    "recursion_loop": "is nested too deeply",
}


AnyBody = TypeVar("AnyBody", bound=Body)


async def read(request: Request, kind: type[AnyBody], settings: Settings) -> AnyBody:
    """Read a request's body.

    Args:
        request: The request.
        kind: What its body has to be.
        settings: The limit of its size.

    Returns:
        The checked body.

    Raises:
        Refusal: It is too large, comes too slowly, is no JSON, or is not of that kind.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A web page may send other types to any server without asking it first.
        raise Refusal(415, "expected the header content-type: application/json", "type")
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > settings.max_body:
                    raise Refusal(
                        413, f"the body is larger than {settings.max_body} bytes", "too_large", close=True
                    )
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive in {BODY_SECONDS:g} s", "slow", close=True) from None
    try:
        return kind.model_validate_json(bytes(raw).removeprefix(_BOM))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise Refusal(400, _words(problem), param=_field(problem)) from None


def _field(problem: ErrorDetails) -> str | None:
    if problem["type"] == "value_error" and not problem["loc"]:
        # Of checks over several fields: their messages begin with the name of one.
        return str(problem.get("ctx", {}).get("error", "")).partition(" ")[0] or None
    return ".".join(map(str, problem["loc"])) or None


def _words(problem: ErrorDetails) -> str:
    where = _field(problem)
    words = _WORDS.get(problem["type"])
    if words:
        detail = problem.get("ctx", {}).get("error", "") if problem["type"] == "json_invalid" else ""
        return f"{where or 'the body'} {words}" + (f": {detail}" if detail else "")
    if problem["type"] == "value_error":
        return str(problem.get("ctx", {}).get("error", problem["msg"]))
    message = problem["msg"].replace("Input should be", "should be")
    return f"{where or 'the body'} {message[:1].lower()}{message[1:]}"
