"""`t2sql compare`: the tutorial's summary, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import BackendName, Limit, MaxTokens, shared
from t2sql.cli.output import Output

EXAMPLE = """
t2sql compare runs/demo/gguf/demo.q8_0.gguf runs/demo/gguf/demo.q4_0.gguf --data runs/demo/data
t2sql compare model.q8_0.gguf fused/ --data data/mine --full --out predictions
"""


@shared()
def command(
    out: Output,
    models: Annotated[
        list[str], typer.Argument(help="GGUF files, directories, hub ids.", metavar="MODEL...")
    ],
    data: Annotated[Path, typer.Option("--data", help="Directory with test.jsonl.")],
    backend: BackendName = "auto",
    limit: Limit = None,
    full: Annotated[bool, typer.Option("--full", help="Ask every question of the split.")] = False,
    max_tokens: MaxTokens = 128,
    predictions: Annotated[
        Path | None,
        typer.Option("--out", help="Directory for the answers, a JSONL file each.", show_default=False),
    ] = None,
) -> None:
    """Compare model files on a test split: size, speed, exact match, statements that run, right rows."""
    from t2sql import data as datasets
    from t2sql import evaluate
    from t2sql.cli.stage_lines import comparison_table

    dataset = datasets.load(data)
    with out.progress("compare") as progress:
        result = evaluate.compare(
            models,
            dataset,
            backends=[backend],
            limit=limit,
            full=full,
            max_tokens=max_tokens,
            out_dir=predictions,
            progress=progress,
        )
    document = result.to_dict()
    out.result(document, lambda: comparison_table(document["rows"]))
