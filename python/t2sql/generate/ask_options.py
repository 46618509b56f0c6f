"""How a question is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from t2sql.errors import InputError
from t2sql.generate.request import DEFAULT_MAX_TOKENS
from t2sql.prompt import PromptFormat

Values: TypeAlias = Literal["free", "question"]
"""Where the texts in an answer come from: anywhere, or words of the question."""

GrammarOption: TypeAlias = Literal["narrow", "wide", "off"]
"""What an answer may be: a statement such as t2sql's own data has, many more, or any text."""

MAX_VOTES, MAX_BEAM, MAX_SIMILAR = 64, 16, 16


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
        beam: Candidates that a beam search under the grammar finds; of them the likeliest is taken, over a
            live database the first that runs and says something. 1 takes the likeliest token each time.
        min_logprob: The log-probability below which an answer is uncertain; None takes the model's own.
        prompt_format: How the question is put; None takes what the model was trained on.
        fresh: Whether the model is asked even where the user's own answer is remembered.
        similar: The most remembered answers to similar questions that the prompt shows.
        answered: Questions with their statements that the prompt shows before the question, such as the
            turns of a chat.
    """

    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float = 0.0
    seed: int = 0
    free: bool = False
    grammar: GrammarOption | None = None
    values: Values | None = None
    votes: int = 1
    beam: int = 1
    min_logprob: float | None = None
    prompt_format: PromptFormat | None = None
    fresh: bool = False
    similar: int = 0
    answered: tuple[tuple[str, str], ...] = ()

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
        if not 1 <= self.beam <= MAX_BEAM:
            raise InputError("--beam is out of range", expected=f"1 to {MAX_BEAM}", found=self.beam)
        if not 0 <= self.similar <= MAX_SIMILAR:
            raise InputError("--similar is out of range", expected=f"0 to {MAX_SIMILAR}", found=self.similar)
        if self.beam > 1:
            self._check_beam()
        if self.min_logprob is not None and (math.isnan(self.min_logprob) or self.min_logprob > 0):
            raise InputError(
                "--min-logprob is out of range", expected="a logarithm, 0 or less", found=self.min_logprob
            )

    def _check_beam(self) -> None:
        for given, option in (
            (self.votes > 1, f"--votes {self.votes}"),
            (self.temperature > 0, f"--temp {self.temperature:g}"),
            (not self.constrained, "--free" if self.free else "--grammar off"),
        ):
            if given:
                raise InputError(
                    "--beam is a search for the likeliest statements under the grammar", found=option
                )

    @property
    def constrained(self) -> bool:
        """Whether the answer has a grammar."""
        return not self.free and self.grammar != "off"
