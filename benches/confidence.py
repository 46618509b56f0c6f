"""How well log-probability and votes tell right answers from wrong ones.

    python benches/confidence.py runs/demo/gguf/demo.q8_0.gguf --data runs/demo/data [--votes 5]

The threshold is chosen on the validation split with the schema's grammar, and held against the test split.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from t2sql.confidence import VOTE_TEMP, Graded, calibrate, count_trusted, elect
from t2sql.data import Dataset, Example, load
from t2sql.evaluate import open_scorer, score, wilson
from t2sql.generate import Backend, Request
from t2sql.grammar import grammar_of
from t2sql.sql import Result, SqlError, open_reader, same_result


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    dataset, rows = load(args.data), []
    for model in args.models:
        prompts = [example.prompt for split in ("valid", "test") for example in dataset.split(split)]
        with closing(open_scorer(str(model), "llama", prompts)) as backend:
            rows.append({"model": model.name} | measure(backend, dataset, args.votes))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    text = json.dumps(rows, indent=1)
    print(text) if args.out is None else args.out.write_text(text + "\n")
    return 0


def measure(backend: Backend, dataset: Dataset, votes: int) -> dict[str, Any]:
    """What a threshold from the validation split does on the test split, and what votes do there."""
    graded = {split: answered(backend, dataset, dataset.split(split)) for split in ("valid", "test")}
    calibration = calibrate(graded["valid"])
    trusted, right = count_trusted(graded["test"], calibration.min_logprob)
    result: dict[str, Any] = {
        "n": len(graded["test"]),
        "right": sum(answer.correct for answer in graded["test"]),
        "auroc": auroc(graded["test"]),
        "calibration": asdict(calibration),
        "answered": trusted,
        "right_of_answered": right,
        "interval": wilson(right, trusted),
    }
    if votes > 1:
        result["votes"] = voted(backend, dataset, dataset.test, votes)
    return result


def answered(backend: Backend, dataset: Dataset, examples: list[Example]) -> list[Graded]:
    """The likeliest answer to each question, graded."""
    answers = backend.answers(
        [Request(example.prompt, grammar=grammar_of(example.schema), logprobs=True) for example in examples]
    )
    scored = score(dataset, examples, [answer.text for answer in answers])
    return [Graded(answer.logprob, one.correct) for answer, one in zip(answers, scored, strict=True)]


def voted(backend: Backend, dataset: Dataset, examples: list[Example], votes: int) -> dict[str, Any]:
    """Right answers of the elected samples, all of them and those that more than half agree on."""
    first = [Request(example.prompt, grammar=grammar_of(example.schema)) for example in examples]
    rounds = [backend.answers(first)]
    for number in range(1, votes):
        seeds = range(1000 * number, 1000 * number + len(first))
        warmer = [
            replace(request, temperature=VOTE_TEMP, seed=seed)
            for request, seed in zip(first, seeds, strict=True)
        ]
        rounds.append(backend.answers(warmer))
    chosen, agreements = [], []
    for index, example in enumerate(examples):
        texts = [answers[index].text for answers in rounds]
        election = elect(rows_of(dataset, example, texts), lambda a, b: same_result(a, b, ordered=False))
        chosen.append(texts[election.index])
        agreements.append(election.agreement)
    correct = [one.correct for one in score(dataset, examples, chosen)]
    sure = [right for right, agreement in zip(correct, agreements, strict=True) if agreement > 0.5]
    return {
        "k": votes,
        "right": sum(correct),
        "auroc": auroc([Graded(a, right) for a, right in zip(agreements, correct, strict=True)]),
        "answered": len(sure),
        "right_of_answered": sum(sure),
        "interval": wilson(sum(sure), len(sure)),
    }


def rows_of(dataset: Dataset, example: Example, texts: list[str]) -> list[Result | None]:
    """What each statement returns on the question's database; None for one that does not run."""
    path = dataset.db_path(example)
    assert path is not None
    results: list[Result | None] = []
    with open_reader(path) as reader:
        for text in texts:
            try:
                results.append(reader.execute(text))
            except SqlError:
                results.append(None)
    return results


def auroc(answers: list[Graded]) -> float:
    """In what fraction of all pairs of a right and a wrong answer the right one has the higher score."""
    right = [-1e9 if answer.logprob is None else answer.logprob for answer in answers if answer.correct]
    wrong = [-1e9 if answer.logprob is None else answer.logprob for answer in answers if not answer.correct]
    wins = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return wins / (len(right) * len(wrong)) if right and wrong else float("nan")


if __name__ == "__main__":
    sys.exit(main())
