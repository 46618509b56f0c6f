"""`t2sql test`: loss, perplexity and right answers of a model and of adapters on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql import data as datasets
from t2sql import evaluate
from t2sql.cli.adapters import data_of, each_checkpoint, model_of
from t2sql.cli.options import MaxTokens, Seed, shared
from t2sql.cli.output import Output, table
from t2sql.cli.stage_lines import pair_lines, right_cells
from t2sql.runs.records import Pair

EXAMPLE = """
t2sql test --adapter runs/demo
t2sql test --model demo --data data/mine --adapter runs/a/checkpoints/0000200 --split valid --limit 50
t2sql test --adapter runs/demo --no-execution
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
    execution: Annotated[
        bool,
        typer.Option(
            "--execution/--no-execution",
            help="Also have each checkpoint answer, and score what its SQL returns.",
        ),
    ] = True,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Questions that it answers, drawn by --seed; 0 is all.")
    ] = 100,
    seed: Seed = 0,
    max_tokens: MaxTokens = 128,
    grammar: Annotated[
        bool, typer.Option("--grammar", help="Let it write only statements over each question's tables.")
    ] = False,
    score_type: Annotated[
        str | None,
        typer.Option(
            "--score-type",
            help="Type of the GGUF file that answers, on the CPU.",
            show_default="f16; q8_0 above 4 GiB of float32",
        ),
    ] = None,
) -> None:
    """Measure loss and perplexity of the base model and of every checkpoint on a whole split.

    Each checkpoint also answers some of its questions: its base's own answers are counted when there is
    no adapter. Of two checkpoints and more, each is paired with the one that is right most often.
    """
    adapters = list(adapter or [])
    base = model_of(model, adapters)
    dataset = datasets.load(data_of(data, adapters))
    examples = dataset.split(split)
    labels = {path: label for label, path in each_checkpoint(adapters)}
    rows: list[dict[str, Any]] = []
    with out.progress("test") as progress:
        found = evaluate.measure_checkpoints(
            base, list(labels), examples, max_seq_length=max_seq_length, text=text, progress=progress
        )
        for path, loss in found:
            label = "base" if path is None else labels[path]
            rows.append({"name": label, "adapter": path, **asdict(loss)})
            if path is None and loss.skipped:
                out.warn(f"{loss.skipped} examples are longer than --max-seq-length and were left out")
        pairs: list[Pair] = []
        if execution:
            asked = evaluate.subset([e for e in examples if e.sql], limit or None, seed)
            pairs = _answer(
                rows,
                evaluate.score_checkpoints(
                    base,
                    list(labels) or [None],
                    dataset,
                    asked,
                    evaluate.PredictOptions(max_tokens=max_tokens, grammar=grammar),
                    gguf_type=score_type,
                    progress=progress,
                ),
            )
    out.result(
        {"model": base.source, "split": split, "grammar": grammar, "rows": rows, "pairs": pairs},
        lambda: _text(rows, pairs, split),
    )


def _answer(rows: list[dict[str, Any]], scores: Iterable[evaluate.CheckpointScore]) -> list[Pair]:
    """Put each score into its row; the pairs against the best."""
    answers = []
    by_adapter = {row["adapter"]: row for row in rows}
    for score in scores:
        row = by_adapter[score.adapter]
        row["score"] = score.to_record()
        answers.append(score.predictions.answers(row["name"]))
    best = max(answers, key=lambda answer: sum(answer.correct.values()), default=None)
    return [evaluate.pair(best, other) for other in answers if best and other is not best]


def _text(rows: list[dict[str, Any]], pairs: list[Pair], split: str) -> str:
    text, scored = (
        "text_loss" in rows[0] and rows[0]["text_loss"] is not None,
        any("score" in r for r in rows),
    )
    header = ["model", f"{split} loss", f"{split} ppl", *(["text loss"] if text else []), "n"]
    header += ["right", "95%", "of", "answered by"] if scored else []
    cells = []
    for row in rows:
        line = [row["name"], f"{row['loss']:.3f}", f"{row['perplexity']:.3f}"]
        line += [f"{row['text_loss']:.3f}"] if text else []
        score = row.get("score")
        by = f"{score.backend} {score.weights}" if score else None
        cells.append([*line, row["n"], *([*right_cells(score), by] if scored else [])])
    return "\n\n".join(part for part in (table(header, cells), pair_lines(pairs)) if part)
