"""`t2sql ask`: the SQL of a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from t2sql import generate, live, train
from t2sql.cli.ask_arguments import AskArguments, RowArguments, TableArguments, slots_for
from t2sql.cli.conversation import converse
from t2sql.cli.database_answers import answer_from_database
from t2sql.cli.options import AskedModel, BackendName, Force, MaxTokens, Seed, Threads, shared
from t2sql.cli.output import Output
from t2sql.cli.table_answers import answer_from_tables
from t2sql.prompt import PromptFormat

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
    model: AskedModel,
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
    row_format: Annotated[
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
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask the model even where the answer is remembered (with --db).")
    ] = False,
    similar: Annotated[
        int,
        typer.Option(
            "--similar", help="Remembered answers to similar questions that the model is shown (with --db)."
        ),
    ] = 0,
    backend: BackendName = "auto",
    adapter: Annotated[
        Path | None,
        typer.Option("--adapter", help="Checkpoint directory or run to put on the model (mlx only)."),
    ] = None,
    free: Annotated[
        bool,
        typer.Option("--free", help="Let the model write anything, not only statements over these tables."),
    ] = False,
    grammar: Annotated[
        str | None,
        typer.Option(
            "--grammar",
            help="Statements that it may write: narrow (those of t2sql's own data), wide, or off: any text.",
            show_default="the model's own, else narrow",
        ),
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(
            "--values",
            help="Texts in the answer: free, or words of the question.",
            show_default="question in the wide grammar, else free",
        ),
    ] = None,
    prompt_format: Annotated[
        str | None,
        typer.Option(
            "--prompt-format",
            help="How the question is put, such as 2+types+keys.",
            metavar="FORMAT",
            show_default="as the model was trained",
        ),
    ] = None,
    votes: Annotated[
        int,
        typer.Option(
            "--votes",
            help="Samples of the answer; what most agree on is taken (by their rows with --execute).",
        ),
    ] = 1,
    beam: Annotated[
        int,
        typer.Option(
            "--beam",
            help="Candidates of a beam search under the grammar (llama.cpp and MLX; a server cannot): the "
            "likeliest is taken, with --db the first that can run, with --execute that returns something.",
        ),
    ] = 1,
    evidence: Annotated[
        str,
        typer.Option(
            "--evidence", help="What the question leaves unsaid, such as what a code means.", metavar="TEXT"
        ),
    ] = "",
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
    arguments = AskArguments(
        model=model,
        question=question,
        tables=TableArguments(tuple(table or ()), schema, prompt),
        database=db,
        rows=RowArguments(
            execute=execute or interactive,
            row_format=cast(live.RowFormat, row_format),  # RowArguments checks it.
            file=out_file,
            force=force,
            timeout=timeout,
            max_rows=max_rows,
        ),
        interactive=interactive,
        evidence=evidence,
        backend=backend,
        opening=generate.BackendOptions(
            adapter=None if adapter is None else train.adapter_path(adapter),
            threads=threads,
            slots=slots_for(votes, beam),
        ),
        options=generate.AskOptions(
            max_tokens=max_tokens,
            temperature=temp,
            seed=seed,
            free=free,
            grammar=cast(generate.GrammarOption | None, grammar),  # AskOptions checks it.
            values=cast(generate.Values | None, values),  # AskOptions checks it.
            votes=votes,
            beam=beam,
            min_logprob=min_logprob,
            prompt_format=None if prompt_format is None else PromptFormat.of(prompt_format),
            fresh=fresh,
            similar=similar,
        ),
    )
    arguments.check()
    if arguments.interactive:
        converse(out, arguments)
    elif arguments.database is not None:
        answer_from_database(out, arguments)
    else:
        answer_from_tables(out, arguments)
