"""`t2sql test`: loss, perplexity and right answers of a model and of adapters on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from t2sql import data as datasets
from t2sql import evaluate
from t2sql.cli.adapters import data_of, each_checkpoint, model_of
from t2sql.cli.options import MaxTokens, Seed, shared
from t2sql.cli.output import Output, table
from t2sql.cli.score_lines import pair_lines, right_cells
from t2sql.plain import JsonObject
from t2sql.runs.records import Pair, ValidationScore

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
        bool,
        typer.Option(
            "--grammar/--free",
            help="Let it write only statements over each question's tables, as ask does, or anything.",
        ),
    ] = True,
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
    rows: list[CheckpointRow] = []
    with out.progress("test") as progress:
        found = evaluate.measure_checkpoints(
            base, list(labels), examples, max_seq_length=max_seq_length, text=text, progress=progress
        )
        for path, loss in found:
            label = "base" if path is None else labels[path]
            rows.append(CheckpointRow(label, path, loss))
            if path is None and loss.skipped:
                out.warn(f"{loss.skipped} examples are longer than --max-seq-length and were left out")
        pairs: list[Pair] = []
        if execution:
            asked = datasets.subset([e for e in examples if e.sql], limit or None, seed)
            rows, pairs = _answer(
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


@dataclass(frozen=True)
class CheckpointRow:
    """What was measured of the base model or of an adapter on it.

    Attributes:
        name: "base", or the adapter's label.
        adapter: Its directory; None for the base model.
        loss: Its losses on the split.
        score: Its right answers; None where no question was asked.
    """

    name: str
    adapter: Path | None
    loss: evaluate.LossResult
    score: ValidationScore | None = None

    def to_json(self) -> JsonObject:
        """The row of `test --json`; `score` is absent where no question was asked."""
        row = {"name": self.name, "adapter": self.adapter, **asdict(self.loss)}
        return row | ({} if self.score is None else {"score": self.score.to_json()})


def _answer(
    rows: list[CheckpointRow], scores: Iterable[evaluate.CheckpointScore]
) -> tuple[list[CheckpointRow], list[Pair]]:
    """The rows with their scores, and the pairs against the best."""
    by_adapter = {row.adapter: row for row in rows}
    answers = []
    for score in scores:
        row = by_adapter[score.adapter]
        by_adapter[score.adapter] = replace(row, score=score.to_record())
        answers.append(score.predictions.answers(row.name))
    best = max(answers, key=lambda answer: sum(answer.correct.values()), default=None)
    pairs = [evaluate.pair(best, other) for other in answers if best and other is not best]
    return list(by_adapter.values()), pairs


def _text(rows: list[CheckpointRow], pairs: list[Pair], split: str) -> str:
    text, scored = rows[0].loss.text_loss is not None, any(row.score for row in rows)
    header = ["model", f"{split} loss", f"{split} ppl", *(["text loss"] if text else []), "n"]
    header += ["right", "95%", "of", "answered by"] if scored else []
    cells = []
    for row in rows:
        loss, score = row.loss, row.score
        line = [row.name, f"{loss.loss:.3f}", f"{loss.perplexity:.3f}"]
        line += [f"{loss.text_loss:.3f}"] if loss.text_loss is not None else [""] if text else []
        by = f"{score.backend} {score.weights}" if score else None
        cells.append([*line, loss.n, *([*right_cells(score), by] if scored else [])])
    return "\n\n".join(part for part in (table(header, cells), pair_lines(pairs)) if part)
