"""The bodies of requests: read within a limit, and checked."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from starlette.requests import Request

from t2sql.live import MAX_QUESTION_CHARACTERS
from t2sql.serve.errors import Refusal
from t2sql.serve.settings import Settings

BODY_SECONDS = 10.0
"""How long a client may take to send a body, so that slow ones do not hold connections."""
DEFAULT_TOKENS = 128
_BOM = b"\xef\xbb\xbf"
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field that this server knows",
    "string_too_short": "is empty",
    "json_invalid": "is not JSON",
    "model_type": "is not a JSON object",
    "recursion_loop": "is nested too deeply",
}


class Body(BaseModel):
    """A body in which null means "not given", as OpenAI's clients write it."""

    model_config = ConfigDict(extra="forbid")
    max_tokens: int = Field(DEFAULT_TOKENS, ge=-1)
    temperature: float = Field(0.0, ge=0, le=10)
    seed: int = Field(0, ge=-(2**63), lt=2**63)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data

    def tokens(self, settings: Settings) -> int:
        """Tokens of the answer; -1 is as many as the server gives, as for llama.cpp's server.

        Raises:
            Refusal: It is more than that, or 0.
        """
        if self.max_tokens == -1:
            return settings.max_tokens
        if not 1 <= self.max_tokens <= settings.max_tokens:
            words = f"max_tokens is {self.max_tokens}; this server gives 1 to {settings.max_tokens}"
            raise Refusal(400, words, param="max_tokens")
        return self.max_tokens

    def random_seed(self, sample: int = 0) -> int:
        """The seed of one of several samples, in the runtimes' range (2**32 - 1 is llama.cpp's "any")."""
        return (self.seed + sample) % (2**32 - 1)


class AskBody(Body):
    """The body of `POST /ask`; a field that is not one of these is an error."""

    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)
    execute: bool = False
    max_rows: int | None = Field(None, ge=1)


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
