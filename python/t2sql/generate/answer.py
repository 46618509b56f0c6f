"""What `ask` returns: the statement, how sure it is, and how long each step took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from t2sql import generate
from t2sql.confidence import elect
from t2sql.generate.request import Generation
from t2sql.plain import Json
from t2sql.schema import Schema
from t2sql.text import html_answer

Status: TypeAlias = Literal["answered", "repaired", "uncertain", "unrated", "remembered"]
"""Answered: nothing speaks against it, and the model's own probability was held against a threshold, or
samples agreed. Repaired: the database refused the first statement, and accepted the model's second attempt,
which was made with the database's error message. Unrated: nothing speaks against it, but without a threshold
or a probability nobody knows how often such answers are right. Remembered: a user confirmed or corrected the
answer to this question before, and no model was asked."""

Ballot = TypeVar("Ballot")


@dataclass(frozen=True)
class Timings:
    """The steps of an answer, as the runtime counts them.

    Attributes:
        load_seconds: Seconds that loading the model took.
        prompt_tokens: Tokens of the prompt that had to be computed.
        prompt_seconds: Seconds for them.
        tokens: Tokens of the answer.
        seconds: Seconds for them.
    """

    load_seconds: float
    prompt_tokens: int
    prompt_seconds: float
    tokens: int
    seconds: float

    @property
    def prompt_tokens_per_second(self) -> float:
        """The speed of the prompt; 0 when it took no time."""
        return _per_second(self.prompt_tokens, self.prompt_seconds)

    @property
    def tokens_per_second(self) -> float:
        """The speed of the answer; 0 when it took no time."""
        return _per_second(self.tokens, self.seconds)

    def lines(self) -> list[str]:
        """A table for people, one line for each step."""
        return [
            f"load       {self.load_seconds * 1000:9.1f} ms",
            f"prompt     {self.prompt_seconds * 1000:9.1f} ms  {self.prompt_tokens:5d} tokens "
            f"{self.prompt_tokens_per_second:9.2f} tokens per second",
            f"generation {self.seconds * 1000:9.1f} ms  {self.tokens:5d} tokens "
            f"{self.tokens_per_second:9.2f} tokens per second",
        ]


@dataclass(frozen=True)
class Answer:
    """A model's answer to a question.

    Attributes:
        prompt: The text that the model was given.
        model: The model's name.
        backend: The runtime's name.
        device: Where it computed.
        weights: How the weights were held.
        generation: The answer that was taken.
        timings: The steps of the first sample.
        samples: All samples, the likeliest first; one without votes and beam search, else its candidates.
        agreement: The fraction of the samples that say the same as the one taken; None without votes.
        min_logprob: The log-probability below which the answer is uncertain; None if it is not judged by it.
        warnings: What else a user should know, in words.
        beam: The candidates that a beam search was to find; None without one.
        question: The question, for what the statement leaves out of it; "" for a raw prompt.
        schema: The tables that it was asked about; None for a raw prompt.
    """

    prompt: str
    model: str
    backend: str
    device: str
    weights: str
    generation: Generation
    timings: Timings
    samples: tuple[Generation, ...] = ()
    agreement: float | None = None
    min_logprob: float | None = None
    warnings: tuple[str, ...] = ()
    beam: int | None = None
    question: str = ""
    schema: Schema | None = None

    @property
    def sql(self) -> str:
        """The statement, in SQLite's dialect; "" if the model gave none."""
        return self.generation.text

    @property
    def status(self) -> Status:
        """Whether there are doubts, and whether anybody could have had some."""
        if self.doubts:
            return "uncertain"
        rated = self.agreement is not None or is_rated(self.generation, self.min_logprob)
        return "answered" if rated else "unrated"

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the answer may be wrong, in words; empty when nothing speaks against it."""
        doubts = doubts_about(self.generation, self.min_logprob)
        if not self.generation.off_grammar:
            doubts += self.gaps(self.sql)
        if self.agreement is not None and self.agreement <= 0.5:
            doubts.append(f"{self.agreement:.0%} of {len(self.samples)} samples agree")
        return tuple(doubts)

    def gaps(self, sql: str) -> tuple[str, ...]:
        """What a statement leaves out of the question, in words; see `omissions`."""
        return () if self.schema is None else generate.omissions(self.question, self.schema, sql)

    def _repr_html_(self) -> str:
        """The statement and how sure it is, as a notebook shows them."""
        return html_answer(self.sql, self.status, (*self.doubts, *self.warnings))

    def to_json(self) -> dict[str, Json]:
        """The document that `ask --json` prints."""
        timings = asdict(self.timings) | {
            "prompt_tokens_per_second": self.timings.prompt_tokens_per_second,
            "tokens_per_second": self.timings.tokens_per_second,
        }
        return {
            "sql": self.sql,
            "status": self.status,
            "doubts": list(self.doubts),
            "logprob": self.generation.logprob,
            "min_logprob": self.min_logprob,
            "agreement": self.agreement,
            "samples": [sample.text for sample in self.samples] if self.agreement is not None else None,
            "candidates": self._candidates(),
            "prompt": self.prompt,
            "model": self.model,
            "backend": self.backend,
            "device": self.device,
            "weights": self.weights,
            "finish": self.generation.finish,
            "timings": timings,
            "warnings": list(self.warnings),
        }

    def _candidates(self) -> list[Json] | None:
        """What a beam search found, the likeliest first."""
        if self.beam is None:
            return None
        return [{"sql": one.text, "logprob": one.logprob, "score": one.score} for one in self.samples]


def is_rated(generation: Generation, min_logprob: float | None) -> bool:
    """Whether a generation's log-probability can be held against a threshold."""
    return min_logprob is not None and generation.logprob is not None


def doubts_about(generation: Generation, min_logprob: float | None) -> list[str]:
    """Why one generation may be wrong.

    Args:
        generation: What the model generated.
        min_logprob: The log-probability below which it is uncertain; None leaves that out.

    Returns:
        Reasons in words; none when nothing speaks against it.
    """
    doubts = []
    if not generation.text:
        doubts.append("the model gave no answer")
    if generation.finish == "length":
        doubts.append(f"the answer was cut off after {generation.tokens} tokens; see --max-tokens")
    if generation.off_grammar:
        doubts.append("the answer is no statement over these tables")
    logprob = generation.logprob
    if min_logprob is not None and logprob is not None and not logprob >= min_logprob:
        doubts.append(f"its tokens' mean log-probability is {logprob:.3f}, below {min_logprob:.3f}")
    return doubts


def choose_by_votes(
    answer: Answer, ballots: Sequence[Ballot | None], same: Callable[[Ballot, Ballot], bool]
) -> Answer:
    """Take the sample that most others agree with.

    Args:
        answer: An answer with samples.
        ballots: What each sample says, such as its text or its rows; None is no vote.
        same: Whether two ballots say the same.

    Returns:
        The answer with that sample and its agreement.
    """
    election = elect(ballots, same)
    return replace(answer, generation=answer.samples[election.index], agreement=election.agreement)


def _per_second(tokens: int, seconds: float) -> float:
    return tokens / seconds if seconds > 0 else 0.0
