"""Scoring a checkpoint: t2sql's way beside the tutorial's loop, one question after the other in MLX.

    python benches/scoring.py --model demo --adapter runs/demo/checkpoints/0000390 --data runs/demo/data

Both answer the same questions with the same greedy choice; what differs is listed. The loop is
`mlx_lm.generate` as the tutorial calls it (with the BLAS that t2sql loads), on the first `--slow` questions.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from t2sql import models
from t2sql.data import load, subset
from t2sql.evaluate import MAX_TOKENS, score_checkpoints
from t2sql.generate import first_statement
from t2sql.prompt import prompt_text
from t2sql.runtimes import device

# isort: split
# After t2sql's runtimes, so that MLX finds the fast BLAS.
from mlx_lm import generate


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="demo")
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--n", type=int, default=100, help="questions that t2sql answers")
    parser.add_argument("--slow", type=int, default=100, help="of these, questions that the loop answers")
    args = parser.parse_args()

    dataset = load(args.data)
    examples = subset(dataset.split(args.split), args.n)
    (score,) = score_checkpoints(args.model, [args.adapter], dataset, examples)

    loaded = models.load(models.directory(args.model), adapter=args.adapter)
    slow = []
    started = time.perf_counter()
    for example in examples[: args.slow]:
        text = prompt_text(example.prompt)
        slow.append(first_statement(generate(loaded.model, loaded.tokenizer, text, max_tokens=MAX_TOKENS)))
    seconds = time.perf_counter() - started

    fast = [generation.text for generation in score.predictions.generations]
    differ = [
        {"question": e.question, "t2sql": a, "loop": b}
        for e, a, b in zip(examples, fast, slow, strict=False)
        if a != b
    ]
    per_question = score.seconds / len(examples)
    result = {
        "device": device(),
        "questions": len(examples),
        "t2sql_seconds": score.seconds,
        "before_the_first_question": score.ready_seconds,
        "weights": score.weights,
        "loop_questions": len(slow),
        "loop_seconds": seconds,
        "times": seconds / len(slow) / per_question,
        "differ": differ,
    }
    print(json.dumps(result, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
