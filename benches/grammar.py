"""What the schema's grammar gives: the same questions with it and without, file by file.

    python benches/grammar.py runs/demo/gguf/demo.*.gguf --out grammar.json

Questions are the demo generator's, from seeds that no model was trained on: `--seeds` test splits (200
each) for accuracy, paired, and five questions on each of 100 coined tables for whether statements run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from t2sql.data import Dataset, Example, load, prepare
from t2sql.evaluate import Answers, PredictOptions, mcnemar, open_scorer, pair, predict
from t2sql.schema import Schema


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--backend", default="llama")
    parser.add_argument("--seeds", type=int, default=5, help="test splits of 200 questions")
    parser.add_argument("--out", type=Path, help="write the JSON here instead of stdout")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        datasets = []
        for seed in range(101, 101 + args.seeds):
            prepare("demo", Path(folder) / str(seed), seed=seed)
            datasets.append(load(Path(folder) / str(seed)))
        for model in args.models:
            rows.append(measure(model, args.backend, datasets))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    text = json.dumps(rows, indent=1)
    print(text) if args.out is None else args.out.write_text(text + "\n")
    return 0


def measure(model: Path, backend: str, datasets: list[Dataset]) -> dict[str, Any]:
    """Right answers and statements that run, free and with the grammar, and what changed between them."""
    figures: dict[str, Any] = {"model": model.name, "backend": backend}
    coined = on_many_schemas(datasets[0].train)
    prompts = [example.prompt for data in datasets for example in data.test]
    prompts += [example.prompt for example in coined]
    answers: dict[bool, list[Answers]] = {}
    with closing(open_scorer(str(model), backend, prompts)) as opened:
        for grammar in (False, True):
            name = "grammar" if grammar else "free"
            options = PredictOptions(grammar=grammar)
            parts = [predict(opened, data, data.test, options) for data in datasets]
            answers[grammar] = [part.answers(f"{name} {i}") for i, part in enumerate(parts)]
            summaries = [part.summary for part in parts]
            runs = predict(opened, datasets[0], coined, options)
            tokens = sum(g.tokens for part in parts for g in part.generations)
            figures[name] = {
                "n": sum(s.n for s in summaries),
                "right": sum(s.correct for s in summaries),
                "runs": sum(s.valid for s in summaries),
                "seconds": sum(part.seconds for part in parts),
                "tokens": tokens,
                "many_schemas_n": runs.summary.n,
                "many_schemas_run": runs.summary.valid,
                "cut_off": runs.cut_off + sum(part.cut_off for part in parts),
            }
    pairs = [pair(free, bound) for free, bound in zip(answers[False], answers[True], strict=True)]
    figures["broken"] = sum(len(p.broken) for p in pairs)
    figures["fixed"] = sum(len(p.fixed) for p in pairs)
    figures["p"] = mcnemar(figures["broken"], figures["fixed"])
    return figures


def on_many_schemas(examples: list[Example], schemas: int = 100, each: int = 5) -> list[Example]:
    """`each` questions on each of `schemas` schemas, the last ones of the examples."""
    by_schema: dict[Schema, list[Example]] = {}
    for example in examples:
        by_schema.setdefault(example.schema, []).append(example)
    full = [questions[:each] for questions in by_schema.values() if len(questions) >= each]
    return [example for questions in full[-schemas:] for example in questions]


if __name__ == "__main__":
    sys.exit(main())
