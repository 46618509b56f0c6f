"""Texts as they are compared: letter case, accents, plurals and punctuation do not matter, in any script."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from t2sql.schema import singularize

# Thai, Lao, Burmese, Khmer, Japanese and Chinese put no blanks between words; Korean writes particles onto
# them.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    r"\uf900-\ufaff\U00020000-\U0003ffff"
)
_PIECE = re.compile(rf"[{_UNSPACED}]+|[^\s{_UNSPACED}]+")
_UNSPACED_TEXT = re.compile(rf"[{_UNSPACED}]+\Z")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b")
# Accents of European letters, Hebrew points, Arabic short vowels: all of them are left out by some writers.
_ACCENTS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670]")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
_LONGEST_PLURAL = 30


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        text: Its letters and digits, folded, without an English plural.
        unspaced: Whether its script puts no blanks between words, so that it may be several.
        begin: The index of its first letter in the folded text.
    """

    text: str
    unspaced: bool
    begin: int


def fold(text: str) -> str:
    """The text in small letters, without accents; full-width letters and ligatures become ordinary ones."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).translate(_LETTERS)


def words_of(folded: str) -> list[Word]:
    """The words of a folded text, in order.

    Args:
        folded: What `fold` returned.
    """
    if "'" in folded or "’" in folded:
        # Blanks keep the places of the words.
        folded = _POSSESSIVE.sub("  ", folded)
    if folded.isascii():
        return [Word(_stem(match[0]), False, match.start()) for match in _ASCII_WORD.finditer(folded)]
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in folded)
    words = []
    for match in _PIECE.finditer(kept):
        unspaced = _UNSPACED_TEXT.match(match[0]) is not None
        words.append(Word(match[0] if unspaced else _stem(match[0]), unspaced, match.start()))
    return words


def key_of(text: str) -> str:
    """What two texts have in common that differ in case, accents, English plurals and punctuation only.

    A text without letters and digits is its own key.
    """
    folded = fold(text)
    return " ".join(word.text for word in words_of(folded)) or folded.strip()


def terms_of(word: Word) -> list[str]:
    """The terms under which a word is looked up: itself, or the pairs of letters of an unspaced one."""
    if not word.unspaced or len(word.text) == 1:
        return [word.text]
    return [word.text[index : index + 2] for index in range(len(word.text) - 1)]


def one_edit_away(word: str, letters: str) -> set[str]:
    """The words that differ from a word by one letter: left out, added, replaced or swapped with the next.

    The first letter is taken to be right unless it was swapped: people rarely mistype it.

    Args:
        word: The word.
        letters: What is added and put in another's place.
    """
    cuts = range(1, len(word) + 1)
    edits = {word[:cut] + word[cut + 1 :] for cut in cuts}
    edits |= {
        word[:cut] + letter + rest
        for cut in cuts
        for letter in letters
        for rest in (word[cut:], word[cut + 1 :])
    }
    edits |= {word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :] for cut in range(len(word) - 1)}
    return edits - {word}


def _stem(word: str) -> str:
    if len(word) > 3 and word.isascii() and len(word) <= _LONGEST_PLURAL:
        return singularize(word)
    return word
