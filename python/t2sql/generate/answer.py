"""What `ask` gives back: the statement, how sure it is, and the clock of each step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from t2sql.generate.backend import Generation

STATUSES = ("answered", "repaired", "uncertain")
"""Repaired: the database refused the first statement, and took the one that the model wrote when told."""


@dataclass(frozen=True)
class Timings:
    """The steps of an answer, as the runtime counts them."""

    load_seconds: float
    prompt_tokens: int
    prompt_seconds: float
    tokens: int
    seconds: float

    @property
    def prompt_tokens_per_second(self) -> float:
        return _rate(self.prompt_tokens, self.prompt_seconds)

    @property
    def tokens_per_second(self) -> float:
        return _rate(self.tokens, self.seconds)

    def lines(self) -> list[str]:
        """The table for people: a line a step."""
        return [
            f"load       {self.load_seconds * 1000:9.1f} ms",
            f"prompt     {self.prompt_seconds * 1000:9.1f} ms  {self.prompt_tokens:5d} tokens "
            f"{self.prompt_tokens_per_second:9.2f} tokens per second",
            f"generation {self.seconds * 1000:9.1f} ms  {self.tokens:5d} tokens "
            f"{self.tokens_per_second:9.2f} tokens per second",
        ]


@dataclass(frozen=True)
class Answer:
    """`generation` is the answer that was taken, `samples` all of them (one without votes), the likeliest
    first; `agreement` is the share of the samples that say the same as it, None without votes.
    `min_logprob` is what its log-probability is held against, if anything."""

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

    @property
    def sql(self) -> str:
        return self.generation.text

    @property
    def status(self) -> str:
        return "uncertain" if self.doubts else "answered"

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the answer may be wrong, in words; empty when nothing speaks against it."""
        found = reasons(self.generation, self.min_logprob)
        if self.agreement is not None and self.agreement <= 0.5:
            found.append(f"{self.agreement:.0%} of {len(self.samples)} samples agree")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
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
            "prompt": self.prompt,
            "model": self.model,
            "backend": self.backend,
            "device": self.device,
            "weights": self.weights,
            "finish": self.generation.finish,
            "timings": timings,
            "warnings": list(self.warnings),
        }


def reasons(generation: Generation, min_logprob: float | None) -> list[str]:
    """What speaks against one generation."""
    found = []
    if not generation.text:
        found.append("the model gave no answer")
    if generation.finish == "length":
        found.append(f"the answer was cut off after {generation.tokens} tokens; see --max-tokens")
    if generation.off_grammar:
        found.append("the answer is no statement over these tables")
    logprob = generation.logprob
    if min_logprob is not None and logprob is not None and not logprob >= min_logprob:
        found.append(f"its tokens' mean log-probability is {logprob:.3f}, below {min_logprob:.3f}")
    return found


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if seconds > 0 else 0.0
