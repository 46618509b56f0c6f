"""Errors as OpenAI's clients read them, without what is only the server's business."""

from __future__ import annotations

import logging

from starlette.responses import JSONResponse

from t2sql.errors import ContextError, InputError, T2sqlError, WorkError
from t2sql.plain import Json

_LOG = logging.getLogger("uvicorn.error")
_RETRY_SECONDS = "1"


class Refusal(Exception):
    """A request that is refused; `app` makes it a response.

    Attributes:
        status: The HTTP status.
        message: Why, in words.
        code: One word for programs.
        param: The field of the body that is wrong; None where it is not one of them.
        close: Whether the connection is closed, since it is not clear where the next request begins.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "request",
        *,
        param: str | None = None,
        close: bool = False,
    ) -> None:
        """Make one from its attributes."""
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.param, self.close = param, close

    def response(self) -> JSONResponse:
        """The response."""
        headers = {"retry-after": _RETRY_SECONDS} if self.status in (429, 503) else {}
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        if self.close:
            headers["connection"] = "close"
        return JSONResponse(self.document(), self.status, headers)

    def document(self) -> dict[str, Json]:
        """The response's body, which is also the event that ends a stream."""
        return {
            "error": {
                "message": self.message,
                "type": _type(self.status),
                "param": self.param,
                "code": self.code,
            }
        }


class TimedOut(WorkError):
    """A request took longer than the server allows."""

    def __init__(self, seconds: float) -> None:
        """Make one.

        Args:
            seconds: How long a request may take.
        """
        super().__init__("the request took too long", expected=f"at most {seconds:g} s")


class Busy(WorkError):
    """As many requests as the server allows wait or run."""


def server_ends() -> Refusal:
    """The refusal of a request that the server will not come to."""
    return Refusal(503, "the server ends", "ending")


def refusal_of(error: Exception) -> Refusal:
    """What a client may know of a failure.

    Where something lies on the server (the model's path, the database's address) is left out, and so are a
    database's or a runtime's words about its own failure: the log has them.
    """
    if isinstance(error, Refusal):
        return error
    if not isinstance(error, T2sqlError):
        _LOG.error("unexpected error", exc_info=error)
        return Refusal(500, "an unexpected error; the server's log has it", "unexpected")
    if isinstance(error, TimedOut):
        return Refusal(504, str(error), "timeout")
    if isinstance(error, Busy):
        return Refusal(503, str(error), "busy")
    if isinstance(error, InputError):
        public = InputError(error.what, expected=error.expected, found=error.found, hint=error.hint)
        return Refusal(400, str(public), "context" if isinstance(error, ContextError) else "failed")
    _LOG.error("%s", error)
    return Refusal(503, f"{error.what}; the server's log has more", "failed")


def _type(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status in (408, 504):
        return "timeout_error"
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
