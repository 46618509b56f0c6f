"""Statements cut into tokens as Spider's script cuts them, which is as English text.

The script uses NLTK's `word_tokenize`. What follows from it: an operator needs blanks around it (`a=1` is one
token), a comma before a digit belongs to the number, and single and double quotes are the same. Of NLTK, the
division into sentences and the English contractions are left out: no statement that the script can parse
has either.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from t2sql.evaluate.benchmarks.spider_query import UnreadableError

_SEPARATE = re.compile(
    r"""[,:](?!\d)        # not within 1,000 or 12:30
    | \.{2,} | --
    | [;@\#$%&?!*\[\](){}<>]
    | (?<=[^.])\.(?=[\])}>\s]*$)   # the full stop""",
    re.VERBOSE,
)
_MERGED_WITH_EQUALS = ("!", ">", "<")


def spider_tokens(sql: str) -> list[str]:
    """Cut a statement into tokens: in lower case, apart from texts, which have double quotes around them.

    Raises:
        UnreadableError: The number of quotes is odd; an apostrophe in a text counts.
    """
    pieces = sql.replace("'", '"').split('"')
    if len(pieces) % 2 == 0:
        raise UnreadableError("an odd number of quotes")
    texts = {f"__val_{at}__": f'"{pieces[at]}"' for at in range(1, len(pieces), 2)}
    masked = "".join(piece if at % 2 == 0 else f"__val_{at}__" for at, piece in enumerate(pieces))
    tokens: list[str] = []
    for word in _SEPARATE.sub(r" \g<0> ", masked).lower().split():
        if word == "=" and tokens and tokens[-1] in _MERGED_WITH_EQUALS:
            tokens[-1] += "="
        else:
            tokens.append(texts.get(word, word))
    return tokens


class TokenCursor:
    """A position in tokens.

    Attributes:
        tokens: The tokens.
        at: The position, from 0; the number of tokens at the end.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        """Stand before the first token."""
        self.tokens = tokens
        self.at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether no token follows."""
        return self.at >= len(self.tokens)

    @property
    def token(self) -> str:
        """The token that follows.

        Raises:
            UnreadableError: There is none.
        """
        if self.is_at_end:
            raise UnreadableError("the statement ends too early")
        return self.tokens[self.at]

    def is_at(self, words: Collection[str]) -> bool:
        """Whether one of some words follows."""
        return not self.is_at_end and self.token in words

    def skip(self, word: str) -> bool:
        """Pass over a word if it follows, and return whether it did."""
        if self.is_at((word,)):
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        """Pass over a word.

        Raises:
            UnreadableError: Another one follows.
        """
        if self.token != word:
            raise UnreadableError(f"{self.token} where {word} was expected")
        self.at += 1
