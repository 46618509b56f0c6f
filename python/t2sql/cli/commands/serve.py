"""`t2sql serve`: questions and completions over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import serve
from t2sql.cli.options import AskedModel, BackendName, Slots, StatementSeconds, Threads, shared
from t2sql.cli.output import Output
from t2sql.cli.serving import listening_notes, needs_extra

EXAMPLE = """
t2sql serve runs/demo/gguf/demo.q8_0.gguf --db sqlite:///shop.db
t2sql serve demo.q8_0.gguf --db postgresql://reader@host/shop --host 0.0.0.0 --token-file token.txt
"""


@shared()
def command(
    out: Output,
    model: AskedModel,
    db: Annotated[
        str | None,
        typer.Option("--db", help="The database to ask; without one there is no /ask.", metavar="URL"),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; one that others reach needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="File with the token; or set T2SQL_TOKEN.", metavar="FILE"),
    ] = None,
    slots: Slots = 2,
    max_requests: Annotated[
        int, typer.Option("--max-requests", min=1, help="Requests that may wait or run at once.")
    ] = 64,
    request_timeout: Annotated[
        float, typer.Option("--request-timeout", min=0.1, help="Seconds a request may take.")
    ] = 60.0,
    timeout: StatementSeconds = 5.0,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, help="The most rows of a result.")] = 1000,
    backend: BackendName = "auto",
    threads: Threads = None,
) -> None:
    """Answer questions (POST /ask) and OpenAI's chats and completions over HTTP, until it is stopped."""
    settings = serve.Settings(
        host=host,
        port=port,
        token=serve.read_token(token_file),
        slots=slots,
        max_requests=max_requests,
        request_seconds=request_timeout,
        statement_seconds=timeout,
        max_rows=max_rows,
    )
    with needs_extra("serve"):
        run, listening = serve.serve, listening_notes(out, settings)
    run(model, db, settings, backend=backend, threads=threads, listening=listening)
    out.result({"stopped": True})
