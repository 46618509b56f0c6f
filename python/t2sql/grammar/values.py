"""The literals of a statement: numbers, free texts, and texts that are copied from the question."""

from __future__ import annotations

import re

from t2sql.grammar.notations import TerminalPattern, gbnf_text, regex_text

MAX_TEXT = 80
"""Characters of a free text; a doubled quote counts once."""
MAX_WORDS = 64
"""Words of a question that texts may be copied from."""

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

_WORD = re.compile(r"\w+|[^\w\s]")


def copied_text(question: str) -> TerminalPattern:
    """The literals whose text is copied from a question.

    Args:
        question: The question, in words.

    Returns:
        A pattern of consecutive words of the question, spelled as they are there, each gap one space; "%" may
        stand at either end, for LIKE. A question without words allows any text.
    """
    words = list(_WORD.finditer(question))[:MAX_WORDS]
    if not words:
        return STRING
    # From the last word on: each run is a word and, perhaps, the run that begins at the next one.
    gbnf_run = regex_run = ""
    gbnf_runs: list[str] = []
    regex_runs: list[str] = []
    for index in reversed(range(len(words))):
        text = words[index].group().replace("'", "''")
        if gbnf_run:
            gap = " " if words[index].end() < words[index + 1].start() else ""
            gbnf_run = f'{gbnf_text(text)} ("{gap}" {gbnf_run})?'
            regex_run = f"{regex_text(text)}({gap}{regex_run})?"
        else:
            gbnf_run, regex_run = gbnf_text(text), regex_text(text)
        gbnf_runs.append(f"({gbnf_run})")
        regex_runs.append(f"({regex_run})")
    return TerminalPattern(
        f"""("'" "%"? ({" | ".join(gbnf_runs)}) "%"? "'")""", f"'%?({'|'.join(regex_runs)})%?'"
    )
