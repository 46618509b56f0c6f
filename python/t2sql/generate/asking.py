"""`ask`: one question over tables, answered by a model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from t2sql.confidence import VOTE_TEMP, elect
from t2sql.errors import InputError
from t2sql.generate.answer import Answer, Timings
from t2sql.generate.backend import Backend, Generation, open_backend
from t2sql.grammar import grammar_of

if TYPE_CHECKING:
    from t2sql.grammar import Grammar
    from t2sql.schema import Schema

VALUES = ("free", "question")
"""Where the texts of an answer come from."""

MAX_VOTES = 64


@dataclass(frozen=True)
class Failed:
    """A statement that did not run, and what the database said of it: the model is told both."""

    sql: str
    error: str


def ask(
    model: str | Backend,
    question: str | None = None,
    *,
    tables: list[str] | None = None,
    schema: Schema | None = None,
    prompt: str | None = None,
    backend: str = "auto",
    max_tokens: int = 128,
    temp: float = 0.0,
    seed: int = 0,
    free: bool = False,
    values: str = "free",
    votes: int = 1,
    min_logprob: float | None = None,
    failed: Failed | None = None,
    **options: Any,
) -> Answer:
    """Ask a model (a model argument, or a backend that is open already) for the SQL of a question.

    The tables come as `--table` lines or as a schema, and the answer is a statement of their grammar
    (`t2sql.grammar`) unless `free`; with `values="question"` its texts are words of the question. `prompt`
    replaces tables and question, and is given to the model as it stands. Of `votes` samples the statement
    that most of them are is taken. An answer whose log-probability is below `min_logprob` (by default the
    model file's own) is uncertain. With `failed`, the model is told what came of its first statement, and
    kept to the grammar. `options` are `open_backend`'s.
    """
    text, asked = _prompt(question, tables, schema, prompt, failed)
    if values not in VALUES:
        raise InputError("unknown --values", expected=" or ".join(VALUES), found=repr(values))
    copied = question if values == "question" else None
    constrained = asked is not None and (not free or failed is not None)
    grammar = grammar_of(asked, copied) if constrained and asked is not None else None
    if max_tokens < 1:
        raise InputError("--max-tokens is too small", expected="1 or more", found=max_tokens)
    if not 0 <= temp < float("inf"):
        raise InputError("--temp is out of range", expected="0 or more", found=temp)
    if not 1 <= votes <= MAX_VOTES:
        raise InputError("--votes is out of range", expected=f"1 to {MAX_VOTES}", found=votes)
    if min_logprob is not None and (math.isnan(min_logprob) or min_logprob > 0):
        raise InputError(
            "--min-logprob is out of range", expected="a logarithm, 0 or less", found=min_logprob
        )
    wanted = _Wanted(text, grammar, max_tokens, temp, seed, votes, min_logprob, prompt is not None)
    if not isinstance(model, str):
        return _answer(model, wanted)
    opened = open_backend(model, backend, **options)
    try:
        return _answer(opened, wanted)
    finally:
        opened.close()


@dataclass(frozen=True)
class _Wanted:
    prompt: str
    grammar: Grammar | None
    max_tokens: int
    temp: float
    seed: int
    votes: int
    min_logprob: float | None
    raw: bool


def _prompt(
    question: str | None,
    tables: list[str] | None,
    schema: Schema | None,
    prompt: str | None,
    failed: Failed | None,
) -> tuple[str, Schema | None]:
    """The model's text, and the schema that it asks about unless it is raw."""
    from t2sql.prompt import render_prompt, render_retry
    from t2sql.schema import read_table_lines

    if prompt is not None:
        if question or tables or schema is not None:
            raise InputError("--prompt stands alone", hint="Leave out the question and the tables")
        if not prompt.strip():
            raise InputError("the prompt is empty")
        return prompt, None
    if not question or not question.strip():
        raise InputError("the question is empty", expected="a question in words")
    if (schema is None) == (not tables):
        found = "both" if tables else "neither"
        raise InputError("which tables?", expected="--table lines or a schema", found=found)
    if schema is None:
        schema = read_table_lines(tables or [])
    if failed is not None:
        return render_retry(schema, question, failed.sql, failed.error), schema
    return render_prompt(schema, question), schema


def _answer(backend: Backend, wanted: _Wanted) -> Answer:
    samples = _samples(backend, wanted)
    first = samples[0]
    answer = Answer(
        prompt=wanted.prompt,
        model=backend.model,
        backend=backend.name,
        device=backend.device,
        weights=backend.weights,
        generation=first,
        timings=Timings(
            load_seconds=backend.load_seconds,
            prompt_tokens=first.prompt_tokens - first.cached_tokens,
            prompt_seconds=first.prompt_seconds,
            tokens=first.tokens,
            seconds=first.seconds,
        ),
        samples=tuple(samples),
        min_logprob=backend.min_logprob if wanted.min_logprob is None else wanted.min_logprob,
        warnings=tuple(_warnings(backend, wanted.raw)),
    )
    return answer if wanted.votes == 1 else elected(answer, [sample.text or None for sample in samples])


def _samples(backend: Backend, wanted: _Wanted) -> list[Generation]:
    """The likeliest answer, and then as many warmer ones as votes are left."""

    def generate(count: int, temp: float, seed: int) -> list[Generation]:
        grammars = [] if wanted.grammar is None else [wanted.grammar] * count
        return backend.generate(
            [wanted.prompt] * count,
            max_tokens=wanted.max_tokens,
            temp=temp,
            seed=seed,
            grammars=grammars,
            logprobs=True,
        )

    samples = generate(1, wanted.temp, wanted.seed)
    if wanted.votes > 1:
        samples += generate(wanted.votes - 1, wanted.temp or VOTE_TEMP, wanted.seed + 1)
    return samples


def elected(answer: Answer, ballots: list[Any], same: Any = None) -> Answer:
    """The answer with that of its samples that most ballots (one a sample; None is no vote) agree on; by
    default the samples' texts, which agree when they are the same statement."""
    from t2sql.sql import same_statement

    election = elect(ballots, same or same_statement)
    return replace(answer, generation=answer.samples[election.index], agreement=election.agreement)


def _warnings(backend: Backend, raw: bool) -> list[str]:
    from t2sql.prompt import PROMPT_FORMAT

    if raw or backend.prompt_format == PROMPT_FORMAT:
        return []
    if backend.prompt_format is None:
        return [
            f"{backend.model} does not say what prompt it was trained on; it is asked with {PROMPT_FORMAT}"
        ]
    return [
        f"{backend.model} was trained on the prompt {backend.prompt_format}; it is asked with {PROMPT_FORMAT}"
    ]
