"""The app in a browser on this machine, by textual-serve: a process of its own for every page."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from t2sql.errors import InputError, MissingPartError

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")

# aiohttp's Request, Response and Application: it comes with an extra and is imported late.
_Request: TypeAlias = Any
_Response: TypeAlias = Any
_Application: TypeAlias = Any


def serve(root: Path, port: int) -> None:
    """Serve the app until Ctrl-C, to browsers of this machine only and to no page of another site.

    Args:
        root: The directory of runs.
        port: The port; 0 takes a free one. A line on stderr names the address.

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

    @web.middleware
    async def refuse_other_sites(
        request: _Request, handler: Callable[[_Request], Awaitable[_Response]]
    ) -> _Response:
        # Any web page can open a WebSocket to this machine; the header Origin names the page's site. Host
        # names this machine, unless a foreign domain was pointed at 127.0.0.1 (DNS rebinding).
        origin = request.headers.get("Origin")
        host = urlsplit(f"//{request.host}").hostname
        if host not in _NAMES or (origin and urlsplit(origin).netloc != request.host):
            raise web.HTTPForbidden(text="only pages of this machine are served")
        return await handler(request)

    class LocalServer(Server):
        async def _make_app(self) -> _Application:
            app = await super()._make_app()
            app.middlewares.append(refuse_other_sites)
            return app

        async def on_startup(self, app: _Application) -> None:
            print(f"listening on {self.public_url}, Ctrl-C ends", file=sys.stderr, flush=True)

    command = shlex.join([sys.executable, "-m", "t2sql", "tui", str(root)])
    LocalServer(command, host=HOST, port=_free_port(port), title="t2sql").serve()


def _free_port(port: int) -> int:
    """The port if it can be listened on, or any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise InputError("cannot listen there", where=f"--port {port}", found=error) from None
        return int(probe.getsockname()[1])
