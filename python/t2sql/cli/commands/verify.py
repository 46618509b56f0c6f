"""`t2sql verify`: is a GGUF the same model as its source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import data as datasets
from t2sql import models, runs, verification
from t2sql.cli.options import shared
from t2sql.cli.output import Output
from t2sql.cli.tables import checks_text
from t2sql.errors import WorkError

EXAMPLE = """
t2sql verify runs/demo/fused runs/demo/gguf/demo.q8_0.gguf
t2sql verify DIR model.q4_0.gguf --data data/mine
"""
# How many of a dataset's texts are tokenized.
_PROMPTS = 200


@shared()
def command(
    out: Output,
    source: Annotated[
        str, typer.Argument(help="The model directory (or hub id, or demo) it was made from.", metavar="DIR")
    ],
    path: Annotated[Path, typer.Argument(help="The GGUF file to check.", metavar="OUT.gguf")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Directory of JSONL, or a run, whose texts are checked beside the built-in ones.",
            show_default=False,
        ),
    ] = None,
) -> int | None:
    """Is a GGUF file the same model as its source? Exit 1, with the first cause, if it is not.

    Structure, tokens and weights are compared, and what the source, the file in llama.cpp and the file in
    MLX predict next.
    """
    prompts: list[str] = []
    if data is not None:
        folder = runs.open_run(data).layout.data if runs.is_run(data) else data
        prompts = verification.prompts_of(datasets.load(folder), limit=_PROMPTS)
    with out.progress("verify") as progress:
        directory = models.directory(source, progress=progress)
        result = verification.verify(directory, path, prompts=prompts, progress=progress)
    out.result(result.to_dict(), lambda: checks_text(result))
    if result.ok:
        return None
    if out.json:
        return 1
    raise WorkError("the file is not the same model", where=path, found=result.cause)
