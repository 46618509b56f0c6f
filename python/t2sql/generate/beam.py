"""Beam search under a grammar: the likeliest statements, token by token, whatever runtime computes.

An answer's score is the sum of its tokens' log-probabilities as the model gives them, its end included. Among
the statements that a grammar allows this orders them by their probability given that the answer is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from t2sql.generate.request import Cancelled, Finish, Generation, mean
from t2sql.generate.statement import first_statement
from t2sql.grammar import Path

MARGIN = 8.0
"""A beginning whose score is this far below the best one's is given up: it would have to become 3,000 times
likelier further on."""


@dataclass(frozen=True)
class Beginning:
    """The first tokens of an answer.

    Attributes:
        tokens: Their ids.
        logprobs: Their log-probabilities.
        path: Where the grammar stands behind them.
        parent: The index of the beginning that it is one token longer than, among those of the step before.
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    path: Path
    parent: int = 0

    @property
    def score(self) -> float:
        """The log-probability of all its tokens together."""
        return sum(self.logprobs)


class Expander(Protocol):
    """Computes what may come next; it may keep what it computed for the beginnings of the last call."""

    def expand(self, beginnings: Sequence[Beginning], most: int) -> list[list[tuple[int, float]]]:
        """For each beginning the likeliest tokens that its grammar allows, with their log-probabilities.

        Args:
            beginnings: Each is one token longer than its parent in the last call; the first call has an empty
                one alone.
            most: The most tokens for each.
        """
        ...


@dataclass(frozen=True)
class Search:
    """One search.

    Attributes:
        expander: The model.
        ends: The tokens that end an answer.
        decode: The text of tokens.
        width: The beginnings that are followed at once, and the most answers.
        max_tokens: The most tokens of an answer.
        prompt_tokens: Tokens of the prompt.
        cancelled: Asked after each token; once it returns True the search ends with what it has.
    """

    expander: Expander
    ends: frozenset[int]
    decode: Callable[[list[int]], str]
    width: int
    max_tokens: int
    prompt_tokens: int
    cancelled: Cancelled

    def run(self, path: Path) -> list[Generation]:
        """Search.

        Args:
            path: The beginning of the grammar.

        Returns:
            Different answers, the likeliest first; the likeliest beginning alone where no answer is complete.
        """
        started = time.perf_counter()
        prompt_done = started
        live, complete = [Beginning((), (), path)], dict[str, Beginning]()
        for step in range(self.max_tokens):
            longer = self._longer(live)
            if step == 0:
                prompt_done = time.perf_counter()
            for ended in longer:
                if ended.tokens[-1] in self.ends:
                    complete.setdefault(self._text(ended), ended)
            live = [one for one in longer if one.tokens[-1] not in self.ends][: self.width]
            if not live or self.cancelled() or self._is_decided(live, complete):
                break
        finish: Finish = "stop"
        if not complete:
            complete[self._text(live[0])] = live[0]
            finish = "stop" if self.cancelled() else "length"
        seconds = prompt_done - started, time.perf_counter() - prompt_done
        best = sorted(complete.items(), key=lambda item: -item[1].score)[: self.width]
        return [self._generation(text, one, finish, seconds) for text, one in best]

    def _longer(self, live: Sequence[Beginning]) -> list[Beginning]:
        """The likeliest beginnings that are a token longer, twice as many as are followed."""
        choices = [
            (one.score + logprob, parent, token, logprob)
            for parent, (one, following) in enumerate(
                zip(live, self.expander.expand(live, 2 * self.width), strict=True)
            )
            for token, logprob in following
        ]
        choices.sort(key=lambda choice: -choice[0])
        least = choices[0][0] - MARGIN if choices else 0.0
        longer = []
        for score, parent, token, logprob in choices[: 2 * self.width]:
            if score >= least:
                before = live[parent]
                path = before.path if token in self.ends else before.path.then(token)
                longer.append(Beginning((*before.tokens, token), (*before.logprobs, logprob), path, parent))
        return longer

    def _is_decided(self, live: Sequence[Beginning], complete: dict[str, Beginning]) -> bool:
        """Whether no beginning can become one of the likeliest answers: scores only fall."""
        scores = sorted((one.score for one in complete.values()), reverse=True)
        best = live[0].score
        if scores and best < scores[0] - MARGIN:
            return True
        return len(scores) >= self.width and scores[self.width - 1] >= best

    def _text(self, one: Beginning) -> str:
        ended = bool(one.tokens) and one.tokens[-1] in self.ends
        return first_statement(self.decode(list(one.tokens[:-1] if ended else one.tokens)))

    def _generation(
        self, text: str, one: Beginning, finish: Finish, seconds: tuple[float, float]
    ) -> Generation:
        ended = bool(one.tokens) and one.tokens[-1] in self.ends
        return Generation(
            text=text,
            prompt_tokens=self.prompt_tokens,
            tokens=len(one.tokens),
            prompt_seconds=seconds[0],
            seconds=seconds[1],
            finish=finish,
            logprob=mean(list(one.logprobs[:-1] if ended else one.logprobs)),
            score=one.score,
        )
