"""Questions over tables to a loaded model: the prompt, the grammar, the samples and the vote."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from t2sql import sql
from t2sql.confidence import VOTE_TEMP
from t2sql.errors import InputError
from t2sql.generate.answer import Answer, Timings, choose_by_votes
from t2sql.generate.backend import Backend
from t2sql.generate.request import DEFAULT_MAX_TOKENS, Cancelled, Generation, OnText, Request, never
from t2sql.grammar import DEFAULT_WIDTH, Grammar, Width, grammar_of
from t2sql.prompt import (
    DEFAULT_FORMAT,
    NO_HINTS,
    PromptFormat,
    PromptHints,
    render_prompt,
    render_retry,
)
from t2sql.schema import Schema, with_guessed_keys

Values: TypeAlias = Literal["free", "question"]
"""Where the texts in an answer come from: anywhere, or words of the question."""

GrammarOption: TypeAlias = Literal["narrow", "wide", "off"]
"""What an answer may be: a statement such as t2sql's own data has, many more, or any text."""

MAX_VOTES = 64


@dataclass(frozen=True)
class FailedStatement:
    """A statement that the database refused; the model gets both when it is asked again.

    Attributes:
        sql: The statement.
        error: The database's message.
    """

    sql: str
    error: str


@dataclass(frozen=True)
class AskOptions:
    """How a question is asked.

    Attributes:
        max_tokens: The most tokens of an answer.
        temperature: 0 takes the likeliest token each time.
        seed: Of the samples' random numbers.
        free: Whether the answer may be any text, and not only a statement over the tables.
        grammar: Which statements the answer may be; "off" is the same as `free`. None takes what the model
            was trained for, and "narrow" where its file does not say.
        values: Where the texts in the answer come from; not used when `free`. None is "question" in the wide
            grammar, with the question's numbers and the columns' known values, and "free" in the narrow one.
        votes: Samples to draw; the statement that most of them agree on is taken.
        min_logprob: The log-probability below which an answer is uncertain; None takes the model's own.
        prompt_format: How the question is put; None takes what the model was trained on.
    """

    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float = 0.0
    seed: int = 0
    free: bool = False
    grammar: GrammarOption | None = None
    values: Values | None = None
    votes: int = 1
    min_logprob: float | None = None
    prompt_format: PromptFormat | None = None

    def __post_init__(self) -> None:
        """Check every option.

        Raises:
            InputError: One is out of range; the message names the command line's option.
        """
        if self.values is not None and self.values not in get_args(Values):
            expected = " or ".join(get_args(Values))
            raise InputError("unknown --values", expected=expected, found=repr(self.values))
        if self.grammar is not None and self.grammar not in get_args(GrammarOption):
            expected = ", ".join(get_args(GrammarOption))
            raise InputError("unknown --grammar", expected=expected, found=repr(self.grammar))
        if self.free and self.grammar not in (None, "off"):
            raise InputError("--free and --grammar contradict each other", found=f"--grammar {self.grammar}")
        if self.max_tokens < 1:
            raise InputError("--max-tokens is too small", expected="1 or more", found=self.max_tokens)
        if not 0 <= self.temperature < math.inf:
            raise InputError("--temp is out of range", expected="0 or more", found=self.temperature)
        if not 1 <= self.votes <= MAX_VOTES:
            raise InputError("--votes is out of range", expected=f"1 to {MAX_VOTES}", found=self.votes)
        if self.min_logprob is not None and (math.isnan(self.min_logprob) or self.min_logprob > 0):
            raise InputError(
                "--min-logprob is out of range", expected="a logarithm, 0 or less", found=self.min_logprob
            )

    @property
    def constrained(self) -> bool:
        """Whether the answer has a grammar."""
        return not self.free and self.grammar != "off"


@dataclass(frozen=True)
class Asker:
    """A loaded model and how it is asked.

    Attributes:
        backend: The model.
        options: How it is asked.
        on_text: Gets each piece of the first sample's text as it comes.
        cancelled: Once it returns True, what runs ends soon.
        on_generation: Gets everything that the model generated, such as for counting tokens.
    """

    backend: Backend
    options: AskOptions = AskOptions()
    on_text: OnText | None = None
    cancelled: Cancelled = never
    on_generation: Callable[[Generation], None] = lambda generation: None

    @property
    def prompt_format(self) -> PromptFormat:
        """How the model is asked: as `options` say, else as it was trained, else as it is by default."""
        if self.options.prompt_format is not None:
            return self.options.prompt_format
        return PromptFormat.known(self.backend.prompt_format) or DEFAULT_FORMAT

    @property
    def width(self) -> Width:
        """Which grammar an answer has: as `options` say, else as the model's file says, else narrow."""
        option = self.options.grammar
        return option if option is not None and option != "off" else self.backend.grammar or DEFAULT_WIDTH

    def ask(
        self,
        question: str,
        schema: Schema,
        failed: FailedStatement | None = None,
        hints: PromptHints = NO_HINTS,
    ) -> Answer:
        """Ask for the SQL of a question over tables.

        Args:
            question: The question, in words.
            schema: The tables. Unless `options` allow any text, the answer is a statement over them.
            failed: The statement that the model gave before and the database refused. The second attempt is
                one sample, and is always a statement over the tables.
            hints: What there is for the prompt beside the schema; only some formats show it.

        Returns:
            The answer.

        Raises:
            InputError: The question is empty, or no grammar can be made of the schema.
            ContextError: The prompt does not fit the model's context.
            WorkError: The model failed.
        """
        question = check_question(question)
        grammar = None
        if failed is not None or self.options.constrained:
            values = self.options.values or ("question" if self.width == "wide" else "free")
            copied = f"{question} {hints.evidence}".strip() if values == "question" else None
            known = [str(one.value) for one in hints.values]
            grammar = grammar_of(schema, copied, self.width, about=question, known=known)
        shown = with_guessed_keys(schema) if "keys" in self.prompt_format.parts else schema
        prompt = render_prompt(shown, question, self.prompt_format, hints)
        if failed is not None:
            retry = render_retry(prompt, question, failed.sql, failed.error)
            answer = self._answer(retry, grammar, votes=1)
        else:
            answer = self._answer(prompt, grammar, votes=self.options.votes)
        return replace(answer, warnings=_warnings(self, grammar))

    def complete(self, prompt: str) -> Answer:
        """Give the model a raw prompt, without a grammar.

        Args:
            prompt: Any text.

        Returns:
            The answer.

        Raises:
            InputError: The prompt is empty.
            ContextError: It does not fit the model's context.
            WorkError: The model failed.
        """
        if not prompt.strip():
            raise InputError("the prompt is empty")
        return self._answer(prompt, None, votes=self.options.votes)

    def _answer(self, prompt: str, grammar: Grammar | None, *, votes: int) -> Answer:
        backend, options = self.backend, self.options
        samples = self._samples(prompt, grammar, votes)
        first = samples[0]
        answer = Answer(
            prompt=prompt,
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
            min_logprob=backend.min_logprob if options.min_logprob is None else options.min_logprob,
        )
        if votes == 1:
            return answer
        return choose_by_votes(answer, [sample.text or None for sample in samples], sql.same_statement)

    def _samples(self, prompt: str, grammar: Grammar | None, votes: int) -> list[Generation]:
        """The answer at the temperature asked for, and one warmer sample for each vote that is left."""
        options = self.options
        first = Request(prompt, options.max_tokens, options.temperature, options.seed, grammar, logprobs=True)
        samples = [self.backend.answer(first, on_text=self.on_text, cancelled=self.cancelled)]
        if votes > 1:
            warmer = replace(first, temperature=options.temperature or VOTE_TEMP)
            requests = [replace(warmer, seed=options.seed + sample) for sample in range(1, votes)]
            samples += self.backend.answers(requests, cancelled=self.cancelled)
        for generation in samples:
            self.on_generation(generation)
        return samples


def check_question(question: str) -> str:
    """The question as it is.

    Raises:
        InputError: It is empty.
    """
    if not question.strip():
        raise InputError("the question is empty", expected="a question in words")
    return question


def _warnings(asker: Asker, grammar: Grammar | None) -> tuple[str, ...]:
    backend, asked = asker.backend, asker.prompt_format
    found: tuple[str, ...] = ()
    if grammar is not None and grammar.left_out:
        names = ", ".join(grammar.left_out)
        found = (f"the wide grammar holds too few tables for all: it leaves out {names}",)
    if grammar is not None and grammar.pairs_left_out:
        count = grammar.pairs_left_out
        found += (
            f"the wide grammar does not join {count} pairs of tables that keys connect, the least near",
        )
    if PromptFormat.known(backend.prompt_format) == asked:
        return found
    if backend.prompt_format is None:
        trained = "does not say what prompt it was trained on"
    else:
        trained = f"was trained on the prompt {backend.prompt_format}"
    return (*found, f"{backend.model} {trained}; it is asked with {asked}")
