"""The literals of a statement: numbers, free texts, and texts that are copied from the question."""

from __future__ import annotations

import re

from t2sql.grammar.notations import Pattern, gbnf_text

MAX_TEXT = 80
"""Characters of a free text; a doubled quote counts once."""
MAX_WORDS = 64
"""Words of a question that texts may be copied from."""

STRING = Pattern(
    rf"""("'" ([^'\x00-\x1F\x7F] | "''"){{0,{MAX_TEXT}}} "'")""",
    rf"'([^'\x00-\x1F\x7F]|''){{0,{MAX_TEXT}}}'",
)
NUMBER = Pattern('("-"? [0-9]{1,12} ("." [0-9]{1,6})?)', r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
COUNT = Pattern("([1-9] [0-9]{0,3})", r"[1-9][0-9]{0,3}")

_WORD = re.compile(r"\w+|[^\w\s]")


def copied(question: str) -> Pattern:
    """A text of consecutive words of the question, as they are spelt there, spaces between them as one.

    "%" may stand at either end, for LIKE. A question without words gives free texts.
    """
    words = list(_WORD.finditer(question))[:MAX_WORDS]
    if not words:
        return STRING
    # From the last word on: each run is a word and, perhaps, the run that begins at the next one.
    gbnf_run = regex_run = ""
    gbnf_runs: list[str] = []
    regex_runs: list[str] = []
    for at in reversed(range(len(words))):
        text = words[at].group().replace("'", "''")
        if gbnf_run:
            gap = " " if words[at].end() < words[at + 1].start() else ""
            gbnf_run = f'{gbnf_text(text)} ("{gap}" {gbnf_run})?'
            regex_run = f"{_escaped(text)}({gap}{regex_run})?"
        else:
            gbnf_run, regex_run = gbnf_text(text), _escaped(text)
        gbnf_runs.append(f"({gbnf_run})")
        regex_runs.append(f"({regex_run})")
    return Pattern(f"""("'" "%"? ({" | ".join(gbnf_runs)}) "%"? "'")""", f"'%?({'|'.join(regex_runs)})%?'")


def _escaped(text: str) -> str:
    """For a regular expression between slashes."""
    return "".join(c if c.isalnum() or c in "_' " else f"\\{c}" if c.isascii() else c for c in text)
