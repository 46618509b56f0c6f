"""Where a server listens, who may ask, and how much a request may use."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from t2sql.bounds import MAX_SLOTS, check_count, check_seconds
from t2sql.errors import InputError
from t2sql.live import Limits

TOKEN_VARIABLE = "T2SQL_TOKEN"
_MIN_TOKEN_CHARACTERS = 16
"""With 64 different characters that is 96 bits, more than anybody can guess over a network."""


@dataclass(frozen=True)
class Settings:
    """The settings of a server.

    Attributes:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        token: What clients have to send; None lets everybody on this machine ask.
        slots: Answers that are computed at once.
        max_requests: Requests that may wait or run at once.
        max_body: Bytes of a request's body, at most.
        max_tokens: Tokens of an answer, at most.
        request_seconds: How long a request may take.
        statement_seconds: How long a statement may run on the database.
        max_rows: Rows of a result, at most.
        shutdown_seconds: How long requests may go on when the server ends.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = None
    slots: int = 2
    max_requests: int = 64
    max_body: int = 64 * 1024
    max_tokens: int = 512
    request_seconds: float = 60.0
    statement_seconds: float = 5.0
    max_rows: int = 1000
    shutdown_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Check the number of slots, the times and the token.

        Raises:
            InputError: There are too many slots, a time is out of its range, others can reach the server and
                there is no token, or it is too weak.
        """
        check_seconds("request_timeout", self.request_seconds)
        check_seconds("timeout", self.statement_seconds)
        check_seconds("shutdown_seconds", self.shutdown_seconds)
        check_count("slots", self.slots, MAX_SLOTS)
        if self.token is None and not self.local:
            raise InputError(
                "a server that others can reach needs a token",
                where=self.host,
                expected=f"{TOKEN_VARIABLE} in the environment, or --token-file FILE",
            )
        if self.token is not None and (len(self.token) < _MIN_TOKEN_CHARACTERS or not self.token.isascii()):
            raise InputError(
                "the token is too weak", expected=f"{_MIN_TOKEN_CHARACTERS} ASCII characters or more"
            )

    def limits(self, max_rows: int | None) -> Limits:
        """How much a statement may use; `max_rows` is what a request asks for, None where it does not say."""
        return Limits(self.statement_seconds, min(max_rows or self.max_rows, self.max_rows))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_token(file: Path | None) -> str | None:
    """Read the token; it is never on the command line, which every user of the machine can read.

    Args:
        file: A file that holds it; None reads the environment variable `TOKEN_VARIABLE`.

    Returns:
        The token; None if there is none in the environment.

    Raises:
        InputError: The file cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the token's file cannot be read", where=file, found=error) from None
    if not token:
        raise InputError("the token's file is empty", where=file)
    return token
