"""`t2sql score`: answers in files against a split's gold statements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from t2sql import data as datasets
from t2sql import evaluate
from t2sql.cli.benchmark_scores import print_benchmark_scores
from t2sql.cli.options import shared
from t2sql.cli.output import Output, table
from t2sql.cli.score_lines import measure_line, pair_lines, rate, right_cells
from t2sql.errors import InputError
from t2sql.plain import Json
from t2sql.runs import records

EXAMPLE = """
t2sql score runs/demo/predictions/demo.q8_0.llama.test.jsonl --data runs/demo/data
t2sql score before.jsonl after.jsonl --data data/mine --split valid
t2sql score predictions.jsonl --data spider --benchmark spider
t2sql score predictions.jsonl --wikisql test.jsonl --wikisql-db test.db
"""


@shared()
def command(
    out: Output,
    files: Annotated[
        list[Path],
        typer.Argument(
            help='JSON lines with "sql" and "id", or a statement a line for every question.',
            metavar="FILE...",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Directory with the split and its databases.", show_default=False),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="test or valid.")] = "test",
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=0.001,
            help="Seconds after which a statement is stopped: 5, and 30 for a benchmark.",
            show_default=False,
        ),
    ] = None,
    benchmark: Annotated[
        Literal["spider", "bird"] | None,
        typer.Option(
            "--benchmark",
            help="Scores of the benchmark's own scripts; --data may be its published folder.",
            show_default=False,
        ),
    ] = None,
    plug_values: Annotated[
        bool,
        typer.Option("--plug-values", help="Spider: also try the gold statement's values in an answer."),
    ] = False,
    keep_distinct: Annotated[
        bool, typer.Option("--keep-distinct", help="Spider: let DISTINCT count in execution.")
    ] = False,
    ves_rounds: Annotated[
        int,
        typer.Option(
            "--ves-rounds", min=0, help="BIRD: time right answers so often, for R-VES; its script does 100."
        ),
    ] = 0,
    wikisql: Annotated[
        Path | None,
        typer.Option(
            "--wikisql", help="WikiSQL's own split file instead: its official scores.", show_default=False
        ),
    ] = None,
    wikisql_db: Annotated[
        Path | None, typer.Option("--wikisql-db", help="And its database.", show_default=False)
    ] = None,
) -> None:
    """Score answers that are in files already: what they return, exact match, logical form, what runs.

    Of several files, each is paired with the first. With --wikisql the scores are those of the official
    script, of its own predictions format ("query" or "error" a line). With --benchmark they are those of
    Spider's scripts (execution on all databases of a question, exact set match, by hardness) or of BIRD's
    (execution, soft F1, R-VES, by difficulty).
    """
    for given, option, owner in (
        (plug_values, "--plug-values", "spider"),
        (keep_distinct, "--keep-distinct", "spider"),
        (ves_rounds, "--ves-rounds", "bird"),
    ):
        if given and benchmark != owner:
            raise InputError(f"{option} is for one benchmark only", expected=f"--benchmark {owner}")
    if wikisql is not None or wikisql_db is not None:
        if wikisql is None or wikisql_db is None or data is not None or benchmark is not None:
            raise InputError("which data?", expected="--data, or --wikisql with --wikisql-db")
        _official(out, files, wikisql, wikisql_db)
        return
    if data is None:
        raise InputError("which data?", expected="--data, or --wikisql with --wikisql-db", found="neither")
    if benchmark is not None:
        options = evaluate.BenchmarkOptions(
            benchmark, timeout or 30.0, plug_values, keep_distinct, ves_rounds
        )
        print_benchmark_scores(out, files, data, split, options)
        return
    dataset = datasets.load(data, split=split)
    with out.progress("score") as progress:
        scored = [
            evaluate.score_file(file, dataset, split, timeout=timeout or 5.0, progress=progress)
            for file in files
        ]
    first = scored[0].answers
    pairs = [evaluate.pair(first, other.answers) for other in scored[1:]]
    document = {"split": split, "rows": [_row(file) for file in scored], "pairs": pairs}
    out.result(document, lambda: _text(scored, pairs))


def _row(file: evaluate.ScoredFile) -> dict[str, Json]:
    summary = file.summary
    answers: list[Json] = [
        {"id": answer.id, "correct": answer.correct, "class": answer.outcome, "sql": answer.sql}
        for answer in file.scored
    ]
    return {
        "file": str(file.path),
        "n": summary.n,
        "correct": summary.correct,
        "accuracy": summary.accuracy,
        "interval": list(summary.interval),
        "measure": summary.measure,
        "exact": summary.exact,
        "logical": summary.logical,
        "valid": summary.valid,
        "kill_rate": summary.kill_rate,
        "classes": summary.classes,
        "answers": answers,
    }


def _text(files: list[evaluate.ScoredFile], pairs: list[records.Pair]) -> str:
    cells, wrong_lines = [], []
    for file in files:
        summary, name = file.summary, file.path.name
        others = [rate(count, summary.n) for count in (summary.exact, summary.logical, summary.valid)]
        cells.append([name, *right_cells(summary), summary.measure, *others])
        wrong = ", ".join(f"{n} {outcome}" for outcome, n in summary.classes.items() if outcome != "correct")
        wrong_lines.append(f"{name}: {wrong or 'nothing wrong'}")
    header = ["file", "right", "95%", "of", "by", "exact", "logical", "runs"]
    parts = [table(header, cells), *wrong_lines]
    if measured := measure_line([file.summary for file in files]):
        parts.append(measured)
    return "\n\n".join(part for part in ("\n".join(parts), pair_lines(pairs)) if part)


def _official(out: Output, files: list[Path], source: Path, database: Path) -> None:
    scores = [evaluate.official_scores(source, file, database) for file in files]
    cells = [
        [file.name, f"{score.execution_accuracy:.4f}", f"{score.logical_accuracy:.4f}", score.n]
        for file, score in zip(files, scores, strict=True)
    ]
    rows = [{"file": str(file), **score.to_json()} for file, score in zip(files, scores, strict=True)]
    out.result({"rows": rows}, lambda: table(["file", "ex_accuracy", "lf_accuracy", "n"], cells))
