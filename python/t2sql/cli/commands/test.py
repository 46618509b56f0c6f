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
    from t2sql import evaluate
    from t2sql.cli.adapters import data_of, each_checkpoint, model_of

    adapters = list(adapter or [])
    name = model_of(model, adapters)
    examples = datasets.load(data_of(data, adapters)).split(split)
    labels = {path: label for label, path in each_checkpoint(adapters)}
    rows: list[dict[str, Any]] = []
    with out.progress("test") as progress:
        found = evaluate.measure_checkpoints(
            name, list(labels), examples, max_seq_length=max_seq_length, text=text, progress=progress
        )
        for path, loss in found:
            label = "base" if path is None else labels[path]
            rows.append({"name": label, "adapter": path, **loss.to_dict()})
            if path is None and loss.skipped:
                out.warn(f"{loss.skipped} examples are longer than --max-seq-length and were left out")
    header = ["model", f"{split} loss", f"{split} ppl", *(["text loss"] if text else []), "n"]
    cells = [
        [row["name"], f"{row['loss']:.3f}", f"{row['perplexity']:.3f}"]
        + ([f"{row['text_loss']:.3f}"] if text else [])
        + [row["n"]]
        for row in rows
    ]
    out.result({"model": name, "split": split, "rows": rows}, lambda: table(header, cells))
