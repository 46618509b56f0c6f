"""The text of a completion: one line, cut at the client's stops, the same in a stream and as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.generate import TokenLogprob
from t2sql.plain import Json
from t2sql.prompt import END_MARKS, strip_end_marks


class CompletionText:
    """Takes a model's pieces and gives out those of the completion, which has no blanks around it.

    What may still turn out not to belong to it is held back: blanks, and the beginning of a stop or of a
    written-out end-of-text mark. So the pieces that were given out, joined, are the completion.

    Attributes:
        stopped: Whether one of the stops was met; what comes after it is ignored.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        """Begin.

        Args:
            stops: Texts that end the completion; they are not part of it.
        """
        self._stops = ("\n", *stops)
        self._held = (*self._stops, *END_MARKS)
        self._raw = ""
        self._given = 0
        self.stopped = False

    def feed(self, piece: str) -> str:
        """Take a piece of the model's text; give what is certain of the completion beyond what was given."""
        if self.stopped:
            return ""
        self._raw += piece
        met = [place for place in map(self._raw.find, self._stops) if place >= 0]
        if met:
            self._raw = self._raw[: min(met)]
            self.stopped = True
            return ""
        return self._new(self._raw[: len(self._raw) - self._open_end()])

    def end(self) -> str:
        """Give the rest, when the model has ended."""
        return self._new(self._raw)

    @property
    def leading_blanks(self) -> int:
        """Characters of the model's text before the completion."""
        return len(self._raw) - len(self._raw.lstrip())

    def _new(self, raw: str) -> str:
        text = strip_end_marks(raw.lstrip())
        new, self._given = text[self._given :], max(self._given, len(text))
        return new

    def _open_end(self) -> int:
        """The length of the longest end of the text with which a stop or a mark may begin."""
        longest = min(len(self._raw), max(map(len, self._held)) - 1)
        ends = range(longest, 0, -1)
        return next((n for n in ends if any(held.startswith(self._raw[-n:]) for held in self._held)), 0)


@dataclass(frozen=True)
class LegacyLogprobs:
    """Tokens' log-probabilities as OpenAI's completions have them.

    Attributes:
        tokens: The tokens' texts; joined they are the completion, where the runtime reports all of them.
        token_logprobs: Their log-probabilities.
        top_logprobs: For each, the likeliest tokens with theirs; None where none were asked for.
        text_offset: Where each begins in the completion.
    """

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]] | None
    text_offset: list[int]

    def to_json(self) -> dict[str, Json]:
        """The document."""
        return {
            "tokens": list(self.tokens),
            "token_logprobs": list(self.token_logprobs),
            "top_logprobs": None if self.top_logprobs is None else [dict(top) for top in self.top_logprobs],
            "text_offset": list(self.text_offset),
        }


def legacy_logprobs(
    reported: Sequence[TokenLogprob], leading_blanks: int, length: int, top: int
) -> LegacyLogprobs:
    """The log-probabilities of the tokens of a completion.

    Args:
        reported: The tokens of the model's text, in order.
        leading_blanks: Characters of that text before the completion.
        length: Characters of the completion.
        top: How many of the likeliest tokens to give for each; 0 for none.
    """
    found = LegacyLogprobs([], [], [] if top else None, [])
    begin = -leading_blanks
    for token in reported:
        end = begin + len(token.text)
        if end > 0 and begin < length:
            found.tokens.append(token.text[max(0, -begin) : length - begin])
            found.token_logprobs.append(token.logprob)
            found.text_offset.append(max(0, begin))
            if found.top_logprobs is not None:
                found.top_logprobs.append(dict(token.top[:top]))
        begin = end
    return found
