"""What people do to a sentence: capitals, marks at its end, slips of the pen, words before and after it."""

from __future__ import annotations

import re

from t2sql.data.rng import Rng

_QUESTION = re.compile(
    r"(what|which|how|who|whose|where|when|can|could|are|is|for which|in which|do|does)\b|.*\?\Z",
    re.IGNORECASE,
)
_LEADS = ("Hi, ", "Quick question: ", "For my report: ", "One more thing: ", "Hello, ", "Next: ", "Please: ")
_TAILS = (", please", ", thanks", " please")
_SLIPS = {
    "What": ("Wht", "Waht"),
    "which": ("wich", "whcih"),
    "names": ("nams", "nmaes"),
    "number": ("nubmer", "numer"),
    "average": ("avarage", "averge"),
    "different": ("diferent", "diffrent"),
    "many": ("mnay",),
    "highest": ("higest", "hightest"),
    "there": ("ther", "thre"),
    "greater": ("greather",),
    "total": ("totla",),
    "their": ("thier",),
    "whose": ("whos",),
    "between": ("betwen",),
    "corresponding": ("corresonding",),
    "most": ("mosst",),
}
"""Slips of the pen; none of the words is a value or a name in the generated databases."""

_MISSING_ARTICLES, _SLIP, _LOWER, _LEAD, _TAIL = 0.04, 0.04, 0.05, 0.02, 0.01


def finished(rng: Rng, text: str) -> str:
    """Return the sentence as somebody might type it.

    Args:
        rng: The source of random choices.
        text: The sentence; a question ends with "?".
    """
    asks = _QUESTION.match(text) is not None
    text = text.rstrip("?. ")
    if rng.chance(_MISSING_ARTICLES) and '"' not in text and "'" not in text:
        text = re.sub(r"\bthe (?=[a-z])", "", text)
    if rng.chance(_SLIP):
        words = [word for word in _SLIPS if re.search(rf"\b{word}\b", text)]
        if words:
            word = rng.choice(words)
            text = re.sub(rf"\b{word}\b", rng.choice(_SLIPS[word]), text, count=1)
    if rng.chance(_TAIL):
        text += rng.choice(_TAILS)
    # Not everyone ends a sentence, or begins it with a capital.
    if rng.chance(0.86):
        text += ("?" if rng.chance(0.95) else " ?") if asks else "."
    if rng.chance(_LEAD):
        first = text[0] if text.startswith("I ") else text[0].lower()
        return rng.choice(_LEADS) + first + text[1:]
    return text if rng.chance(_LOWER) else text[0].upper() + text[1:]
