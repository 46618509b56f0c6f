"""The literals of a statement: numbers, free texts, and texts that are copied from the question."""

from __future__ import annotations

import re
from itertools import pairwise

from t2sql.grammar.notations import TerminalPattern, gbnf_text, regex_text
from t2sql.schema import NUMBER_WORDS

MAX_TEXT = 80
"""Characters of a free text; a doubled quote counts once."""

STRING = TerminalPattern(
    rf"""("'" ([^'\x00-\x1F\x7F] | "''"){{0,{MAX_TEXT}}} "'")""",
    rf"'([^'\x00-\x1F\x7F]|''){{0,{MAX_TEXT}}}'",
)
NUMBER = TerminalPattern(
    '("-"? [0-9]{1,19} ("." [0-9]{1,17})? ("e" [-+]? [0-9]{1,2})?)',
    r"-?[0-9]{1,19}(\.[0-9]{1,17})?(e[-+]?[0-9]{1,2})?",
)
"""Every whole number of 64 bits, and every fraction as Python writes it."""
LONG_NUMBER = TerminalPattern(
    '("-"? [0-9]{1,38} ("." [0-9]{1,38})? ("e" [-+]? [0-9]{1,2})?)',
    r"-?[0-9]{1,38}(\.[0-9]{1,38})?(e[-+]?[0-9]{1,2})?",
)
"""As long as the longest numbers of databases that hold them exactly."""
DIGIT = TerminalPattern("[0-9]", "[0-9]")
COUNT = TerminalPattern("([1-9] [0-9]{0,3})", r"[1-9][0-9]{0,3}")

DATE = TerminalPattern(
    """("'" [0-9]{4} ("-" [0-9]{2}){1,2} "'")""",
    "'[0-9]{4}(-[0-9]{2}){1,2}'",
)
"""A month or a day as databases write it; in questions they have many forms."""

MAX_WORDS = 64
"""Words of a question that texts may be copied from."""
MAX_RUN = 16
"""Words of a copied text whose letters may be small or capital."""
PLAIN_NUMBERS = ("0", "1", "2")
"""What questions mean without saying it: none, a single one, more than one."""

_WORD = re.compile(r"\w+|[^\w\s]")
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", re.ASCII)


def copied_text(question: str, *, any_case: bool = False) -> TerminalPattern:
    """The literals whose text is copied from a question.

    Args:
        question: The question, in words.
        any_case: Whether each letter may be small or capital, whatever it is in the question; of many words
            fewer can then be one text.

    Returns:
        A pattern of consecutive words of the question, spelled as they are there, each gap one space; "%" may
        stand at either end, for LIKE. A question without words allows any text.
    """
    words = list(_WORD.finditer(question))[:MAX_WORDS]
    if not words:
        return STRING
    spelled = [word.group().replace("'", "''") for word in words]
    if any_case:
        gbnf_words, regex_words = zip(*map(_any_case, spelled), strict=True)
    else:
        gbnf_words, regex_words = tuple(map(gbnf_text, spelled)), tuple(map(regex_text, spelled))
    gaps = [" " if one.end() < two.start() else "" for one, two in pairwise(words)]
    gbnf_runs: list[str] = []
    regex_runs: list[str] = []
    for start in range(len(words)):
        end = min(start + MAX_RUN, len(words)) - 1 if any_case else len(words) - 1
        # From the last word on: each run is a word and, perhaps, the run that begins at the next one.
        gbnf_run, regex_run = gbnf_words[end], regex_words[end]
        for index in range(end - 1, start - 1, -1):
            gap = gaps[index]
            gbnf_run = f'{gbnf_words[index]} ("{gap}" {gbnf_run})?'
            regex_run = f"{regex_words[index]}({gap}{regex_run})?"
        gbnf_runs.append(f"({gbnf_run})")
        regex_runs.append(f"({regex_run})")
    return TerminalPattern(
        f"""("'" "%"? ({" | ".join(gbnf_runs)}) "%"? "'")""", f"'%?({'|'.join(regex_runs)})%?'"
    )


def numbers_of(question: str) -> tuple[str, ...]:
    """The numbers that a question has, in figures or as words, and `PLAIN_NUMBERS`.

    Args:
        question: The question, in words.
    """
    written = [number.replace(",", "") for number in _NUMBER.findall(question)]
    words = set(re.findall(r"[a-z]+", question.lower()))
    named = [str(value) for value, name in enumerate(NUMBER_WORDS) if name in words]
    return tuple(dict.fromkeys([*written, *named, *PLAIN_NUMBERS]))


def _any_case(word: str) -> tuple[str, str]:
    """A word in any letter case, as GBNF and as a regular expression."""
    gbnf: list[str] = []
    regex: list[str] = []
    for letter in word:
        cases = dict.fromkeys((letter.lower(), letter.upper()))
        if len(cases) == 2 and all(len(case) == 1 for case in cases):
            both = f"[{''.join(cases)}]"
            gbnf.append(both)
            regex.append(both)
        else:
            gbnf.append(gbnf_text(letter))
            regex.append(regex_text(letter))
    return " ".join(gbnf), "".join(regex)
