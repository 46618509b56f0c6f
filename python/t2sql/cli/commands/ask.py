"""`t2sql ask`: the SQL of a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import BackendName, MaxTokens, Seed, Threads, shared
from t2sql.cli.output import Output
from t2sql.errors import InputError

EXAMPLE = """
t2sql ask runs/demo/gguf/demo.q8_0.gguf "How old is Wang Junjian?" --table "students: Name, Age, School"
t2sql ask runs/demo/fused "How many orders are open?" --schema shop.sql --backend mlx
t2sql ask base.q8_0.gguf+adapter.gguf "How old is Ann?" --table "students: Name, Age"
"""


@shared()
def command(
    out: Output,
    model: Annotated[
        str,
        typer.Argument(
            help="A GGUF file, BASE.gguf+ADAPTER.gguf, a directory, a hub id, or demo.", metavar="MODEL"
        ),
    ],
    question: Annotated[
        str | None, typer.Argument(help="The question, in words.", metavar="QUESTION", show_default=False)
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help='A table, as "NAME: COLUMN, COLUMN"; repeat it for more.'),
    ] = None,
    schema: Annotated[
        Path | None, typer.Option("--schema", help="SQL file with CREATE TABLE statements.", metavar="FILE")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", help="Raw text for the model instead of a question.")
    ] = None,
    backend: BackendName = "auto",
    adapter: Annotated[
        Path | None,
        typer.Option("--adapter", help="Checkpoint directory or run to put on the model (mlx only)."),
    ] = None,
    max_tokens: MaxTokens = 128,
    temp: Annotated[float, typer.Option("--temp", help="Temperature; 0 takes the likeliest token.")] = 0.0,
    seed: Seed = 0,
    threads: Threads = None,
) -> None:
    """Print the SQL of a question over your tables; the timings go to stderr."""
    from t2sql import generate
    from t2sql.data import Schema

    tables = None if schema is None else _read(schema)
    if adapter is not None:
        from t2sql import train

        adapter = train.adapter_path(adapter)
    answer = generate.ask(
        model,
        question,
        tables=table or None,
        schema=None if tables is None else Schema.from_ddl(tables, where=schema),
        prompt=prompt,
        backend=backend,
        max_tokens=max_tokens,
        temp=temp,
        seed=seed,
        adapter=adapter,
        threads=threads,
    )
    out.result(answer.to_dict(), answer.sql)
    for line in answer.timings.lines():
        out.note(line)
    for warning in answer.warnings:
        out.warn(warning)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the schema file cannot be read", where=path, found=error) from None
