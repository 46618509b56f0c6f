"""What the words of an English question ask of a statement: reasons to doubt one that does not do it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from t2sql.schema import NUMBER_WORDS, Stem, name_stems

_SUPERLATIVE = re.compile(
    r"(?<!at )\b(?:most|least)\b(?! of\b)|\b(?:fewest|best|worst|latest|maximum|minimum|max|min|peak)\b"
    r"|\b(?:high|low|larg|small|bigg|great|long|short|old|young|new|earli|cheap|heavi|light|rich|poor|fast|slow"
    r"|tall|strong|weak)est\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\b\w+est to (?:the )?\w+est\b", re.IGNORECASE)
"""An order of all rows: from the oldest to the youngest."""
_FIRST_ROWS = re.compile(r"\b(?:first|last|top|bottom|only|single|one|any|recent|next|some)\b", re.IGNORECASE)
"""Words with which a question may mean a part of the rows; often they mean something else."""
_UPWARDS = re.compile(
    r"\b(?:ascending|increasing|alphabetical(?:ly)?|low to high|from (?:the )?(?:low|small)est to)\b",
    re.IGNORECASE,
)
_DOWNWARDS = re.compile(
    r"\b(?:descending|decreasing|reverse alphabetical|high to low"
    r"|from (?:the )?(?:high|larg|great|bigg)est to)\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:the|of|what|which|how|whom?|whose|when|where|show|list|find|give|are|each|all|with|for)\b",
    re.IGNORECASE,
)
_AVERAGE = re.compile(r"\b(?:averages?|averaged|avg|mean|typical(?:ly)?|usual(?:ly)?)\b", re.IGNORECASE)
_DIFFERENT = re.compile(r"\b(?:different(?! from| than| to)|distinct|unique)\b", re.IGNORECASE)
_EACH = re.compile(r"\b(?:for|of|in|by|at) (?:each|every)\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\s*(?:how many|count)\b", re.IGNORECASE)
_AMOUNTS = frozenset(map(Stem, ("number", "count", "total", "amount", "quantity")))
"""Words of columns that hold a count already."""
_NEGATIVE = re.compile(r"\b(?:not|no|never|neither|nor|\w+n't)\b", re.IGNORECASE)
_NUMBER = rf"\s+(?:a\s+)?(\d[\d,]*(?:\.\d+)?|{'|'.join(NUMBER_WORDS)})\b"
_COMPARISONS: tuple[tuple[type[exp.Expr], str], ...] = (
    (
        exp.GT,
        r"(?:(?:more|greater|higher|larger|older|bigger|longer|later|heavier|taller)\s+than|above|over|after"
        r"|exceed\w*)",
    ),
    (exp.LT, r"(?:(?:less|fewer|lower|smaller|younger|shorter|earlier|lighter)\s+than|below|under|before)"),
    (exp.GTE, r"at least"),
    (exp.LTE, r"(?:at most|up to)"),
)
_COMPARED = tuple((kind, re.compile(rf"\b{words}{_NUMBER}", re.IGNORECASE)) for kind, words in _COMPARISONS)
_SAME_FOR_WHOLE_NUMBERS: dict[type[exp.Expr], tuple[type[exp.Expr], int]] = {
    exp.GT: (exp.GTE, 1),
    exp.LT: (exp.LTE, -1),
    exp.GTE: (exp.GT, -1),
    exp.LTE: (exp.LT, 1),
}
"""What else a comparison with n may be written as: > n is >= n + 1."""


def unheeded(question: str, tree: exp.Expr) -> Iterator[str]:
    """What the words of a question ask for and a statement does not do, or the other way round, in words.

    Args:
        question: The question; in another language than English little is found.
        tree: The statement.
    """
    named = {stem for column in tree.find_all(exp.Column) for stem in name_stems(column.name)}
    yield from _extremes(question, tree, named)
    yield from _aggregates(question, tree, named)
    yield from _order(question, tree)
    yield from _comparisons(question, tree)


def _extremes(question: str, tree: exp.Expr, named: set[Stem]) -> Iterator[str]:
    limit, extreme = tree.find(exp.Limit), tree.find(exp.Max, exp.Min)
    superlatives = {match[0].lower() for match in _SUPERLATIVE.finditer(_RANGE.sub(" ", question))}
    if superlatives:
        # A column may be called like it: best_finish.
        of_a_column = any(name_stems(word) & named for word in superlatives)
        if not (limit or extreme or of_a_column or tree.find(exp.Subquery)):
            yield "the question asks for the most or the least, and the statement does not"
    elif _FIRST_ROWS.search(question) or not _ENGLISH.search(question):
        return
    elif extreme is not None:
        yield "it takes the largest or the smallest value, which the question does not ask for"
    elif limit is not None and not _says(question, limit.expression.name):
        yield "it keeps only the first rows, which the question does not ask for"


def _says(question: str, number: str) -> bool:
    """Whether a question has a whole number, in figures or as a word."""
    spelled = {number}
    if number.isdecimal() and int(number) < len(NUMBER_WORDS):
        spelled.add(NUMBER_WORDS[int(number)])
    return not spelled.isdisjoint(re.findall(r"[a-z]+|\d+", question.lower()))


def _aggregates(question: str, tree: exp.Expr, named: set[Stem]) -> Iterator[str]:
    average, asked = tree.find(exp.Avg) is not None, _AVERAGE.search(question) is not None
    if asked and not average and Stem("average") not in named:
        yield "the question asks for an average, and the statement takes none"
    if average and not asked and _ENGLISH.search(question):
        yield "it takes an average, which the question does not ask for"
    if _HOW_MANY.match(question) and not tree.find(exp.Count, exp.Sum) and not named & _AMOUNTS:
        yield "the question asks how many, and the statement does not count"
    grouped = tree.find(exp.Group) is not None
    if _EACH.search(question) and tree.find(exp.AggFunc) and not grouped:
        yield "the question asks for something of each, and the statement has no groups"
    if _DIFFERENT.search(question) and not grouped and not tree.find(exp.Distinct, exp.SetOperation):
        yield "the question asks for different ones, and the statement may repeat them"


def _order(question: str, tree: exp.Expr) -> Iterator[str]:
    up, down = bool(_UPWARDS.search(question)), bool(_DOWNWARDS.search(question))
    if up == down:
        return
    order = tree.args.get("order")
    if order is None:
        yield "the question asks for an order, and the statement has none"
    elif down != any(item.args.get("desc") for item in order.expressions):
        yield "it orders the other way round than the question says"


def _comparisons(question: str, tree: exp.Expr) -> Iterator[str]:
    if _NEGATIVE.search(question):
        # Not more than three are three at most.
        return
    written = [
        (type(one), value)
        for one in tree.find_all(exp.GT, exp.LT, exp.GTE, exp.LTE, exp.EQ)
        if isinstance(one.expression, exp.Literal) and (value := number_of(one.expression.name)) is not None
    ]
    for kind, pattern in _COMPARED:
        other, shift = _SAME_FOR_WHOLE_NUMBERS[kind]
        for match in pattern.finditer(question):
            value = _value(match[1])
            right = {(kind, value), (other, value + shift)}
            nearly = any(number in (value, value + shift) for _, number in written)
            if nearly and right.isdisjoint(written):
                yield f"the question says {match[0].strip()}, which the statement compares in another way"


def number_of(text: str) -> float | None:
    """The number that a text is; None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def _value(word: str) -> float:
    word = word.lower().replace(",", "")
    return float(NUMBER_WORDS.index(word)) if word in NUMBER_WORDS else float(word)
