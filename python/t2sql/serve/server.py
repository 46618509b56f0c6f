"""uvicorn around the application, until a signal ends it."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from t2sql.errors import InputError, WorkError
from t2sql.generate import BackendOptions
from t2sql.live import LiveDatabase, open_database
from t2sql.serve.app import create_app
from t2sql.serve.connections import KEEP_ALIVE_SECONDS, BoundedProtocol, allow_connections
from t2sql.serve.guards import MAX_HEADER_BYTES
from t2sql.serve.requests import BODY_SECONDS
from t2sql.serve.settings import Settings
from t2sql.serve.work import Workers

_CONTEXT = 2048
"""Tokens of a prompt and its answer; every slot takes memory for as many."""
_TICKS_PER_SWEEP = 5
"""uvicorn's ticks, of a tenth of a second."""
_BACKLOG = 64
"""Connections that the system accepts for us before they are looked at; each takes a descriptor then."""


@dataclass(frozen=True)
class Listening:
    """What a server's owner is told.

    Attributes:
        ready: Called with the server's address once it listens.
        ending: Called with the number of answers that still run when a signal has come, if there are any.
    """

    ready: Callable[[str], None] = lambda address: None
    ending: Callable[[int], None] = lambda running: None


_SILENT = Listening()


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens and ends without a traceback."""

    def __init__(self, config: uvicorn.Config, workers: Workers, listening: Listening) -> None:
        super().__init__(config)
        self._workers, self._listening = workers, listening

    async def startup(self, sockets: object = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._listening.ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_SWEEP == 0:
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if (running := self._workers.refuse_waiting()) and not self.force_exit:
            self._listening.ending(running)
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn then leaves out what the application does at its end.
            self._workers.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn asks for a second Ctrl-C and passes over a second SIGTERM.
        self.force_exit = self.force_exit or self.should_exit
        super().handle_exit(sig, frame)
        if self.force_exit:
            # What still runs is cut off; Starlette would log that with a traceback.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)


def serve(
    model: str,
    db: str | None,
    settings: Settings,
    *,
    backend: str = "auto",
    threads: int | None = None,
    listening: Listening = _SILENT,
) -> None:
    """Answer requests until SIGTERM or Ctrl-C.

    What runs then has `shutdown_seconds` to end, what waits is refused. A second signal cancels what runs.

    Args:
        model: The model argument.
        db: URL of the database; None serves completions only.
        settings: Where to listen, who may ask, and the limits.
        backend: The runtime's name.
        threads: Threads of one answer; by default one a core.
        listening: What the owner is told.

    Raises:
        InputError: The model or the database cannot be opened, or the address cannot be listened on.
        WorkError: The server stopped early.
    """
    database: LiveDatabase | None = None if db is None else open_database(db)
    if database is not None:
        database.schema()
    workers = open_workers(model, backend, threads, settings)
    listen(create_app(workers, database, settings), workers, settings, listening)


def open_workers(model: str, backend: str, threads: int | None, settings: Settings) -> Workers:
    """Load a model for a server.

    Args:
        model: The model argument.
        backend: The runtime's name.
        threads: Threads of one answer; by default one a core.
        settings: How many answers are computed at once.

    Raises:
        InputError: The model cannot be opened.
    """
    options = BackendOptions(slots=settings.slots, threads=threads, context=_CONTEXT)
    return Workers(model, backend, options, settings)


def listen(app: ASGIApp, workers: Workers, settings: Settings, listening: Listening = _SILENT) -> None:
    """Serve an application within the settings' bounds, until SIGTERM or Ctrl-C.

    Args:
        app: The application.
        workers: What computes its answers.
        settings: Where to listen, and the limits.
        listening: What the owner is told.

    Raises:
        InputError: The address cannot be listened on.
        WorkError: The server stopped early.
    """

    class Protocol(BoundedProtocol):
        max_connections = allow_connections()
        request_seconds = settings.request_seconds + BODY_SECONDS

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=round(KEEP_ALIVE_SECONDS),
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        http=Protocol,
        backlog=_BACKLOG,
        ws="none",
        lifespan="on",
    )
    server = _Server(config, workers, listening)
    try:
        # uvicorn raises the signal once more when it has ended.
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
    except SystemExit:
        if not server.started:
            where = f"{settings.host}:{settings.port}"
            raise InputError(
                "the address cannot be listened on", where=where, hint="Is the port taken?"
            ) from None
        raise WorkError("the server stopped early") from None
