"""End-of-text tokens that some data sets write out at the end of a line."""

from __future__ import annotations

END_MARKS = ("</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<eos>")
"""They are not trained on as text."""


def strip_end_marks(text: str, *more: str) -> str:
    """Remove whitespace and written-out end-of-text tokens from the end of a text.

    Args:
        text: The text.
        more: End-of-text tokens beside `END_MARKS`; empty ones are ignored.
    """
    text = text.rstrip()
    marks = [mark for mark in (*END_MARKS, *more) if mark]
    while mark := next((mark for mark in marks if text.endswith(mark)), None):
        text = text[: -len(mark)].rstrip()
    return text
