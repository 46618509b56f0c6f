"""Questions over tables to a loaded model: the prompt, the grammar, the samples and the vote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from t2sql import sql
from t2sql.confidence import VOTE_TEMP
from t2sql.data import with_evidence
from t2sql.errors import InputError
from t2sql.generate.answer import Answer, Timings, choose_by_votes
from t2sql.generate.ask_options import AskOptions, Values
from t2sql.generate.backend import Backend
from t2sql.generate.request import Cancelled, Generation, OnText, Request, never
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

_DEFAULT_OPTIONS = AskOptions()


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
    options: AskOptions = _DEFAULT_OPTIONS
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
        if self.options.answered:
            hints = replace(hints, answered=(*hints.answered, *self.options.answered))
        grammar = None
        if failed is not None or self.options.constrained:
            grammar = grammar_for(question, schema, self.width, hints, self.options.values)
        shown = with_guessed_keys(schema) if "keys" in self.prompt_format.parts else schema
        # Version 1 has no place of its own for evidence.
        asked = with_evidence(question, hints.evidence) if self.prompt_format.version == 1 else question
        prompt = render_prompt(shown, asked, self.prompt_format, hints)
        if failed is not None:
            retry = render_retry(prompt, asked, failed.sql, failed.error)
            answer = self._answer(retry, grammar, votes=1)
        elif self.options.beam > 1:
            answer = self._answer_by_beam(prompt, grammar)
        else:
            answer = self._answer(prompt, grammar, votes=self.options.votes)
        answer = replace(answer, warnings=_warnings(self, grammar, hints), question=question, schema=schema)
        if answer.beam is None:
            return answer
        whole = (one for one in answer.samples if not answer.gaps(one.text))
        return replace(answer, generation=next(whole, answer.generation))

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
        if self.options.beam > 1:
            raise InputError("--beam needs tables", hint="Leave it out: a raw prompt has no grammar")
        return self._answer(prompt, None, votes=self.options.votes)

    def _answer(self, prompt: str, grammar: Grammar | None, *, votes: int) -> Answer:
        answer = self._answer_with(prompt, self._samples(prompt, grammar, votes))
        if votes == 1:
            return answer
        return choose_by_votes(answer, [sample.text or None for sample in answer.samples], sql.same_statement)

    def _answer_by_beam(self, prompt: str, grammar: Grammar | None) -> Answer:
        options = self.options
        request = Request(prompt, options.max_tokens, grammar=grammar, logprobs=True)
        candidates = self.backend.beam(request, options.beam, cancelled=self.cancelled)
        if self.on_text is not None:
            self.on_text(candidates[0].text)
        for generation in candidates:
            self.on_generation(generation)
        return replace(self._answer_with(prompt, candidates), beam=options.beam)

    def _answer_with(self, prompt: str, samples: Sequence[Generation]) -> Answer:
        """The answer with the first of some samples."""
        backend, options = self.backend, self.options
        first = samples[0]
        return Answer(
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


def grammar_for(
    question: str,
    schema: Schema,
    width: Width,
    hints: PromptHints = NO_HINTS,
    values: Values | None = None,
) -> Grammar:
    """The grammar of the answers to a question.

    Args:
        question: The question, in words.
        schema: The tables.
        width: Which statements.
        hints: Values of the database and the evidence: what texts of the answer may be taken from.
        values: As `AskOptions.values`.

    Raises:
        InputError: No grammar can be made of the schema.
    """
    values = values or ("question" if width == "wide" else "free")
    copied = f"{question} {hints.evidence}".strip() if values == "question" else None
    known = [str(one.value) for one in hints.values]
    return grammar_of(schema, copied, width, about=question, known=known)


def check_question(question: str) -> str:
    """The question as it is.

    Raises:
        InputError: It is empty.
    """
    if not question.strip():
        raise InputError("the question is empty", expected="a question in words")
    return question


def _warnings(asker: Asker, grammar: Grammar | None, hints: PromptHints) -> tuple[str, ...]:
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
    if hints.evidence and asked.version > 1 and "evidence" not in asked.parts:
        found += (f"the prompt {asked} has no place for evidence; the model does not see it",)
    if PromptFormat.known(backend.prompt_format) == asked:
        return found
    if backend.prompt_format is None:
        trained = "does not say what prompt it was trained on"
    else:
        trained = f"was trained on the prompt {backend.prompt_format}"
    return (*found, f"{backend.model} {trained}; it is asked with {asked}")
