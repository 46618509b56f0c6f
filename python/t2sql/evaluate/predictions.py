"""Running a backend over questions, scoring what it writes, and keeping both as JSON lines."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import InputError, WorkError
from t2sql.evaluate.judging import score
from t2sql.evaluate.scores import Scored, Summary, summarize
from t2sql.generate import BackendOptions, Request, doubts_about
from t2sql.grammar import grammar_of

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example
    from t2sql.generate import Backend, Generation

Progress = Callable[[int, int, str], None]

MAX_TOKENS = 128
# On two cores sixteen questions at once take about half the time of one by one; more gain nothing.
LLAMA_SLOTS = 16


@dataclass(frozen=True)
class Predictions:
    """Questions, answers and scores of one backend, in the order of the questions. `seconds` is the
    wall clock of generating all."""

    backend: str
    model: str
    examples: list[Example]
    generations: list[Generation]
    scored: list[Scored]
    seconds: float
    path: Path | None = None
    min_logprob: float | None = None

    @property
    def judged(self) -> list[tuple[float | None, bool]]:
        """How likely each answer was, and whether it was right; one that stopped short is not trusted."""
        return [
            (None if doubts_about(generation, None) else generation.logprob, answer.correct)
            for generation, answer in zip(self.generations, self.scored, strict=True)
        ]

    def status(self, index: int) -> str:
        """As `ask` has it: answered or uncertain."""
        return "uncertain" if doubts_about(self.generations[index], self.min_logprob) else "answered"

    @property
    def summary(self) -> Summary:
        return summarize(self.scored)

    @property
    def correct_by_id(self) -> dict[str, bool]:
        return {answer.id: answer.correct for answer in self.scored}

    @property
    def cut_off(self) -> int:
        """Answers that the token limit ended."""
        return sum(generation.finish == "length" for generation in self.generations)


def subset(examples: Sequence[Example], n: int | None, seed: int = 0) -> list[Example]:
    """`n` of the examples, in their order; all when `n` is None or no fewer.

    The choice depends on seed and ids alone, so it is the same for every model, and a smaller subset is
    part of a larger one.
    """
    if n is None or n >= len(examples):
        return list(examples)
    if n < 1:
        raise InputError("too few questions", expected="1 or more", found=n)

    def rank(index: int) -> bytes:
        return hashlib.sha256(f"{seed}\0{examples[index].id}\0{index}".encode()).digest()

    return [examples[index] for index in sorted(sorted(range(len(examples)), key=rank)[:n])]


def open_scorer(
    model: str,
    backend: str,
    prompts: Sequence[str],
    *,
    max_tokens: int = MAX_TOKENS,
    adapter: Path | None = None,
) -> Backend:
    """`open_backend` for answering many prompts together: as many slots as pay, each with room for any."""
    from t2sql.generate import open_backend

    # No tokenizer makes more tokens than bytes, and a BOS.
    need = max((len(prompt.encode()) for prompt in prompts), default=0) + max_tokens + 8
    context = -(-need // 256) * 256
    return open_backend(model, backend, BackendOptions(adapter=adapter, context=context, slots=LLAMA_SLOTS))


def predict(
    backend: Backend,
    dataset: Dataset | None,
    examples: Sequence[Example],
    out: Path | None = None,
    *,
    max_tokens: int = MAX_TOKENS,
    temp: float = 0.0,
    seed: int = 0,
    force: bool = False,
    grammar: bool = False,
    progress: Progress | None = None,
) -> Predictions:
    """Answer and score the examples; `out` gets a JSON line each, and is there only when all are.

    With `grammar`, each answer is a statement of its example's schema (`t2sql.grammar`).
    """
    if out is not None:
        _check_place(out, force)
    done = 0

    def arrived(index: int, generation: Generation) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(examples), "questions")

    requests = [
        Request(
            example.prompt,
            max_tokens=max_tokens,
            temperature=temp,
            seed=seed + index,
            grammar=grammar_of(example.schema) if grammar else None,
            logprobs=True,
        )
        for index, example in enumerate(examples)
    ]
    started = time.perf_counter()
    generations = backend.answers(requests, on_result=arrived)
    seconds = time.perf_counter() - started
    scored = score(dataset, examples, [generation.text for generation in generations])
    predictions = Predictions(
        backend.name,
        backend.model,
        list(examples),
        generations,
        scored,
        seconds,
        out,
        backend.min_logprob,
    )
    if out is not None:
        _write(out, predictions)
    return predictions


def _write(out: Path, predictions: Predictions) -> None:
    lines = [
        json.dumps(
            {
                "id": example.id,
                "question": example.question,
                "schema": example.schema.to_dict(),
                "gold": answer.gold,
                "sql": answer.sql,
                "correct": answer.correct,
                "class": answer.outcome,
                "status": predictions.status(index),
                "logprob": generation.logprob,
                "exact": answer.exact,
                "logical": answer.logical,
                "valid": answer.valid,
                "measure": answer.measure,
                "seconds": round(generation.prompt_seconds + generation.seconds, 4),
                "tokens": generation.tokens,
            },
            ensure_ascii=False,
        )
        for index, (example, answer, generation) in enumerate(
            zip(predictions.examples, predictions.scored, predictions.generations, strict=True)
        )
    ]
    building = out.with_name(f".{out.name}.tmp-{os.getpid()}")
    try:
        with open(building, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        os.replace(building, out)
    except OSError as error:
        kind = WorkError if error.errno == errno.ENOSPC else InputError
        raise kind("the predictions cannot be written", where=out, found=error.strerror) from None
    finally:
        with suppress(OSError):
            building.unlink()


def _check_place(out: Path, force: bool) -> None:
    """Refuse a place that cannot be written to before the questions are asked, not after."""
    if out.exists() and not force:
        raise InputError("the output exists", where=out, hint="Use --force to replace it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("the predictions cannot be written", where=out, found=error.strerror) from None
    if not os.access(out.parent, os.W_OK):
        raise InputError("the predictions cannot be written", where=out, found="a read-only folder")
