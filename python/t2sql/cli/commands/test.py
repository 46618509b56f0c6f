"""`t2sql test`: loss and perplexity of a model and of adapters on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql.cli.options import shared
from t2sql.cli.output import Output, table

EXAMPLE = """
t2sql test --adapter runs/demo
t2sql test --model demo --data data/mine --adapter runs/a/checkpoints/0000200 --split valid
"""


@shared()
def command(
    out: Output,
    model: Annotated[
        str | None,
        typer.Option("--model", help="The base model; by default the adapter's.", show_default=False),
    ] = None,
    adapter: Annotated[
        list[Path] | None,
        typer.Option("--adapter", help="Checkpoint directory, or a run: all its checkpoints. Repeatable."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Directory of JSONL; by default the run's.", show_default=False),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="test or valid.")] = "test",
    text: Annotated[
        bool, typer.Option("--text", help="Also the loss over all tokens, as the tutorial counts it.")
    ] = False,
    max_seq_length: Annotated[
        int, typer.Option("--max-seq-length", help="Longer examples are left out.")
    ] = 1024,
) -> None:
    """Measure loss and perplexity of the base model and of every checkpoint on a whole split."""
    from t2sql import data as datasets
    from t2sql.cli.adapters import data_of, each_checkpoint, model_of
    from t2sql.pipeline.losses import measure

    adapters = list(adapter or [])
    name = model_of(model, adapters)
    examples = datasets.load(data_of(data, adapters)).split(split)
    rows: list[dict[str, Any]] = []
    with out.progress("test") as progress:
        for label, path in [("base", None), *each_checkpoint(adapters)]:
            progress.title = f"test {label}"
            loss = measure(name, path, examples, max_seq_length, text=text, progress=progress)
            row = {"name": label, "adapter": path, "loss": loss.loss, "perplexity": loss.perplexity}
            rows.append(row | {"text_loss": loss.text_loss, "tokens": loss.tokens, "n": loss.n})
    header = ["model", f"{split} loss", f"{split} ppl", *(["text loss"] if text else []), "n"]
    cells = [
        [row["name"], f"{row['loss']:.3f}", f"{row['perplexity']:.3f}"]
        + ([f"{row['text_loss']:.3f}"] if text else [])
        + [row["n"]]
        for row in rows
    ]
    out.result({"model": name, "split": split, "rows": rows}, lambda: table(header, cells))
