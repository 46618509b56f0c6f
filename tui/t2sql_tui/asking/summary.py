"""An answer's certainty and speed in a few words."""

from __future__ import annotations

import math

from t2sql_tui import formatting
from t2sql_tui.asking.messages import Reply


def summary(reply: Reply) -> str:
    """How sure the model is, and how fast it was.

    The percentage is the geometric mean of the tokens' probabilities.
    """
    if reply.status == "remembered":
        return "✓ remembered"
    mark = {"uncertain": "?", "unrated": "·"}.get(reply.status, "✓")
    probability = "" if reply.logprob is None else f" {math.exp(reply.logprob):.1%}"
    speed = f"{reply.tokens} tokens, {formatting.rate(reply.tokens_per_second)} tok/s"
    return f"{mark} {reply.status}{probability}  {speed}"
