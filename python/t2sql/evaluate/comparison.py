"""Model files side by side: size, speed, and how many questions each answers rightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from t2sql import models
from t2sql.confidence import coverage_curve
from t2sql.data import Dataset, Example, asked_in, subset
from t2sql.errors import InputError
from t2sql.evaluate.pairs import Answers, pairs
from t2sql.evaluate.predictions import (
    MAX_TOKENS,
    Predictions,
    PredictOptions,
    open_scorer,
    predict,
)
from t2sql.generate import Backend, Generation, Request
from t2sql.grammar import DEFAULT_WIDTH, grammar_of
from t2sql.models import ModelRef
from t2sql.progress import Progress
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat, parse_prompt, render_prompt
from t2sql.runs import predictions_name, records

_TABLE = "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: "
_CONDITION = " The condition is that the name is equal to Wang Junjian and the age is less than 20 years old."
TUTORIAL_PROMPTS = (
    _TABLE + "How old is Wang Junjian?\nA: ",
    _TABLE + "Query information such as name, age, school, grade, etc." + _CONDITION + "\nA: ",
    _TABLE + "Query information such as name, age, school, grade." + _CONDITION + "\nA: ",
)
"""The three questions that the tutorial asks every file; the speeds are measured on them."""


@dataclass(frozen=True)
class CompareOptions:
    """What is asked, and of whom.

    Attributes:
        split: The split that the questions come from.
        backends: The runtimes; each model is asked on all of them that open it.
        limits: The most questions that a model is asked on a backend, by backend; without an entry, or with
            None, all are asked.
        seed: Decides which questions are drawn where there is a limit.
        max_tokens: The most tokens of an answer.
        grammar: Whether only statements over the question's own tables can be answers, as `t2sql ask` has it.
        references: Names of models that every other is also compared with.
        base_prompt_format: The format that the model is asked in which the others are compared with; None for
            that of the questions.
        out_dir: A directory for each model's predictions.
        force: Whether predictions in it may be replaced.
    """

    split: str = "test"
    backends: Sequence[str] = ("llama", "mlx")
    limits: Mapping[str, int | None] = field(default_factory=dict)
    seed: int = 0
    max_tokens: int = MAX_TOKENS
    grammar: bool = True
    references: Sequence[str] = ()
    base_prompt_format: PromptFormat | None = None
    out_dir: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class Comparison:
    """The outcome of `compare`.

    Attributes:
        result: The comparison as a run records it, without the baseline.
        warnings: What a reader of the figures should know, a sentence each.
    """

    result: records.CompareResult
    warnings: list[str]


def compare(
    compared: Sequence[ModelRef],
    dataset: Dataset,
    options: CompareOptions,
    *,
    base: ModelRef | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Ask models the same questions on every backend that opens them, and the tutorial's three.

    Args:
        compared: The models.
        dataset: The questions and their databases.
        options: What is asked.
        base: The untrained model that the others are compared with: it comes first, and is asked on the first
            backend alone.
        progress: Called after each answer, with the model and the backend.

    Returns:
        A row for each model and backend, and a pair for each row with the first and with the references.

    Raises:
        InputError: There is no model, two have one name, a backend is unknown, or a model opens on none of
            the backends; or as `predict` does.
    """
    for backend in options.backends:
        if backend not in ("llama", "mlx"):
            raise InputError("unknown backend", expected="llama or mlx", found=repr(backend))
    work = [*(_work([base], options.backends[:1]) if base is not None else [])]
    work += _work(compared, options.backends)
    examples = dataset.split(options.split)
    rows: list[records.ComparisonRow] = []
    answers: list[Answers] = []
    warnings: list[str] = []
    for ref, backend in work:
        chosen = subset(examples, options.limits.get(backend), options.seed)
        label = f"{ref.name} {backend}"
        asking = _Asking(ref, backend, base is ref, dataset, chosen, len(examples), options)
        row, predictions = asking.row(_labelled(progress, label))
        rows.append(row)
        answers.append(predictions.answers(ref.name))
        if row.cut_off:
            counted = "1 answer was" if row.cut_off == 1 else f"{row.cut_off} answers were"
            warnings.append(f"{label}: {counted} cut off after {options.max_tokens} tokens")
    result = records.CompareResult(
        split=options.split,
        seed=options.seed,
        rows=tuple(rows),
        pairs=tuple(pairs(answers, options.references)),
        questions=_questions(rows),
        best_score=records.best_score(tuple(rows)),
    )
    return Comparison(result, warnings)


def _work(refs: Sequence[ModelRef], backends: Sequence[str]) -> list[tuple[ModelRef, str]]:
    """Which model is asked on which backend."""
    if not refs:
        raise InputError("no model to compare", expected="one model or more")
    twins = sorted({ref.name for ref in refs if sum(other.name == ref.name for other in refs) > 1})
    if twins:
        raise InputError("two models have one name", found=", ".join(twins), hint="Rename one of the files")
    work = [
        (ref, backend)
        for ref in refs
        for backend in dict.fromkeys(backends)
        if backend == "mlx" or ref.kind == "gguf"
    ]
    for ref in refs:
        if not any(other is ref for other, _ in work):
            raise InputError("llama.cpp reads GGUF files", where=ref.path, found="a directory")
    return work


@dataclass(frozen=True)
class _Asking:
    """One model on one backend.

    Attributes:
        ref: The model.
        backend: The runtime that opens it.
        is_base: Whether it is the untrained model.
        dataset: The questions' databases.
        examples: The questions that it is asked.
        of: How many questions the split has.
        options: How they are asked.
    """

    ref: ModelRef
    backend: str
    is_base: bool
    dataset: Dataset
    examples: list[Example]
    of: int
    options: CompareOptions

    @property
    def out(self) -> Path | None:
        if self.options.out_dir is None:
            return None
        return self.options.out_dir / predictions_name(self.ref.name, self.backend, self.options.split)

    def row(self, progress: Progress | None) -> tuple[records.ComparisonRow, Predictions]:
        """Ask, and sum up the answers."""
        if progress is not None:
            progress(0, len(self.examples), "")
        options, out = self.options, self.out
        trained_on = options.base_prompt_format if self.is_base else _trained_format(self.ref)
        asked = PredictOptions(
            max_tokens=options.max_tokens,
            grammar=options.grammar,
            prompt_format=trained_on or self.dataset.prompt_format,
        )
        tutorial = _tutorial_prompts(asked.prompt_format)
        prompts = [*tutorial, *asked_in(self.dataset, self.examples, asked.prompt_format)]
        with closing(open_scorer(self.ref, self.backend, prompts, max_tokens=options.max_tokens)) as backend:
            answers = _one_by_one(backend, tutorial, asked)
            predictions = predict(
                backend, self.dataset, self.examples, asked, out=out, force=options.force, progress=progress
            )
            return self._summed(backend, answers, predictions), predictions

    def _summed(
        self, backend: Backend, answers: list[Generation], predictions: Predictions
    ) -> records.ComparisonRow:
        summary, ref = predictions.summary, self.ref
        computed = sum(answer.prompt_tokens - answer.cached_tokens for answer in answers)
        gguf = ref.kind == "gguf"
        return records.ComparisonRow(
            model=ref.name,
            base=self.is_base,
            path=str(ref.path),
            type=models.gguf_facts(ref.path).type if gguf else models.directory_type(ref.path),
            bytes=ref.bytes,
            backend=self.backend,
            device=backend.device,
            weights=backend.weights,
            load_seconds=backend.load_seconds,
            prompt_tps=_rate(computed, sum(answer.prompt_seconds for answer in answers)),
            gen_tps=_rate(sum(a.tokens for a in answers), sum(answer.seconds for answer in answers)),
            answers=tuple(answer.text for answer in answers),
            n=summary.n,
            of=self.of,
            measure=summary.measure,
            correct=summary.correct,
            exact=summary.exact,
            logical=summary.logical,
            valid=summary.valid,
            interval=summary.interval,
            classes=summary.classes,
            kill_rate=summary.kill_rate,
            cut_off=predictions.cut_off,
            batch_seconds=predictions.seconds,
            batch_tokens=sum(generation.tokens for generation in predictions.generations),
            grammar=self.options.grammar,
            trust=_trust(predictions),
            predictions=str(self.out) if self.out is not None else None,
        )


def _trust(predictions: Predictions) -> records.Trust:
    graded = predictions.graded
    answered = [index for index in range(len(graded)) if predictions.status(index) != "uncertain"]
    return records.Trust(
        min_logprob=predictions.min_logprob,
        answered=len(answered),
        right=sum(graded[index].correct for index in answered),
        curve=tuple(coverage_curve(graded)),
    )


def _questions(rows: Sequence[records.ComparisonRow]) -> tuple[records.ComparedQuestion, ...]:
    return tuple(
        records.ComparedQuestion(
            question=parse_prompt(prompt)[1],
            answers=tuple(
                records.ComparedAnswer(name=row.model, backend=row.backend, sql=row.answers[index])
                for row in rows
            ),
        )
        for index, prompt in enumerate(TUTORIAL_PROMPTS)
    )


def _trained_format(ref: ModelRef) -> PromptFormat | None:
    gguf = ref.kind == "gguf"
    facts = models.gguf_facts(ref.path, ref.adapter) if gguf else models.directory_facts(ref.path)
    return PromptFormat.known(facts.prompt_format)


def _tutorial_prompts(prompt_format: PromptFormat | None) -> list[str]:
    """The tutorial's questions in a format."""
    parsed = map(parse_prompt, TUTORIAL_PROMPTS)
    return [render_prompt(one.schema, one.question, prompt_format or DEFAULT_FORMAT) for one in parsed]


def _one_by_one(backend: Backend, prompts: Sequence[str], asked: PredictOptions) -> list[Generation]:
    """The tutorial's questions, each alone, after a warm-up that is not counted."""
    backend.answer(Request("warm up:", max_tokens=2))
    requests = []
    for prompt in prompts:
        parsed, width = parse_prompt(prompt), backend.grammar or DEFAULT_WIDTH
        grammar = grammar_of(parsed.schema, width=width, about=parsed.question) if asked.grammar else None
        requests.append(Request(prompt, max_tokens=asked.max_tokens, grammar=grammar))
    return [backend.answer(request) for request in requests]


def _labelled(progress: Progress | None, label: str) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total, what: progress(done, total, label)


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if seconds > 0 else 0.0
