"""What a server allows: where it listens, who may ask, and how much of everything."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError

TOKEN_VARIABLE = "T2SQL_TOKEN"
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Settings:
    """Sizes in bytes, times in seconds. `max_requests` counts those that wait and those that run."""

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
        if self.token is None and not self.local:
            raise InputError(
                "a server that others can reach needs a token",
                where=self.host,
                expected=f"{TOKEN_VARIABLE} in the environment, or --token-file FILE",
            )
        if self.token is not None and (len(self.token) < _SHORTEST_TOKEN or not self.token.isascii()):
            raise InputError("the token is too weak", expected=f"{_SHORTEST_TOKEN} ASCII characters or more")

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
    """The token from a file, or from the environment; never from the command line, which all can read."""
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the token's file cannot be read", where=file, found=error) from None
    if not token:
        raise InputError("the token's file is empty", where=file)
    return token
