"""`t2sql compare`: the tutorial's summary, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import data as datasets
from t2sql import evaluate
from t2sql import models as model_room
from t2sql.cli.options import Force, Limit, MaxTokens, Seed, shared
from t2sql.cli.output import Output
from t2sql.cli.stage_lines import comparison_text

EXAMPLE = """
t2sql compare runs/demo/gguf/demo.q8_0.gguf runs/demo/gguf/demo.q4_0.gguf --data runs/demo/data
t2sql compare model.q8_0.gguf fused/ --data data/mine --full --out predictions
"""


@shared()
def command(
    out: Output,
    models: Annotated[
        list[str],
        typer.Argument(
            help="GGUF files, BASE.gguf+ADAPTER.gguf, directories, hub ids, or demo.", metavar="MODEL..."
        ),
    ],
    data: Annotated[Path, typer.Option("--data", help="Directory with test.jsonl.")],
    split: Annotated[str, typer.Option("--split", help="test or valid.")] = "test",
    backend: Annotated[
        str, typer.Option("--backend", help="Runtimes, by comma; each file is asked on all that open it.")
    ] = "llama,mlx",
    limit: Limit = None,
    full: Annotated[bool, typer.Option("--full", help="Ask every question, whatever --limit says.")] = False,
    seed: Seed = 0,
    max_tokens: MaxTokens = 128,
    grammar: Annotated[
        bool,
        typer.Option(
            "--grammar/--free",
            help="Let models write only statements over each question's tables, as ask does, or anything.",
        ),
    ] = True,
    predictions: Annotated[
        Path | None,
        typer.Option("--out", help="Directory for the answers, a JSONL file each.", show_default=False),
    ] = None,
    force: Force = False,
) -> None:
    """Compare model files on a test split: size, speed, exact match, statements that run, right rows.

    The answers to the tutorial's three questions follow the table. Every question is asked unless --limit
    says otherwise.
    """
    backends = [name.strip() for name in backend.split(",") if name.strip()]
    options = evaluate.CompareOptions(
        split=split,
        backends=backends,
        limits={} if full else dict.fromkeys(backends, limit),
        seed=seed,
        max_tokens=max_tokens,
        grammar=grammar,
        out_dir=predictions,
        force=force,
    )
    dataset = datasets.load(data)
    with out.progress("compare") as progress:
        compared = [model_room.resolve(model, progress=progress) for model in models]
        comparison = evaluate.compare(compared, dataset, options, progress=progress)
    result = comparison.result
    out.result(result, lambda: comparison_text(result))
    for warning in comparison.warnings:
        out.warn(warning)
