"""Tables and answers as HTML, in which every text of a stranger is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from t2sql.text.escapes import visible


def html_text(text: str) -> str:
    """A text for HTML: markup escaped, control characters shown."""
    return escape(visible(text))


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Lay out a table.

    Args:
        columns: The columns' names.
        rows: A text for each column.
        caption: A line below the table; "" for none.
    """
    head = "".join(f"<th>{html_text(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{html_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    below = f"<p>{html_text(caption)}</p>" if caption else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def html_answer(sql: str, status: str, remarks: Iterable[str]) -> str:
    """Lay out a statement with how sure it is.

    Args:
        sql: The statement.
        status: How sure it is, in a word.
        remarks: What else to know, a line each.
    """
    lines = "".join(f"<li>{html_text(remark)}</li>" for remark in remarks)
    return f"<pre>{html_text(sql)}</pre><p><b>{html_text(status)}</b></p>" + (
        f"<ul>{lines}</ul>" if lines else ""
    )
