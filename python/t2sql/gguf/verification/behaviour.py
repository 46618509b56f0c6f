"""Behaviour: next-token distributions of the source in MLX float32 against the file's in llama.cpp."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from t2sql.gguf.llamacpp import LlamaFile
from t2sql.gguf.verification.bounds import bounds_of
from t2sql.gguf.verification.result import Check

if TYPE_CHECKING:
    import numpy as np

PROMPTS = (
    "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: How old is Wang Junjian?\nA:",
    "table: orders\ncolumns: id, customer, total, date\nQ: What is the total of orders by Ann?\nA: SELECT",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) +",
    "The capital of France is Paris, and the capital of Italy is",
)
# Likeliest tokens of the file that are compared one by one; the rest is one lump.
TOP = 50
_TOKENS = 64
_POSITIONS = 10
# Two tokens this close in the source are a tie: which comes first says nothing.
_TIE = 1e-3


def check_behaviour(
    model: Any,
    tokenizer: Any,
    llama: LlamaFile,
    type: str,
    *,
    prompts: Sequence[str] = PROMPTS,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Check]:
    divergences, agreed = [], []
    for done, prompt in enumerate(prompts):
        if progress is not None:
            progress(done, len(prompts), "logits")
        ids = list(tokenizer.encode(prompt))[:_TOKENS]
        expected = log_probabilities(model, ids)
        step = max(1, len(ids) // _POSITIONS)
        for position in range(len(ids) - 1, 0, -step)[::-1]:
            found = llama.top(ids[: position + 1], min(TOP, expected.shape[1] - 1))
            divergences.append(divergence(expected[position], found))
            best = float(expected[position].max())
            agreed.append(best - float(expected[position][found[0][0]]) < _TIE)
    bounds = bounds_of(type)
    mean, top1 = sum(divergences) / len(divergences), sum(agreed) / len(agreed)
    n = f"{len(agreed)} positions"
    return [
        Check("logits/mean KL", mean <= bounds.mean_kl, round(mean, 8), bounds.mean_kl, n),
        Check("logits/top-1 agreement", top1 >= bounds.top1, round(top1, 4), bounds.top1, n),
        Check("logits/max KL", math.isfinite(max(divergences)), round(max(divergences), 8), "finite", n),
    ]


def log_probabilities(model: Any, ids: Sequence[int]) -> np.ndarray:
    """[positions, vocabulary] in float64, from the source in MLX."""
    import numpy as np

    from t2sql.models.runtime import mx

    logits = np.array(model(mx.array([list(ids)]))[0].astype(mx.float32), dtype=np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def divergence(expected: np.ndarray, found: Sequence[tuple[int, float]]) -> float:
    """KL(source || file) over the file's top tokens and everything else as one."""
    kl, rest_p, rest_q = 0.0, 1.0, 1.0
    for token, logq in found:
        logp = float(expected[token])
        p = math.exp(logp)
        kl += p * (logp - logq)
        rest_p -= p
        rest_q -= math.exp(logq)
    rest_p, rest_q = max(rest_p, 0.0), max(rest_q, 1e-9)
    if rest_p > 0:
        kl += rest_p * math.log(max(rest_p, 1e-12) / rest_q)
    return max(kl, 0.0)
