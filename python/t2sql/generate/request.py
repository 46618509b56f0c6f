"""One request to a model, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from t2sql.grammar import Grammar

DEFAULT_MAX_TOKENS = 128

Finish: TypeAlias = Literal["stop", "length"]
OnText: TypeAlias = Callable[[str], None]
"""Gets each piece of a text as it is generated."""
Cancelled: TypeAlias = Callable[[], bool]
"""Says whether nobody waits for the answer any more. It is asked often, perhaps from another thread."""


def never() -> bool:
    """The `Cancelled` of a request that always runs to its end."""
    return False


@dataclass(frozen=True)
class Request:
    """What a model is asked for: plain data, which can be sent to another process.

    How a caller follows and stops the work is not part of it: `Backend.answer` and `Backend.answers` take
    functions for that.

    Attributes:
        prompt: The text as `t2sql.prompt.render_prompt` gives it, or any other.
        max_tokens: The most tokens of the answer.
        temperature: 0 takes the likeliest token each time; above that, tokens are drawn from the model's
            distribution at this temperature.
        seed: Of the random numbers that tokens are drawn with.
        grammar: Only its strings can be the answer; None allows any text.
        logprobs: Whether to compute `Generation.logprob`, for a few percent of the speed.
        stop: Texts that may end the answer early, as a line's end does; llama.cpp and servers know them.
        top_p: Tokens are drawn from the likeliest ones whose probabilities add up to this.
        top_logprobs: How many of the likeliest tokens to report at each place in
            `Generation.token_logprobs`; None reports nothing there. llama.cpp alone reports.
    """

    prompt: str
    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float = 0.0
    seed: int = 0
    grammar: Grammar | None = None
    logprobs: bool = False
    stop: tuple[str, ...] = ()
    top_p: float = 1.0
    top_logprobs: int | None = None


@dataclass(frozen=True)
class TokenLogprob:
    """A token of an answer.

    Attributes:
        text: Its text.
        logprob: Its natural log-probability, before grammar and temperature.
        top: The likeliest tokens at its place, with theirs.
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Generation:
    """What a model generated for one request, with the runtime's own counts and clock.

    Requests that are answered together share the machine: then `prompt_seconds` and `seconds` are wall
    clock that the others used as well, and only the total of the batch says how fast it was.

    Attributes:
        text: One SQL statement: the first line up to a `;` outside quotes, without end-of-text marks.
        prompt_tokens: Tokens of the whole prompt.
        tokens: Tokens of the answer.
        prompt_seconds: Seconds that the prompt took.
        seconds: Seconds from the end of the prompt to the last token.
        finish: "length" if `Request.max_tokens` ended the answer, else "stop".
        cached_tokens: How many of the prompt's tokens were still in the cache and were not computed again.
        off_grammar: Whether a server that takes no grammar wrote something else.
        logprob: Mean natural log-probability of the answer's tokens, before grammar and temperature; None
            where it was not asked for or the runtime does not report it.
        token_logprobs: The answer's tokens, blanks at its beginning included; see `Request.top_logprobs`.
        score: Of a beam search's candidates, the log-probability of the whole answer, its end included.
    """

    text: str
    prompt_tokens: int
    tokens: int
    prompt_seconds: float
    seconds: float
    finish: Finish
    cached_tokens: int = 0
    off_grammar: bool = False
    logprob: float | None = None
    token_logprobs: tuple[TokenLogprob, ...] = ()
    score: float | None = None


OnResult: TypeAlias = Callable[[int, Generation], None]
"""Gets the index of a request and its answer as soon as that is complete."""


def not_started() -> Generation:
    """The answer to a request that was cancelled before its turn."""
    return Generation("", 0, 0, 0.0, 0.0, "stop")


def mean(logprobs: list[float]) -> float | None:
    """The mean of tokens' log-probabilities; None without any."""
    return sum(logprobs) / len(logprobs) if logprobs else None
