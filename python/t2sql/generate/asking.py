"""`t2sql.ask`: one question to a model, from opening it to closing it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from t2sql.bounds import check_names
from t2sql.errors import InputError
from t2sql.generate.answer import Answer
from t2sql.generate.ask_options import AskOptions, GrammarOption, Values
from t2sql.generate.asker import Asker, FailedStatement, check_question
from t2sql.generate.backend import Backend, BackendOptions
from t2sql.generate.opening import open_backend
from t2sql.models import ModelRef
from t2sql.prompt import PromptFormat, PromptHints
from t2sql.schema import Schema, read_table_lines


@dataclass(frozen=True)
class Subject:
    """What is asked: a question over tables, or a raw prompt. Make one with `of`, which checks.

    Attributes:
        question: The question, in words; "" with a prompt.
        schema: The tables; None with a prompt.
        prompt: A raw text for the model.
    """

    question: str
    schema: Schema | None
    prompt: str = ""

    @classmethod
    def of(
        cls,
        question: str | None,
        tables: Sequence[str] | None = None,
        schema: Schema | None = None,
        prompt: str | None = None,
    ) -> Subject:
        """Make a subject from what a user gave: a question with tables or a schema, or a prompt alone.

        Raises:
            InputError: Something is missing, empty or too much, or a table line cannot be read.
        """
        if prompt is not None:
            if question or tables or schema is not None:
                raise InputError("--prompt stands alone", hint="Leave out the question and the tables")
            if not prompt.strip():
                raise InputError("the prompt is empty")
            return cls("", None, prompt)
        question = check_question(question or "")
        if (schema is None) == (not tables):
            found = "both" if tables else "neither"
            raise InputError("which tables?", expected="--table lines or a schema", found=found)
        return cls(question, read_table_lines(list(tables or ())) if schema is None else schema)

    def ask(self, asker: Asker, failed: FailedStatement | None = None, evidence: str = "") -> Answer:
        """Ask; see `Asker.ask` and `Asker.complete`. A raw prompt takes no evidence."""
        if self.schema is None:
            return asker.complete(self.prompt)
        return asker.ask(self.question, self.schema, failed, PromptHints(evidence=evidence))


class AskKeywords(TypedDict, total=False):
    """Options of `ask`: of the answer (`AskOptions`), and of opening the model (`BackendOptions`)."""

    max_tokens: int
    temp: float
    seed: int
    free: bool
    grammar: GrammarOption | None
    values: Values | None
    votes: int
    beam: int
    min_logprob: float | None
    prompt_format: str | PromptFormat | None
    failed: FailedStatement | None
    evidence: str
    backend: str
    adapter: str | Path | None
    threads: int | None
    context: int | None
    slots: int | None
    gpu_layers: int | None
    batch_size: int | None


def ask(
    model: str | Path | ModelRef | Backend,
    question: str | None = None,
    *,
    tables: Sequence[str] | None = None,
    schema: Schema | None = None,
    prompt: str | None = None,
    **options: Unpack[AskKeywords],
) -> Answer:
    """Ask a model for the SQL of a question over tables.

    Args:
        model: A model argument, a resolved model, or a backend that is open already and stays open.
        question: The question, in words.
        tables: The tables as lines "NAME: COLUMN, COLUMN"; or give `schema`.
        schema: The tables.
        prompt: A raw text for the model, in place of question and tables.
        **options: `backend` is `open_backend`'s; `temp` is `AskOptions.temperature`, `failed` is
            `Asker.ask`'s, `evidence` is `PromptHints.evidence`; the others are described in `AskOptions` and
            `BackendOptions`.

    Returns:
        The answer.

    Raises:
        InputError: An argument is wrong, or the model cannot be opened.
        ContextError: The prompt does not fit the model's context.
        WorkError: The model failed.

    Example:
        >>> answer = t2sql.ask("demo.q8_0.gguf", "How old is Ann?", tables=["students: Name, Age"])
        >>> answer.sql
        "SELECT Age FROM students WHERE Name = 'Ann'"
    """
    check_names("ask", options, AskKeywords.__annotations__)
    subject = Subject.of(question, tables, schema, prompt)
    how, failed, evidence = _ask_options(options), options.get("failed"), options.get("evidence", "")
    if not isinstance(model, (str, Path, ModelRef)):
        return subject.ask(Asker(model, how), failed, evidence)
    with closing(open_backend(model, options.get("backend", "auto"), _backend_options(options))) as backend:
        return subject.ask(Asker(backend, how), failed, evidence)


def _ask_options(options: AskKeywords) -> AskOptions:
    named = options.get("prompt_format")
    return AskOptions(
        max_tokens=options.get("max_tokens", AskOptions.max_tokens),
        temperature=options.get("temp", AskOptions.temperature),
        seed=options.get("seed", AskOptions.seed),
        free=options.get("free", AskOptions.free),
        grammar=options.get("grammar"),
        values=options.get("values"),
        votes=options.get("votes", AskOptions.votes),
        beam=options.get("beam", AskOptions.beam),
        min_logprob=options.get("min_logprob"),
        prompt_format=PromptFormat.of(named) if isinstance(named, str) else named,
    )


def _backend_options(options: AskKeywords) -> BackendOptions:
    adapter = options.get("adapter")
    return BackendOptions(
        adapter=None if adapter is None else Path(adapter),
        threads=options.get("threads"),
        context=options.get("context"),
        slots=options.get("slots"),
        gpu_layers=options.get("gpu_layers"),
        batch_size=options.get("batch_size"),
    )
