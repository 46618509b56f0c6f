"""`t2sql mcp`: a model and a database for agents that speak MCP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import mcp_server, serve
from t2sql.cli.options import AskedModel, BackendName, Slots, StatementSeconds, Threads, shared
from t2sql.cli.output import Output
from t2sql.cli.serving import listening_notes, needs_extra
from t2sql.errors import InputError

EXAMPLE = """
t2sql mcp demo.q8_0.gguf --db sqlite:///shop.db
t2sql mcp demo.q8_0.gguf --db sqlite:///shop.db --http 127.0.0.1:8090
"""


@shared()
def command(
    out: Output,
    model: AskedModel,
    db: Annotated[str, typer.Option("--db", help="The database to ask.", metavar="URL")],
    http: Annotated[
        str | None,
        typer.Option(
            "--http",
            help="Listen here, for http://HOST:PORT/mcp, in place of stdin and stdout.",
            metavar="HOST:PORT",
            show_default=False,
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="With --http: file with the token; or set T2SQL_TOKEN."),
    ] = None,
    slots: Slots = 2,
    request_timeout: Annotated[
        float, typer.Option("--request-timeout", min=0.1, help="Seconds a call may take.")
    ] = 60.0,
    timeout: StatementSeconds = 5.0,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, help="The most rows of a result.")] = 100,
    backend: BackendName = "auto",
    threads: Threads = None,
) -> None:
    """Give an agent the tools ask, run, schema and explain over MCP, until it is stopped."""
    host, port = ("127.0.0.1", 0) if http is None else _address(http)
    settings = serve.Settings(
        host=host,
        port=port,
        token=None if http is None else serve.read_token(token_file),
        slots=slots,
        request_seconds=request_timeout,
        statement_seconds=timeout,
        max_rows=max_rows,
    )
    with needs_extra("mcp"):
        run_http, run_stdio = mcp_server.serve_http, mcp_server.serve_stdio
        listening = listening_notes(out, settings)
    if http is None:
        # stdout has the protocol and nothing else, so this command prints no result.
        run_stdio(model, db, settings, backend=backend, threads=threads)
    else:
        run_http(model, db, settings, backend=backend, threads=threads, listening=listening)
        out.result({"stopped": True})


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise InputError(
            "--http is no address", expected="HOST:PORT, such as 127.0.0.1:8090", found=repr(text)
        )
    return host, int(port)
