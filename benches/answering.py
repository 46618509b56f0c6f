"""How long an answer takes: first token, the clock beside llama.cpp's own, grammar, MLX beside mlx-lm.

python benches/answering.py runs/demo/gguf/demo.q8_0.gguf --directory runs/demo/fused [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2sql.generate import Backend, Generation, Request, open_backend
from t2sql.grammar import grammar_of
from t2sql.prompt import render_prompt
from t2sql.runtimes import policy
from t2sql.schema import Schema, read_table_lines

# isort: split
# After t2sql's runtimes, so that MLX finds the fast BLAS.
from mlx_lm import load, stream_generate

WORDS = (
    *("order", "customer", "product", "price", "quantity", "date", "city", "country", "discount", "tax"),
    *("weight", "status", "channel", "region", "agent", "invoice", "shipping", "rating", "category", "note"),
)
QUESTIONS = (
    "Which customer has a price above 100?",
    "How many rows have the city Oslo?",
    "List customer, product and price where the status is open.",
    "What is the highest tax of each country?",
    "Which agent has the lowest rating?",
    "Show the note of orders after 2020 with the category light.",
)


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--directory", type=Path, help="the same model as a directory, for MLX")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    found: dict[str, Any] = {"model": args.model.name, "grammar_ms_100_columns": building()}
    found["llama"] = llama(args.model, args.rounds)
    if args.directory is not None:
        found["mlx"] = mlx(args.model, args.directory, args.rounds)
    text = json.dumps(found, indent=1)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")
    return 0


def building() -> float:
    """Milliseconds from a schema of 100 columns to both notations."""

    def build(number: int) -> None:
        columns = ", ".join(f"{word} {number} {n}" for n in range(5) for word in WORDS)
        grammar = grammar_of(read_table_lines([f"t{number}: {columns}"]))
        assert grammar.gbnf and grammar.lark

    build(0)
    return 1000 * statistics.median(seconds(lambda n=n: build(n)) for n in range(1, 10))


def llama(model: Path, rounds: int) -> dict[str, Any]:
    """llama.cpp: first token, our clock beside its own, tokens a second with a grammar and without."""
    backend = open_backend(str(model), "llama")
    first: dict[str, list[float]] = {"new_table": [], "same_table": []}
    for number in range(rounds * len(QUESTIONS)):
        schema = read_table_lines([f"table{number}: {', '.join(WORDS)}"])
        for name, question in zip(first, (QUESTIONS[0], QUESTIONS[1]), strict=True):
            first[name].append(first_token(backend, schema, question))
    free, bound = [], []
    wall = clock = 0.0
    schema = read_table_lines([f"sales: {', '.join(WORDS)}"])
    grammar = grammar_of(schema)
    prompts = [render_prompt(schema, question) for question in QUESTIONS]
    for _ in range(rounds):
        for prompt in prompts:
            began = time.perf_counter()
            answer = backend.answer(Request(prompt))
            wall += time.perf_counter() - began
            clock += answer.prompt_seconds + answer.seconds
            free.append(answer)
            bound.append(backend.answer(Request(prompt, grammar=grammar)))
    backend.close()
    return {
        "first_token_ms": {name: spread(values) for name, values in first.items()},
        "wall_over_its_own_clock": wall / clock,
        "tokens_per_second": rate(free),
        "with_grammar": rate(bound),
        "grammar_share": rate(bound) / rate(free),
    }


def first_token(backend: Backend, schema: Schema, question: str) -> float:
    """Milliseconds from the question to the first piece of the answer, its grammar's making included."""
    arrived: list[float] = []
    began = time.perf_counter()
    prompt, grammar = render_prompt(schema, question), grammar_of(schema)
    backend.answer(
        Request(prompt, grammar=grammar, logprobs=True),
        on_text=lambda _: arrived.append(time.perf_counter()),
        cancelled=lambda: bool(arrived),
    )
    return 1000 * (arrived[0] - began)


def mlx(model: Path, directory: Path, rounds: int) -> dict[str, float]:
    """Our backend on the GGUF file, and mlx-lm on the directory: tokens a second, one prompt at a time."""
    backend = open_backend(str(model), "mlx")
    network, tokenizer = load(str(directory))[:2]
    network.set_dtype(policy().dtype)
    schema = read_table_lines([f"sales: {', '.join(WORDS)}"])
    prompts = [render_prompt(schema, question) for question in QUESTIONS]
    ours: list[tuple[int, float]] = []
    theirs: list[tuple[int, float]] = []
    for _ in range(rounds):
        for prompt in prompts:
            began = time.perf_counter()
            answer = backend.answer(Request(prompt, max_tokens=48))
            ours.append((answer.tokens, time.perf_counter() - began))
            began, count = time.perf_counter(), 0
            for _piece in stream_generate(network, tokenizer, prompt.rstrip(" "), max_tokens=answer.tokens):
                count += 1
            theirs.append((count, time.perf_counter() - began))
    own, other = (sum(n for n, _ in x) / sum(s for _, s in x) for x in (ours, theirs))
    return {"gguf_tokens_per_second": own, "mlx_lm_directory": other, "share": own / other}


def rate(answers: list[Generation]) -> float:
    """Tokens a second, by the runtime's clock."""
    return sum(a.tokens for a in answers) / sum(a.seconds for a in answers)


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and number of values."""
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p95": ordered[int(0.95 * len(ordered))], "n": len(ordered)}


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
