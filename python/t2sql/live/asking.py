"""A question to a live database: its schema into the prompt, the model's statement checked, perhaps run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from t2sql.errors import ContextError, InputError
from t2sql.generate import (
    Answer,
    Asker,
    FailedStatement,
    Generation,
    Timings,
    check_question,
    choose_by_votes,
)
from t2sql.live.answer import LiveAnswer
from t2sql.live.database import LiveDatabase
from t2sql.live.missed_values import missed_values
from t2sql.live.names import shown_schema, shown_value
from t2sql.live.relevance import SchemaPart, select_part
from t2sql.live.running import Limits
from t2sql.live.statement import Statement
from t2sql.prompt import NO_HINTS, PromptHints
from t2sql.remembered import RememberedAnswer, RememberedStore
from t2sql.schema import Schema
from t2sql.sql import Result, SqlError, same_result

DEFAULT_CONTEXT = 2048
"""Tokens of a prompt and its answer where the backend does not say how many it takes."""
_MOST_MATCHES = 20
"""Values of the database that are looked for; a prompt has the first of them that are in its tables."""
MAX_QUESTION_CHARACTERS = 20_000

# `select_part` estimates tokens by bytes, three to a token, and no tokenizer makes more than one token of a
# byte: at a quarter of the context even such a prompt fits.
_CONTEXT_FRACTIONS = (1.0, 0.7, 0.45, 0.25)
_DEFAULT_LIMITS = Limits()
_PLAUSIBLE = 2
"""The rank of a candidate that runs and that the database has nothing against."""


def ask_database(
    asker: Asker,
    database: LiveDatabase,
    question: str,
    *,
    execute: bool = False,
    limits: Limits = _DEFAULT_LIMITS,
    evidence: str = "",
    remembered: RememberedStore | None = None,
) -> LiveAnswer:
    """Ask for the SQL of a question over a database's tables, and perhaps for its rows.

    A statement that the database refuses goes back to the model once, with the reason. With votes and
    `execute`, the samples vote by their rows. Of a beam search's candidates the likeliest is taken that runs,
    has no text that the database has not, and, with `execute`, returns a value. A question whose answer is
    remembered gets that, after the same checks; the model is asked only where it cannot run any more.

    Args:
        asker: The model. Its `cancelled` ends statements as well.
        database: The database.
        question: The question, in words.
        execute: Whether the statement is run.
        limits: How much it may use.
        evidence: What the user says beside the question; only some prompt formats show it.
        remembered: Answers that the user confirmed or corrected; None looks for none.

    Returns:
        The answer. A statement that cannot run is an `error` in it, not an exception.

    Raises:
        InputError: The question is empty or too long.
        ContextError: The question alone does not fit the model's context.
        WorkError: The model failed, or the database went away.
    """
    check_question(question)
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise InputError(
            "the question is too long",
            expected=f"at most {MAX_QUESTION_CHARACTERS:,} characters",
            found=f"{len(question):,}",
        )
    schema = database.schema()
    attempts = _Attempts(asker, database, schema, limits if execute else None)
    known = None
    if remembered is not None and not asker.options.fresh:
        known = remembered.find(question, schema)
    stale: tuple[str, ...] = ()
    if known is not None:
        attempt = attempts.attempt(known.sql)
        if attempt.error is None:
            return _recalled(known, attempt, asker, database.dialect)
        stale = (
            f"the remembered statement cannot run any more ({attempt.error.found}): the model was asked",
        )
    database.read_texts_soon()
    parts = asker.prompt_format.parts
    shown = shown_schema(database.with_samples(schema) if "samples" in parts else schema)
    # The wide grammar takes them as texts of the answer, whether or not the prompt shows them.
    looks_up = "values" in parts or asker.width == "wide"
    values = database.matching_values(question, _MOST_MATCHES) if looks_up else ()
    similar: list[RememberedAnswer] = []
    if remembered is not None and asker.options.similar:
        similar = remembered.similar(question, schema, asker.options.similar)
    pairs = tuple((one.question, one.sql) for one in similar)
    hints = PromptHints(tuple(map(shown_value, values)), evidence, pairs)
    part, answer = ask_within_context(asker, shown, question, hints)
    answer = replace(answer, warnings=(*answer.warnings, *stale))
    if execute and answer.agreement is not None:
        answer = attempts.vote_by_rows(answer)
    if answer.beam is not None:
        answer = attempts.first_plausible(answer)
    attempt = attempts.attempt(answer.sql)
    first = None
    if attempt.error is not None and answer.sql and not asker.cancelled():
        failed = FailedStatement(answer.sql, str(attempt.error.found))
        second = _ask_again(asker, part.schema, question, failed, hints)
        if second is not None and not _same_text(second.sql, answer.sql):
            first, answer, attempt = failed, second, attempts.attempt(second.sql)
    missed: tuple[str, ...] = ()
    if attempt.statement is not None:
        # Only now: the texts were read while the model wrote.
        said = values if looks_up else database.matching_values(question, _MOST_MATCHES)
        missed = missed_values(said, question, attempt.statement.sql, schema)
    return LiveAnswer(
        sql=answer.sql if attempt.statement is None else attempt.statement.sql,
        answer=answer,
        dialect=database.dialect,
        statement=attempt.statement,
        left_out=part.left_out,
        result=attempt.result,
        error=attempt.error,
        first=first,
        missed=missed,
    )


def ask_within_context(
    asker: Asker, schema: Schema, question: str, hints: PromptHints = NO_HINTS
) -> tuple[SchemaPart, Answer]:
    """Ask over as much of a schema as fits the model's context.

    We cannot count tokens here; after a ContextError a smaller part is asked about.

    Args:
        asker: The model.
        schema: The whole schema, as a prompt shows it.
        question: The question.
        hints: What there is beside the schema.

    Returns:
        The part of the schema that the prompt has, and the answer.

    Raises:
        ContextError: Even the smallest part does not fit.
    """
    context = (asker.backend.context or DEFAULT_CONTEXT) - asker.options.max_tokens
    refused: Schema | None = None
    refusal: ContextError | None = None
    for fraction in _CONTEXT_FRACTIONS:
        part = select_part(schema, question, context * fraction, asker.prompt_format, hints)
        if part.schema == refused:
            continue
        try:
            return part, asker.ask(question, part.schema, hints=hints)
        except ContextError as error:
            refused, refusal = part.schema, error
    assert refusal is not None
    raise refusal


@dataclass(frozen=True)
class _Attempt:
    """What became of a model's statement in the database."""

    statement: Statement | None
    result: Result | None
    error: SqlError | None

    @property
    def is_plausible(self) -> bool:
        """Whether the database has nothing against it."""
        if self.statement is None or self.error is not None or self.statement.unmatched:
            return False
        return self.result is None or not self.result.is_empty


@dataclass(frozen=True)
class _Attempts:
    """Statements of one question, each checked and perhaps run, once."""

    asker: Asker
    database: LiveDatabase
    schema: Schema
    limits: Limits | None
    """None: they are not run."""
    _made: dict[str, _Attempt] = field(default_factory=dict)

    def attempt(self, sql: str) -> _Attempt:
        if sql not in self._made:
            self._made[sql] = self._attempt(sql)
        return self._made[sql]

    def _attempt(self, sql: str) -> _Attempt:
        statement = result = None
        try:
            statement = self.database.prepare(sql, self.schema)
            if self.limits is not None:
                result = self.database.execute(statement, self.limits, cancelled=self.asker.cancelled)
        except SqlError as error:
            return _Attempt(statement, None, error)
        return _Attempt(statement, result, None)

    def first_plausible(self, answer: Answer) -> Answer:
        """Choose the first candidate that nothing speaks against.

        Without one it is the first that the database has nothing against, else the first that runs.
        """
        best: tuple[int, Generation] | None = None
        for candidate in answer.samples:
            attempt = self.attempt(candidate.text)
            rank = (attempt.error is None) + attempt.is_plausible
            if rank == _PLAUSIBLE and not answer.gaps(candidate.text):
                return replace(answer, generation=candidate)
            if best is None or rank > best[0]:
                best = rank, candidate
            if self.asker.cancelled():
                break
        return answer if best is None else replace(answer, generation=best[1])

    def vote_by_rows(self, answer: Answer) -> Answer:
        """Choose among the samples by what each returns; one that does not run has no vote."""
        results = {sample.text: self.attempt(sample.text).result for sample in answer.samples}
        ballots = [results[sample.text] for sample in answer.samples]
        return choose_by_votes(answer, ballots, lambda a, b: same_result(a, b, ordered=False))


def _recalled(known: RememberedAnswer, attempt: _Attempt, asker: Asker, dialect: str) -> LiveAnswer:
    """The answer that a remembered statement gives; the model did nothing for it."""
    assert attempt.statement is not None
    backend = asker.backend
    answer = Answer(
        prompt="",
        model=backend.model,
        backend=backend.name,
        device=backend.device,
        weights=backend.weights,
        generation=Generation(known.sql, 0, 0, 0.0, 0.0, "stop"),
        timings=Timings(backend.load_seconds, 0, 0.0, 0, 0.0),
    )
    return LiveAnswer(
        sql=attempt.statement.sql,
        answer=answer,
        dialect=dialect,
        statement=attempt.statement,
        left_out=(),
        result=attempt.result,
        error=None,
        remembered=known,
    )


def _same_text(a: str, b: str) -> bool:
    """Whether two statements are one, whatever their blanks and the semicolon at their end."""
    return a.strip().rstrip(";").split() == b.strip().rstrip(";").split()


def _ask_again(
    asker: Asker, schema: Schema, question: str, failed: FailedStatement, hints: PromptHints
) -> Answer | None:
    """The second attempt; None if its prompt, which is longer than the first, does not fit the context."""
    try:
        return asker.ask(question, schema, failed, hints)
    except ContextError:
        return None
