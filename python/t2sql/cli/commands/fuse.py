"""`t2sql fuse`: an adapter into its model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import fuse, train
from t2sql.cli.adapters import model_of
from t2sql.cli.options import Force, shared
from t2sql.cli.output import Output

EXAMPLE = """
t2sql fuse --model demo --adapter runs/demo --out fused
t2sql fuse --adapter runs/demo/checkpoints/0000200 --out fused-200
"""


@shared()
def command(
    out: Output,
    adapter: Annotated[
        Path, typer.Option("--adapter", help="Checkpoint directory, or a run: its chosen checkpoint.")
    ],
    target: Annotated[Path, typer.Option("--out", help="Directory to write.")],
    model: Annotated[
        str | None,
        typer.Option("--model", help="The base model; by default the adapter's.", show_default=False),
    ] = None,
    keep_quantized: Annotated[
        bool, typer.Option("--keep-quantized", help="Keep a quantized base quantized.")
    ] = False,
    force: Force = False,
) -> None:
    """Add an adapter to its model's weights, in float32, and check that the result is the sum.

    The output is a Hugging Face directory, dequantized unless told otherwise.
    """
    chosen = train.adapter_path(adapter)
    with out.progress("fuse") as progress:
        base = model_of(model, [adapter], progress=progress)
        result = fuse.fuse(
            base, chosen, target, keep_quantized=keep_quantized, force=force, progress=progress
        )
    text = f"{result.path}  from {chosen}\nlogits agree with base + adapter within {result.max_error:.2g}"
    out.result(result, text)
