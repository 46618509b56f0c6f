"""What the words of a question have in common with a database's texts, as scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from t2sql.schema import ColumnValue
from t2sql.values.words import Word, fold, terms_of, words_of

_MOST_WORDS = 80
_SPAN_WORDS = 8
_SPAN_LETTERS = 12
"""Of a script without blanks."""
_MOST_SPANS = 4000
_MOST_PER_COLUMN = 3
_MOST_OPEN = 30
"""Words that are looked up by themselves; each may take a few hundred small queries for typing errors."""
_LEAST_COVERED = 0.33
"""Of the letters of a text, what the question has to have."""
_TYPO = 0.7
"""What a word with a typing error counts, of the word itself."""
_ENGLISH = """
    a about after all also among an and any are as ask at be been before between both but by can could
    count did display do does each either ever every find first for from get give greater had has have
    her his how i if in into is it its last least less list many me more most much my name no not number
    of on one only or other our out over per please return same select she show since so some such tell
    than that the their them then there these they this those to total two under until up us very want
    was we well were what when where whether which who whom whose why will with without would you your
"""
_OTHERS = """
    der die das ein eine und oder von mit fur wie viele wer wo ist sind le la les un une de des du et ou
    qui que quel quelle dans pour avec est sont el los las una y en cual cuanto quien es son il lo gli
    che con per di da o os as um uma com em qual quanto het een van met wie
"""
"""Of German, French, Spanish, Italian, Portuguese and Dutch questions."""
_STOP_WORDS = frozenset((_ENGLISH + _OTHERS).split())


@dataclass(frozen=True)
class Source:
    """A column of the index.

    Attributes:
        table: The name of its table.
        column: Its name.
        complete: Whether the index has all its texts.
    """

    table: str
    column: str
    complete: bool

    def is_column(self, table: str, column: str) -> bool:
        """Whether it is the column of these names; letter case is ignored, as SQLite does."""
        return self.table.lower() == table.lower() and self.column.lower() == column.lower()


@dataclass(frozen=True)
class Candidate:
    """A text of the index that has a term of the question."""

    source: Source
    text: str
    key: str


@dataclass(frozen=True)
class Span:
    """A place in a folded question: its letters from `begin` to before `end`."""

    begin: int
    end: int

    def inside(self, other: Span) -> bool:
        """Whether it is a part of a longer one."""
        return self != other and other.begin <= self.begin and self.end <= other.end


@dataclass
class Question:
    """A question, and the texts found for it up to now.

    Attributes:
        text: The question.
        names: Words of the names of tables and columns; alone they mean these, not a text.
    """

    text: str
    names: frozenset[str]
    _exact: list[tuple[Span, Source, str]] = field(default_factory=list)
    _partial: dict[tuple[Source, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find its words."""
        self._folded = fold(self.text)
        self._words = words_of(self._folded)[:_MOST_WORDS]

    def spans(self) -> dict[str, Span]:
        """The keys that a text in the question may have, and where; the first place of each."""
        spans: dict[str, Span] = {}
        for key, span in self._all_spans():
            if len(spans) >= _MOST_SPANS:
                break
            spans.setdefault(key, span)
        return spans

    def _all_spans(self) -> Iterator[tuple[str, Span]]:
        for index, first in enumerate(self._words):
            for count in range(min(_SPAN_WORDS, len(self._words) - index)):
                words = self._words[index : index + count + 1]
                if any(word.text not in _STOP_WORDS for word in words) and not _is_small_number(words):
                    yield " ".join(word.text for word in words), Span(first.begin, _end(words[-1]))
            if first.unspaced:
                yield from _parts(first)

    def add_exact(self, source: Source, text: str, span: Span) -> None:
        """Add a text whose key stands in the question."""
        self._exact.append((span, source, text))

    def open_words(self) -> list[Word]:
        """The words that are in no text found, and say more than what any question is made of."""
        covered = [span for span, _, _ in self._exact]
        words = []
        for word in self._words:
            if word.unspaced:
                words += _uncovered(word, covered)
            elif not (
                word.text in _STOP_WORDS
                or word.text in self.names
                or len(word.text) < 3
                or any(span.begin <= word.begin and _end(word) <= span.end for span in covered)
            ):
                words.append(word)
        return words[:_MOST_OPEN]

    def add_partial(self, candidate: Candidate, written: Mapping[str, str]) -> None:
        """Add a text that has some of the terms that were looked up.

        Args:
            candidate: The text.
            written: The terms, and the word of the question that each was looked up for.
        """
        letters = covered = 0.0
        for word in words_of(candidate.key):
            for term in terms_of(word):
                letters += len(term)
                if term in written:
                    covered += len(term) * (1 if word.unspaced or term == written[term] else _TYPO)
                elif term in _STOP_WORDS:
                    letters -= len(term)
        if letters and covered / letters >= _LEAST_COVERED:
            self._partial[candidate.source, candidate.text] = covered / letters

    def best(self, limit: int) -> tuple[ColumnValue, ...]:
        """The texts that the question most likely means, the likeliest first.

        Args:
            limit: The most texts.
        """
        spans = {span for span, _, _ in self._exact}
        longest = {span for span in spans if not any(map(span.inside, spans))}
        scores = dict(self._partial)
        asked = self.text.casefold()
        # "C++" and "C#" have one key; what stands there as it is was meant.
        literal: dict[tuple[Span, Source], int] = {}
        for span, source, text in self._exact:
            if text.casefold() in asked:
                literal[span, source] = max(len(text), literal.get((span, source), 0))
        for span, source, text in self._exact:
            as_it_is = text.casefold() in asked and len(text) == literal[span, source]
            if span in longest and (as_it_is or (span, source) not in literal):
                alone = self._folded[span.begin : span.end] in self.names
                scores[source, text] = (0.5 if alone else 1.0) + span.end - span.begin + as_it_is / 2
        ranked = sorted(
            scores, key=lambda key: (-scores[key], len(key[1]), key[0].table, key[0].column, key[1])
        )
        taken: dict[Source, int] = {}
        values = []
        for source, text in ranked:
            taken[source] = taken.get(source, 0) + 1
            if taken[source] <= _MOST_PER_COLUMN:
                values.append(ColumnValue(source.table, source.column, text))
        return tuple(values[:limit])


def _parts(word: Word) -> Iterator[tuple[str, Span]]:
    """The parts of a run of letters without blanks that may be words."""
    for begin in range(len(word.text)):
        for end in range(begin + 1, min(begin + _SPAN_LETTERS, len(word.text)) + 1):
            part = word.text[begin:end]
            # One letter is a word in Chinese only.
            if len(part) > 1 or "\u3400" <= part <= "\u9fff":
                yield part, Span(word.begin + begin, word.begin + end)


def _uncovered(word: Word, covered: list[Span]) -> list[Word]:
    """The parts of a run of letters without blanks that are in no text found."""
    begin, end = word.begin, _end(word)
    open_letters = [
        not any(span.begin <= place < span.end for span in covered) for place in range(begin, end)
    ]
    words, start = [], 0
    for index, is_open in enumerate([*open_letters, False]):
        if not is_open:
            if index - start > 1:
                words.append(Word(word.text[start:index], True, begin + start))
            start = index + 1
    return words


def _is_small_number(words: list[Word]) -> bool:
    return len(words) == 1 and words[0].text.isdigit() and len(words[0].text) < 3


def _end(word: Word) -> int:
    return word.begin + len(word.text)
