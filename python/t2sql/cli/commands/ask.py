"""`t2sql ask`: the SQL of a question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from t2sql.cli.database_answers import Rows, answered, read_lines, say_doubts
from t2sql.cli.options import BackendName, Force, MaxTokens, Seed, Threads, shared
from t2sql.cli.output import Output
from t2sql.errors import InputError, T2sqlError

if TYPE_CHECKING:
    from t2sql.generate import Answer, Failed
    from t2sql.live import LiveAnswer, LiveDatabase
    from t2sql.schema import Schema

EXAMPLE = """
t2sql ask runs/demo/gguf/demo.q8_0.gguf "How old is Wang Junjian?" --table "students: Name, Age, School"
t2sql ask runs/demo/fused "How many orders are open?" --schema shop.sql --backend mlx
t2sql ask base.q8_0.gguf+adapter.gguf "How old is Ann?" --table "students: Name, Age"
t2sql ask demo.q8_0.gguf "Which customers are from Oslo?" --db sqlite:///shop.db --execute
t2sql ask demo.q8_0.gguf --db postgresql://reader@host/shop --interactive
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
    db: Annotated[
        str | None,
        typer.Option(
            "--db", help="A database to ask: sqlite:///FILE, duckdb:///FILE, postgresql://HOST/NAME."
        ),
    ] = None,
    execute: Annotated[
        bool, typer.Option("--execute", help="Run the statement on the database, read-only.")
    ] = False,
    format: Annotated[
        str, typer.Option("--format", help="How rows are printed: table, csv, json or parquet.")
    ] = "table",
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File for the rows (csv, json, parquet) instead of stdout.", metavar="FILE"
        ),
    ] = None,
    force: Force = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.001, help="Seconds that a statement may run.")
    ] = 5.0,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, help="The most rows of a result.")] = 1000,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Ask one question after the other; needs --db.")
    ] = False,
    backend: BackendName = "auto",
    adapter: Annotated[
        Path | None,
        typer.Option("--adapter", help="Checkpoint directory or run to put on the model (mlx only)."),
    ] = None,
    free: Annotated[
        bool,
        typer.Option("--free", help="Let the model write anything, not only statements over these tables."),
    ] = False,
    values: Annotated[
        str, typer.Option("--values", help="Texts in the answer: free, or words of the question.")
    ] = "free",
    votes: Annotated[
        int,
        typer.Option(
            "--votes",
            help="Samples of the answer; what most agree on is taken (by their rows with --execute).",
        ),
    ] = 1,
    min_logprob: Annotated[
        float | None,
        typer.Option(
            "--min-logprob",
            help="Mean log-probability of a token below which an answer is uncertain.",
            show_default="the model file's",
        ),
    ] = None,
    max_tokens: MaxTokens = 128,
    temp: Annotated[float, typer.Option("--temp", help="Temperature; 0 takes the likeliest token.")] = 0.0,
    seed: Seed = 0,
    threads: Threads = None,
) -> None:
    """Print the SQL of a question over your tables or your database, and run it there if asked to.

    Timings and warnings go to stderr, and why an answer is uncertain, if it is.
    """
    from t2sql import generate
    from t2sql.schema import read_ddl

    if db is not None:
        if table or schema or prompt:
            raise InputError("--db has the tables", hint="Leave out --table, --schema and --prompt")
        rows = Rows(execute or interactive, format, out_file, force, timeout, max_rows)
        opening = {"backend": backend, "adapter": adapter, "threads": threads, "slots": _slots(votes)}
        options = {
            "max_tokens": max_tokens,
            "temp": temp,
            "seed": seed,
            "free": free,
            "values": values,
            "votes": votes,
            "min_logprob": min_logprob,
        }
        _ask_database(out, model, question, db, rows, interactive, opening, options)
        return
    if execute or interactive or out_file is not None:
        raise InputError("which database?", expected="--db URL beside --execute, --interactive or --out")
    tables = None if schema is None else _read(schema)
    if adapter is not None:
        from t2sql import train

        adapter = train.adapter_path(adapter)
    answer = generate.ask(
        model,
        question,
        tables=table or None,
        schema=None if tables is None else read_ddl(tables, where=schema),
        prompt=prompt,
        backend=backend,
        max_tokens=max_tokens,
        temp=temp,
        seed=seed,
        free=free,
        values=values,
        votes=votes,
        min_logprob=min_logprob,
        adapter=adapter,
        threads=threads,
        slots=_slots(votes),
    )
    out.result(answer.to_dict(), answer.sql)
    for line in answer.timings.lines():
        out.note(line)
    say_doubts(out, answer)
    for warning in answer.warnings:
        out.warn(warning)


def _ask_database(
    out: Output,
    model: str,
    question: str | None,
    url: str,
    rows: Rows,
    interactive: bool,
    opening: dict[str, Any],
    options: dict[str, Any],
) -> None:
    """One question, or one after the other."""
    from t2sql import generate, train
    from t2sql.live import context_of, open_database

    rows.check()
    if interactive and out.json:
        raise InputError("--json is one document", hint="Leave out --interactive")
    if (question is None) != interactive:
        raise InputError("a question or --interactive?", expected="one of them")
    if opening["adapter"] is not None:
        opening["adapter"] = train.adapter_path(opening["adapter"])
    with open_database(url) as database:
        database.schema()
        backend = generate.open_backend(model, **opening)
        try:
            context = context_of(backend) - options["max_tokens"]

            def ask(schema: Schema, text: str, failed: Failed | None) -> Answer:
                more = {"votes": 1} if failed is not None else {}
                return generate.ask(backend, text, schema=schema, failed=failed, **options | more)

            if question is not None:
                answer = answered(out, ask, database, question, rows, context)
                for line in answer.answer.timings.lines():
                    out.note(line)
                return
            _converse(out, lambda text: answered(out, ask, database, text, rows, context), database)
        finally:
            backend.close()


def _converse(out: Output, answer: Callable[[str], LiveAnswer], database: LiveDatabase) -> None:
    """Question after question; one that goes wrong, or Ctrl-C, ends that one only."""
    out.note("A question a line; \\d lists the tables, Ctrl-D ends.")
    for line in read_lines():
        try:
            if line.strip() == "\\d":
                for item in database.schema().tables:
                    out.line(f"{item.name}: {', '.join(item.column_names)}")
            elif line.strip():
                answer(line)
        except T2sqlError as error:
            out.note(f"error: {error}")
        except KeyboardInterrupt:
            out.note("interrupted")


def _slots(votes: int) -> int | None:
    """Samples that llama.cpp draws at once."""
    return min(votes - 1, 8) if votes > 2 else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the schema file cannot be read", where=path, found=error) from None
