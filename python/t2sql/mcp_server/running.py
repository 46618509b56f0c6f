"""The MCP server on stdin and stdout, and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import anyio
from mcp.server import MCPServer

from t2sql.live import open_database
from t2sql.mcp_server.tools import create_server
from t2sql.serve import Guards, Listening, Settings, Workers, listen, open_workers

_PATH = "/mcp"


def serve_stdio(
    model: str, db: str, settings: Settings, *, backend: str = "auto", threads: int | None = None
) -> None:
    """Answer one client on stdin and stdout until it closes stdin. Whatever else is printed goes to stderr.

    Args:
        model: The model argument.
        db: URL of the database.
        settings: The limits.
        backend: The runtime's name.
        threads: Threads of one answer; by default one a core.

    Raises:
        InputError: The model or the database cannot be opened.
    """
    with _server(model, db, settings, backend, threads) as (server, _):
        anyio.run(server.run_stdio_async)


def serve_http(
    model: str,
    db: str,
    settings: Settings,
    *,
    backend: str = "auto",
    threads: int | None = None,
    listening: Listening,
) -> None:
    """Answer clients over streamable HTTP at `/mcp`, until SIGTERM or Ctrl-C.

    What guards `t2sql serve` guards it too: the token, the bounds of requests and connections, the check of
    the header Host. No state is held for a client between its requests.

    Args:
        model: The model argument.
        db: URL of the database.
        settings: Where to listen, who may ask, and the limits.
        backend: The runtime's name.
        threads: Threads of one answer; by default one a core.
        listening: What the owner is told.

    Raises:
        InputError: The model or the database cannot be opened, or the address cannot be listened on.
        WorkError: The server stopped early.
    """
    with _server(model, db, settings, backend, threads) as (server, workers):
        app = server.streamable_http_app(
            streamable_http_path=_PATH,
            json_response=True,
            stateless_http=True,
            max_request_body_size=settings.max_body,
            host=settings.host,
        )
        guarded = Guards(app, settings, workers.metrics, frozenset({_PATH}))
        listen(guarded, workers, settings, listening)


@contextmanager
def _server(
    model: str, db: str, settings: Settings, backend: str, threads: int | None
) -> Iterator[tuple[MCPServer, Workers]]:
    """The server and what computes its answers, which ends with the block."""
    with open_database(db) as database:
        # An error of the database comes before the seconds that a model takes to load.
        database.schema()
        with closing(open_workers(model, backend, threads, settings)) as workers:
            yield create_server(workers, database, settings), workers
