"""`t2sql score --benchmark`: the scores of Spider or BIRD as a table or JSON."""

from __future__ import annotations

from pathlib import Path

from t2sql import data as datasets
from t2sql import evaluate
from t2sql.cli.output import Output, table
from t2sql.cli.score_lines import pair_lines
from t2sql.plain import Json
from t2sql.runs import records

_TITLES = {"execution": "execution", "exact": "exact set match", "soft_f1": "soft F1", "r_ves": "R-VES"}


def print_benchmark_scores(
    out: Output, files: list[Path], data: Path, split: str, options: evaluate.BenchmarkOptions
) -> None:
    """Score files and print the figures; each file is paired with the first by execution.

    Raises:
        InputError: A file, a question or a database cannot be read.
    """
    questions = datasets.read_benchmark(data, split)
    score = evaluate.spider_scores if options.benchmark == "spider" else evaluate.bird_scores
    with out.progress("score") as progress:
        scored = [score(file, questions, options, progress) for file in files]
    first, *others = [_answers(file) for file in scored]
    pairs = [evaluate.pair(first, other) for other in others]
    rows = [_row(file) for file in scored]
    document = {"benchmark": options.benchmark, "split": split, "rows": rows, "pairs": pairs}
    out.result(document, lambda: _text(scored, pairs))


def _answers(file: evaluate.ScoredBenchmark) -> evaluate.Answers:
    correct = {answer.id: answer.scores["execution"] == 1 for answer in file.answers}
    texts = {question.id: question.question for question in file.questions}
    return evaluate.Answers(file.path.stem, "file", correct, texts)


def _row(file: evaluate.ScoredBenchmark) -> dict[str, Json]:
    return {
        "file": str(file.path),
        "n": len(file.answers),
        "databases": len({database for question in file.questions for database in question.databases}),
        "gold_failed": list(file.gold_failed),
        "figures": [figure.to_json() for figure in file.figures],
        "answers": [answer.to_json() for answer in file.answers],
    }


def _text(files: list[evaluate.ScoredBenchmark], pairs: list[records.Pair]) -> str:
    cells = []
    for file in files:
        for figure in file.figures:
            low, high = figure.interval
            interval = f"{100 * low:.1f}-{100 * high:.1f}%"
            percent = f"{100 * figure.value:.1f}%"
            cells.append([file.path.name, _TITLES[figure.name], figure.level, percent, interval, figure.n])
    parts = [table(["file", "score", "level", "value", "95%", "of"], cells)]
    if failed := files[0].gold_failed:
        parts.append(
            f"The gold statements of {len(failed)} questions do not run; their answers count as wrong, "
            f"as in BIRD's scripts: {', '.join(failed[:5])}{' …' if len(failed) > 5 else ''}"
        )
    return "\n\n".join(part for part in (*parts, pair_lines(pairs)) if part)
