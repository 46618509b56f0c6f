"""The one statement in a model's text, whatever a chat model has put around it."""

from __future__ import annotations

import re

from t2sql.plain import parse_json
from t2sql.prompt import END_MARKS, strip_end_marks

_LONGEST = 8192
"""Characters of a text that are looked at."""
_MOST_LINES = 400
_SELECT = r"(?:SELECT\b|WITH\s+(?:RECURSIVE\s+)?[^\s(]+\s*(?:\([^)]*\)\s*)?AS\b)"
_BEGINS = re.compile(rf"\(*\s*{_SELECT}", re.IGNORECASE)
# After "SQL:", "<sql>", "[SQL]", "**": what a model says before a statement ends in one of these, or a line.
_LATER = re.compile(
    rf"(?:^(?:\d+[.)])?|[:>\]*`])[ \t]*(?P<statement>\(*\s*{_SELECT})", re.IGNORECASE | re.MULTILINE
)
_THOUGHT = re.compile(r"<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_THOUGHT_END = re.compile(_THOUGHT.pattern.replace("<", "</"), re.IGNORECASE)
_FENCE = re.compile(
    r"```[ \t]*(?:\w*[ \t]*\n|(?:sql\w*|postgres\w*|mysql|mariadb|duckdb)\b)?(.*?)(?:```|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_END = re.compile("|".join([r"</?\w+>", r"\[/\w+\]", "```", *map(re.escape, END_MARKS), r"<\|\w+\|>"]))
_FIRST_LINE = re.compile(rf"{_BEGINS.pattern}|--|WITH\b", re.IGNORECASE)
# A line that goes on with the statement of the line before it; any other is the model's own words.
_GOES_ON = re.compile(
    r"[ \t]+\S|[(),|]|--|(?:SELECT|FROM|WHERE|GROUP|ORDER|HAVING|LIMIT|OFFSET|FETCH|JOIN|LEFT|RIGHT|FULL"
    r"|INNER|CROSS|OUTER|NATURAL|ON|USING|AND|OR|NOT|UNION|INTERSECT|EXCEPT|CASE|WHEN|THEN|ELSE|END|AS|IN|BETWEEN|LIKE|WINDOW)\b",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"(?:[,(=<>+*/-]|\b(?:SELECT|DISTINCT|FROM|WHERE|AND|OR|BY|ON))$", re.IGNORECASE)
_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`\n]*`)|(?P<end>;)|--[^\n]*|/\*.*?\*/|\n""",
    re.DOTALL,
)


def first_statement(text: str) -> str:
    """Cut a model's text to one statement, on one line.

    Thoughts in <think>, Markdown's fences and backticks, a JSON object with the statement, and words before
    and after it are left out. What follows a first line without a statement is looked through for one.

    Args:
        text: What the model generated; blank space around it is ignored.

    Returns:
        The statement up to a `;` outside quotes, without end-of-text marks; the first line if there is no
        statement in the text; "" if there is nothing.
    """
    thoughts = [match.end() for match in _THOUGHT_END.finditer(text)]
    text = text[thoughts[-1] if thoughts else 0 :].strip()[:_LONGEST]
    if thought := _THOUGHT.search(text):
        text = text[: thought.start()]
    text = _unwrapped(text)
    if not _BEGINS.match(text) and (later := _LATER.search(text)):
        text = text[later.start("statement") :]
        if later[0].startswith("`"):
            text = text.partition("\n")[0].rpartition("`")[0]
    if end := _END.search(text):
        # A statement may have it within quotes, and then it begins before and ends after it.
        text = text if _in_quotes(text, end.start()) else text[: end.start()]
    return strip_end_marks(_one_statement(_statement_lines(text)))


def _unwrapped(text: str) -> str:
    """The text without what Markdown or JSON puts around it."""
    if "```" in text and not _BEGINS.match(text):
        blocks = [block.strip() for block in _FENCE.findall(text)]
        text = next((block for block in blocks if _BEGINS.match(block)), next(filter(None, blocks), ""))
    if text.startswith("`"):
        inner = text.rstrip(" \t.;")
        return (
            inner[1:-1].strip()
            if inner.endswith("`") and len(inner) > 1
            else text[1:].partition("`")[0].strip()
        )
    if text.startswith("{"):
        try:
            document = parse_json(text)
        except ValueError:
            return text
        texts = [document.get(name) for name in ("sql", "SQL", "query", "statement", "answer")]
        return next((value.strip() for value in texts if isinstance(value, str)), text)
    return text


def _statement_lines(text: str) -> str:
    """The first line, and those after it that go on with its statement."""
    lines = text.strip().split("\n")[:_MOST_LINES]
    if not _FIRST_LINE.match(lines[0]):
        return lines[0]
    count = 1
    while count < len(lines) and (_GOES_ON.match(lines[count]) or _is_open("\n".join(lines[:count]))):
        count += 1
    return "\n".join(lines[:count])


def _is_open(text: str) -> bool:
    """Whether a statement has to go on in the next line: after a comma, an operator, or in parentheses."""
    bare = _TOKEN.sub(lambda match: "x" if match["quoted"] else match["end"] or " ", text).strip()
    if ";" in bare:
        return False
    return bare.count("(") > bare.count(")") or not bare or "/*" in bare or _OPEN_END.search(bare) is not None


def _one_statement(text: str) -> str:
    """The text up to a `;` outside quotes; if it has several lines, on one and without comments."""
    end = next((match.start() for match in _TOKEN.finditer(text) if match["end"]), len(text))
    text = text[:end].strip()
    if "\n" not in text:
        return text
    parts = _TOKEN.sub(lambda match: match["quoted"] or "\0", text.replace("\0", " ")).split("\0")
    return " ".join(part.strip() for part in parts if part.strip())


def _in_quotes(text: str, place: int) -> bool:
    return any(match["quoted"] and match.start() < place < match.end() for match in _TOKEN.finditer(text))
