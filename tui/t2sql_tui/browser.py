"""The app in a browser on this machine, by textual-serve: a process of its own for every page."""

from __future__ import annotations

import shlex
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from t2sql.errors import InputError, MissingPartError

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")


def serve(root: Path, port: int) -> None:
    """Until Ctrl-C. Only this machine's browsers get in, and no page of another site."""
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise MissingPartError(
            "the browser mode is not installed",
            found=f"no {error.name}",
            hint="Run: pip install 't2sql-tui[browser]'",
        ) from None

    @web.middleware
    async def ours_only(request: Any, handler: Any) -> Any:
        # Any page can open a WebSocket to this machine; its Origin says whose it is. A name that was made
        # to mean this machine is in Host.
        origin = request.headers.get("Origin")
        asked = urlsplit(f"//{request.host}").hostname
        if asked not in _NAMES or (origin and urlsplit(origin).netloc != request.host):
            raise web.HTTPForbidden(text="this is for pages of this machine")
        return await handler(request)

    class Local(Server):
        async def _make_app(self) -> Any:
            app = await super()._make_app()
            app.middlewares.append(ours_only)
            return app

        async def on_startup(self, app: Any) -> None:
            print(f"listening on {self.public_url}, Ctrl-C ends", file=sys.stderr, flush=True)

    command = shlex.join([sys.executable, "-m", "t2sql", "tui", str(root)])
    Local(command, host=HOST, port=_free(port), title="t2sql").serve()


def _free(port: int) -> int:
    """The port, or a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise InputError("cannot listen there", where=f"--port {port}", found=error) from None
        return int(probe.getsockname()[1])
