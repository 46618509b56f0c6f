"""Asking a backend the questions of a split and scoring its answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from t2sql import files
from t2sql.confidence import Graded
from t2sql.data import Dataset, Example, asked_in
from t2sql.evaluate.grammars import grammars_of
from t2sql.evaluate.judging import score
from t2sql.evaluate.pairs import Answers
from t2sql.evaluate.scores import Scored, Summary, summarize
from t2sql.generate import (
    Backend,
    BackendOptions,
    Generation,
    Request,
    doubts_about,
    is_rated,
    omissions,
    open_backend,
)
from t2sql.grammar import DEFAULT_WIDTH, Width
from t2sql.models import ModelRef
from t2sql.progress import Progress
from t2sql.prompt import PromptFormat
from t2sql.runs import records

MAX_TOKENS = 128
"""The most tokens of an answer, about 400 characters of SQL; a comparison warns of longer ones."""

LLAMA_SLOTS = 16
"""Questions that llama.cpp answers at once: on two cores they take about half the time of one by one, and
more gain nothing."""


@dataclass(frozen=True)
class PredictOptions:
    """How questions are asked.

    Attributes:
        max_tokens: The most tokens of an answer.
        grammar: Whether only statements over the question's own tables can be answers (`t2sql.grammar`), as
            `t2sql ask` has it.
        width: Which grammar that is; None takes what the model was trained for.
        seed: Of the random numbers, where the temperature is above 0; each question adds its index.
        temperature: 0 takes the likeliest token each time.
        prompt_format: How the questions are put; None takes what the model was trained on, and for a model
            that does not say, what the dataset has.
    """

    max_tokens: int = MAX_TOKENS
    grammar: bool = True
    width: Width | None = None
    seed: int = 0
    temperature: float = 0.0
    prompt_format: PromptFormat | None = None


DEFAULT_OPTIONS = PredictOptions()


@dataclass(frozen=True)
class Predictions:
    """Questions, answers and scores of one backend, in the order of the questions.

    Attributes:
        backend: The runtime's name: "llama", "mlx" or "openai".
        model: The model's name.
        examples: The questions.
        generations: What the model generated for each.
        scored: The scores of each answer.
        seconds: Wall-clock seconds of generating all.
        min_logprob: The model's threshold: answers with a lower mean log-probability are uncertain; None
            where it has none.
        grammar: Whether only statements over the question's own tables could be answers, each of them.
    """

    backend: str
    model: str
    examples: list[Example]
    generations: list[Generation]
    scored: list[Scored]
    seconds: float
    min_logprob: float | None = None
    grammar: bool = False

    @property
    def graded(self) -> list[Graded]:
        """The answers for a calibration; one with a doubt has no log-probability: it is never trusted."""
        return [
            Graded(
                None if self._is_doubtful(index, None) else self.generations[index].logprob, answer.correct
            )
            for index, answer in enumerate(self.scored)
        ]

    def status(self, index: int) -> Literal["answered", "uncertain", "unrated"]:
        """What `t2sql ask` would say of the answer to a question, over its database where there is one."""
        generation = self.generations[index]
        if self._is_doubtful(index, self.min_logprob):
            return "uncertain"
        return "answered" if is_rated(generation, self.min_logprob) else "unrated"

    def _is_doubtful(self, index: int, min_logprob: float | None) -> bool:
        generation, example = self.generations[index], self.examples[index]
        return bool(
            self.scored[index].doubtful
            or doubts_about(generation, min_logprob)
            or omissions(example.question, example.schema, generation.text)
        )

    @property
    def summary(self) -> Summary:
        """The sums of the scores."""
        return summarize(self.scored)

    @property
    def cut_off(self) -> int:
        """Number of answers that the token limit ended."""
        return sum(generation.finish == "length" for generation in self.generations)

    def answers(self, model: str) -> Answers:
        """Which questions are answered rightly.

        Args:
            model: The name that these answers have in a pair.
        """
        return Answers(
            model,
            self.backend,
            {answer.id: answer.correct for answer in self.scored},
            {example.id: example.question for example in self.examples},
        )

    def to_records(self) -> list[records.Prediction]:
        """The lines of a predictions file."""
        return [
            records.Prediction(
                id=example.id,
                question=example.question,
                schema=example.schema,
                gold=answer.gold,
                sql=answer.sql,
                correct=answer.correct,
                outcome=answer.outcome,
                status=self.status(index),
                logprob=generation.logprob,
                exact=answer.exact,
                logical=answer.logical,
                valid=answer.valid,
                measure=answer.measure,
                seconds=round(generation.prompt_seconds + generation.seconds, 4),
                tokens=generation.tokens,
                grammar=self.grammar,
            )
            for index, (example, answer, generation) in enumerate(
                zip(self.examples, self.scored, self.generations, strict=True)
            )
        ]


def open_scorer(
    model: str | Path | ModelRef,
    backend: str,
    prompts: Sequence[str],
    *,
    max_tokens: int = MAX_TOKENS,
    adapter: Path | None = None,
) -> Backend:
    """Open a model to answer many prompts together.

    Args:
        model: A resolved model, or a model argument.
        backend: "llama" or "mlx".
        prompts: What it will be asked, so that the context has room for each.
        max_tokens: The most tokens of an answer.
        adapter: Checkpoint directory of an adapter to apply (MLX).

    Raises:
        InputError: The backend cannot open this model or adapter.
        MissingPartError: The runtime is not installed.
    """
    # No tokenizer makes more tokens than a text has bytes; 8 more for special tokens such as the BOS.
    need = max((len(prompt.encode()) for prompt in prompts), default=0) + max_tokens + 8
    context = -(-need // 256) * 256
    return open_backend(model, backend, BackendOptions(adapter=adapter, context=context, slots=LLAMA_SLOTS))


def predict(
    backend: Backend,
    dataset: Dataset | None,
    examples: Sequence[Example],
    options: PredictOptions = DEFAULT_OPTIONS,
    *,
    out: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Predictions:
    """Answer and score questions.

    Args:
        backend: The model that answers.
        dataset: Where the questions' databases are; None when there are none.
        examples: The questions.
        options: How they are asked.
        out: A file for the answers, a JSON line each (`records.Prediction`), which appears once it is whole.
        force: Whether an existing file may be replaced.
        progress: Called after each answer.

    Raises:
        InputError: The file exists and may not be replaced, or cannot be written; or as `score` does.
        WorkError: The runtime failed, or the disk is full.
        ContextError: A prompt does not fit the context.
    """
    if out is not None:
        # Refused before the questions are asked, not after.
        files.check_free(out, force=force)
    done = 0

    def count(index: int, generation: Generation) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(examples), "questions")

    asked = asked_in(dataset, examples, options.prompt_format or PromptFormat.known(backend.prompt_format))
    width = options.width or backend.grammar or DEFAULT_WIDTH
    grammars = grammars_of(dataset, examples, width) if options.grammar else [None] * len(examples)
    requests = [
        Request(
            prompt,
            max_tokens=options.max_tokens,
            temperature=options.temperature,
            seed=options.seed + index,
            grammar=grammar,
            logprobs=True,
        )
        for index, (prompt, grammar) in enumerate(zip(asked, grammars, strict=True))
    ]
    started = time.perf_counter()
    generations = backend.answers(requests, on_result=count)
    seconds = time.perf_counter() - started
    scored = score(dataset, examples, [generation.text for generation in generations], doubts=True)
    predictions = Predictions(
        backend=backend.name,
        model=backend.model,
        examples=list(examples),
        generations=generations,
        scored=scored,
        seconds=seconds,
        min_logprob=backend.min_logprob,
        grammar=all(request.grammar is not None for request in requests),
    )
    if out is not None:
        _write(out, predictions)
    return predictions


def _write(out: Path, predictions: Predictions) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        records.write_predictions(out, predictions.to_records())
    except OSError as error:
        raise files.write_error("predictions", out, error) from None
