"""The app in a browser on this machine, by textual-serve: a process of its own for every page."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from t2sql.errors import InputError, MissingPartError

HOST = "127.0.0.1"
_TOKEN_BYTES = 24
_HEADERS = {
    # No other page may show this one in a frame, and this one takes nothing from elsewhere. The page of
    # textual-serve has its scripts and styles in it.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' {websocket}; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

# aiohttp's Request, Response and Application: it comes with an extra and is imported late.
_Request: TypeAlias = Any
_Response: TypeAlias = Any
_Application: TypeAlias = Any


class Door:
    """Who may come in: a browser that was given the address with its token, and then has a cookie.

    Another user of this machine can reach the port, and so can any page that a browser here shows; neither
    has the token or the cookie.

    Attributes:
        token: What the address that is printed ends with.
    """

    def __init__(self, port: int) -> None:
        """Make new secrets.

        Args:
            port: The server's; browsers send a host's cookies to all of its ports.
        """
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.cookie_name, self._cookie = f"t2sql-{port}", secrets.token_urlsafe(_TOKEN_BYTES)
        self._host = f"{HOST}:{port}"

    def refusal(self, request: _Request) -> str | None:
        """Why a request is refused; None where it may pass or has the token.

        Any page can send requests to this machine, and can open a WebSocket: the header Origin names its
        site. Host names another machine where a foreign domain was pointed at this one (DNS rebinding).
        """
        origin = request.headers.get("Origin")
        if request.host != self._host or (origin is not None and origin != f"http://{self._host}"):
            return f"only pages of http://{self._host} are served"
        if request.path == "/ws" and origin is None:
            return "the request does not say which page it comes from"
        if not self.has_cookie(request) and not self.has_token(request):
            return "open the address that t2sql has printed, with its token"
        return None

    def has_token(self, request: _Request) -> bool:
        """Whether a request for the page has the token."""
        given = request.query.get("token", "")
        return request.path == "/" and hmac.compare_digest(given.encode(), self.token.encode())

    def has_cookie(self, request: _Request) -> bool:
        """Whether a request comes from a browser that was let in."""
        given = request.cookies.get(self.cookie_name, "")
        return hmac.compare_digest(given.encode(), self._cookie.encode())

    def let_in(self, response: _Response) -> None:
        """Give a browser the cookie, which it sends for this site's own pages only."""
        response.set_cookie(self.cookie_name, self._cookie, httponly=True, samesite="Strict", path="/")


def serve(root: Path, port: int) -> None:
    """Serve the app until Ctrl-C, to a browser of this machine that has the token.

    Args:
        root: The directory of runs.
        port: The port; 0 takes a free one. A line on stderr names the address, with the token.

    Raises:
        MissingPartError: The extra `browser` is not installed.
        InputError: The port cannot be listened on.
    """
    try:
        # An extra: t2sql-tui[browser].
        from aiohttp import web
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise MissingPartError(
            "the browser mode is not installed",
            found=f"no {error.name}",
            hint="Run: pip install 't2sql-tui[browser]'",
        ) from None

    port = _free_port(port)
    door = Door(port)
    headers = {name: value.format(websocket=f"ws://{HOST}:{port}") for name, value in _HEADERS.items()}

    @web.middleware
    async def check(request: _Request, handler: Callable[[_Request], Awaitable[_Response]]) -> _Response:
        refusal = door.refusal(request)
        if refusal is not None:
            raise web.HTTPForbidden(text=refusal)
        if "token" in request.query and request.path == "/":
            # Once in, the token leaves the address bar.
            rest = request.rel_url.without_query_params("token")
            response = web.HTTPSeeOther(location=str(rest))
            door.let_in(response)
            raise response
        return await handler(request)

    async def add_headers(request: _Request, response: _Response) -> None:
        response.headers.update(headers)

    class LocalServer(Server):
        async def _make_app(self) -> _Application:
            app = await super()._make_app()
            app.middlewares.append(check)
            app.on_response_prepare.append(add_headers)
            return app

        def initialize_logging(self) -> None:
            """Log nothing: requests have the token in them."""

        async def on_startup(self, app: _Application) -> None:
            # The port is opened after this: whoever reads the address may use it at once.
            self._announced = asyncio.create_task(self._announce())

        async def _announce(self) -> None:
            await _until_open(port)
            address = f"{self.public_url}/?token={door.token}"
            print(f"listening on {address} (Ctrl-C ends)", file=sys.stderr, flush=True)

    command = shlex.join([sys.executable, "-m", "t2sql", "tui", str(root)])
    LocalServer(command, host=HOST, port=port, title="t2sql").serve()


async def _until_open(port: int) -> None:
    """Return as soon as the port takes connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


def _free_port(port: int) -> int:
    """The port if it can be listened on, or any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise InputError("cannot listen there", where=f"--port {port}", found=error) from None
        return int(probe.getsockname()[1])
