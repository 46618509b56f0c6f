"""How people spell the values of statements."""

from __future__ import annotations

import re

from t2sql.data.templates import NUMBER_WORDS

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August"]
MONTHS += ["September", "October", "November", "December"]


def spellings(text: str) -> set[str]:
    """How a question may spell a text or a number of a statement, in small letters."""
    found = {text.lower()}
    if day := re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d)?)?", text):
        year, month = day[1], MONTHS[int(day[2]) - 1].lower()
        if day[3]:
            found |= {f"{int(day[3])} {month} {year}", f"{month} {int(day[3])}, {year}"}
        else:
            found |= {f"{month} {year}", f"{year}-{day[2]}"}
    if re.fullmatch(r"\d+", text):
        number = int(text)
        found |= {f"{number:,}"}
        found |= {NUMBER_WORDS[number]} if number <= 10 else set()
        # "several" is more than one; two or more is so too.
        found |= {"multiple", "several", "two or more"} if number == 1 else set()
    return found
