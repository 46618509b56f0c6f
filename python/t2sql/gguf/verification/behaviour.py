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
_TOKENS = 48
_POSITIONS = 10
# Two tokens whose probabilities in the source are this close are a tie: rounding decides between them.
_TIE = 1e-2


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
    texts = [list(tokenizer.encode(prompt))[:_TOKENS] for prompt in prompts]
    for done, (ids, logits) in enumerate(zip(texts, _logits(model, texts), strict=True)):
        if progress is not None:
            progress(done, len(prompts), "logits")
        step = max(1, len(ids) // _POSITIONS)
        for position in range(len(ids) - 1, 0, -step)[::-1]:
            expected = log_softmax(logits[position])
            found = llama.top(ids[: position + 1], min(TOP, len(expected) - 1))
            divergences.append(divergence(expected, found))
            agreed.append(math.exp(expected.max()) - math.exp(expected[found[0][0]]) < _TIE)
    bounds = bounds_of(type)
    mean, top1 = sum(divergences) / len(divergences), sum(agreed) / len(agreed)
    n = f"{len(agreed)} positions"
    return [
        Check("logits/mean KL", mean <= bounds.mean_kl, _rounded(mean), bounds.mean_kl, n),
        Check("logits/top-1 agreement", top1 >= bounds.top1, round(top1, 4), bounds.top1, n),
        Check("logits/max KL", math.isfinite(max(divergences)), _rounded(max(divergences)), "finite", n),
    ]


def _logits(model: Any, texts: Sequence[Sequence[int]]) -> np.ndarray:
    """[texts, positions, vocabulary] from MLX in one pass: padding on the right is not seen."""
    import numpy as np

    from t2sql.models.runtime import mx

    width = max(len(ids) for ids in texts)
    padded = [[*ids, *[0] * (width - len(ids))] for ids in texts]
    return np.array(model(mx.array(padded)).astype(mx.float32))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of one position, in float64."""
    import numpy as np

    shifted = logits.astype(np.float64) - float(logits.max())
    return shifted - np.log(np.exp(shifted).sum())


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


def _rounded(value: float) -> float | str:
    """Infinity as a word: JSON has no number for it."""
    return round(value, 8) if math.isfinite(value) else "infinite"
