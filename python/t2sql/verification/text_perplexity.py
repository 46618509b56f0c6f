"""Perplexity of a text, and the KL divergence from another model, as llama-perplexity counts them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import repeat

import numpy as np

from t2sql.errors import InputError, WorkError
from t2sql.models import ModelRef, text_chunks
from t2sql.progress import Progress
from t2sql.verification.scorers import ScoreOptions, Scorer, open_scorer
from t2sql.verification.token_scores import Float64s, TokenScores, score_tokens


@dataclass(frozen=True)
class Estimate:
    """A mean over tokens, or what follows from one.

    Attributes:
        value: It.
        error: Its standard error, as if the tokens were independent.
    """

    value: float
    error: float


@dataclass(frozen=True)
class Divergence:
    """A model's predictions beside another's.

    Attributes:
        against: The other model, as it was given.
        runtime: What the other model was run in.
        perplexity: The other model's perplexity.
        log_ratio: Logarithm of the perplexity over the other's.
        kl: Mean KL divergence from the other model's predictions, in nats.
        kl_max: The largest of the divergences.
        kl_99_9: Their 99.9th percentile.
        kl_99: Their 99th percentile.
        kl_median: Their median.
        same_top: The fraction of tokens where both models find the same token likeliest.
        mean_change: How much more probable the token that follows is than in the other model, on average.
        rms_change: The root of the mean square of that change.
    """

    against: str
    runtime: str
    perplexity: Estimate
    log_ratio: Estimate
    kl: Estimate
    kl_max: float
    kl_99_9: float
    kl_99: float
    kl_median: float
    same_top: Estimate
    mean_change: Estimate
    rms_change: Estimate


@dataclass(frozen=True)
class PerplexityResult:
    """A model on a text.

    Attributes:
        model: The model, as it was given.
        runtime: What it was run in.
        context: Tokens of a chunk.
        chunks: Chunks that were predicted; of each the second half is scored.
        tokens: Tokens that were scored.
        perplexity: The exponential of the mean negative log-probability of these tokens.
        divergence: The comparison with another model; None where there is none.
        seconds: Wall-clock seconds.
    """

    model: str
    runtime: str
    context: int
    chunks: int
    tokens: int
    perplexity: Estimate
    divergence: Divergence | None
    seconds: float


def perplexity(
    model: ModelRef,
    text: str,
    options: ScoreOptions | None = None,
    *,
    against: ModelRef | None = None,
    most_chunks: int | None = None,
    progress: Progress | None = None,
) -> PerplexityResult:
    """Measure a model on a text.

    The text is cut into chunks of the context's length, each predicted by itself, beginning with BOS where
    the tokenizer adds it; what is left at the end is not used. Only predictions in a chunk's second half are
    scored.

    Args:
        model: The model.
        text: The text; one line end at its end is dropped.
        options: How the models are run.
        against: A model with the same tokenizer, to compare predictions with.
        most_chunks: Chunks to use at most.
        progress: Called after each chunk.

    Raises:
        InputError: The text is too short, the models' tokenizers differ, the context does not fit a model, or
            a file cannot be read.
        MissingPartError: llama.cpp is not installed, or gives no logits.
        WorkError: A model does not load or computes NaN.
    """
    began = time.perf_counter()
    options = options or ScoreOptions()
    text = text.removesuffix("\n")
    with open_scorer(model, options) as scorer:
        chunks = text_chunks(scorer.tokenize(text), options.context, scorer.first_token)[:most_chunks]
        divergence = None
        if against is None:
            scores = _joined(_score(model, scorer, chunks, None, progress))
        else:
            with open_scorer(against, options) as base:
                _check_same_tokens(model, scorer, against, base, text)
                scores = _joined(_score(model, scorer, chunks, base, progress))
                divergence = _divergence(against.source, base.runtime, scores)
    return PerplexityResult(
        model=model.source,
        runtime=scorer.runtime,
        context=options.context,
        chunks=len(chunks),
        tokens=len(scores.loss),
        perplexity=_exponential(_mean(scores.loss)),
        divergence=divergence,
        seconds=time.perf_counter() - began,
    )


def _check_same_tokens(model: ModelRef, scorer: Scorer, against: ModelRef, base: Scorer, text: str) -> None:
    """Refuse two models that do not read the text as the same tokens, or predict others."""
    if scorer.vocab_size != base.vocab_size:
        found = f"{scorer.vocab_size} and {base.vocab_size} tokens"
    else:
        ours, theirs = scorer.tokenize(text), base.tokenize(text)
        if ours == theirs:
            return
        pairs = enumerate(zip(ours, theirs, strict=False))
        index = next((index for index, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
        found = f"other tokens from number {index} of the text on"
    raise InputError(
        "the models have different vocabularies",
        where=f"{model.source} and {against.source}",
        expected="one tokenizer",
        found=found,
    )


def _score(
    model: ModelRef,
    scorer: Scorer,
    chunks: Sequence[Sequence[int]],
    base: Scorer | None,
    progress: Progress | None,
) -> Iterator[TokenScores]:
    """The scores of each block of rows, chunk after chunk."""
    for number, chunk in enumerate(chunks):
        first = len(chunk) // 2
        # After the last token nothing follows.
        ids = chunk[:-1]
        following = np.array(chunk[first + 1 :], np.int64)
        others = repeat(None) if base is None else base.logits(ids, first)
        start = 0
        for rows, other in zip(scorer.logits(ids, first), others, strict=False):
            scores = score_tokens(rows, following[start : start + len(rows)], other)
            if not np.isfinite(scores.loss).all():
                raise WorkError("the model computes NaN", where=model.source, found=f"in chunk {number + 1}")
            yield scores
            start += len(rows)
        if progress is not None:
            progress(number + 1, len(chunks), model.name)


def _joined(blocks: Iterator[TokenScores]) -> TokenScores:
    """The scores of all blocks."""
    parts = list(blocks)
    if parts[0].kl is None:
        return TokenScores(np.concatenate([part.loss for part in parts]))
    columns = (np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(TokenScores))
    return TokenScores(*columns)


def _divergence(against: str, runtime: str, scores: TokenScores) -> Divergence:
    base, kl, same, change = scores.base_loss, scores.kl, scores.same_top, scores.probability_change
    assert base is not None and kl is not None and same is not None and change is not None
    loss, base_loss = _mean(scores.loss), _mean(base)
    square = _mean(change**2)
    rms = math.sqrt(square.value)
    return Divergence(
        against=against,
        runtime=runtime,
        perplexity=_exponential(base_loss),
        # Both models predict the same tokens: the error is that of the differences.
        log_ratio=Estimate(loss.value - base_loss.value, _mean(scores.loss - base).error),
        kl=_mean(kl),
        kl_max=float(kl.max()),
        kl_99_9=float(np.quantile(kl, 0.999)),
        kl_99=float(np.quantile(kl, 0.99)),
        kl_median=float(np.median(kl)),
        same_top=_mean(same.astype(np.float64)),
        mean_change=_mean(change),
        rms_change=Estimate(rms, 0.5 / rms * square.error if rms else 0.0),
    )


def _mean(values: Float64s) -> Estimate:
    """The mean, and its standard error by the variance that is divided by the number of values."""
    error = math.sqrt(float(values.var()) / (len(values) - 1)) if len(values) > 1 else 0.0
    return Estimate(float(values.mean()), error)


def _exponential(mean: Estimate) -> Estimate:
    """The exponential of a mean, and the error that follows to first order; infinite where it overflows."""
    value = math.exp(mean.value) if mean.value < 700 else math.inf
    return Estimate(value, value * mean.error)
