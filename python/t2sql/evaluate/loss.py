"""Loss and perplexity of a whole split, each example once; checkpoints of one base share its work."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql.adapters import AdapterConfig, read_adapter_config
from t2sql.data import Example
from t2sql.models import Loaded, ModelRef, adapter_applied, load
from t2sql.progress import Progress
from t2sql.train import Encoded, Network, SplitInputs, SplitLoss, encode_split

BATCH = 16
"""Examples computed at once; the loss does not depend on it."""
ROOM = 2e9
"""Bytes that the frozen layers' output may take while several checkpoints are measured; what does not fit is
computed anew for each checkpoint."""
_LARGEST_EXPONENT = 700
"""Natural logarithm of about 1e304: above it exp() overflows a float64."""


@dataclass(frozen=True)
class LossResult:
    """What a model predicts of a split.

    Attributes:
        loss: Mean negative natural log-probability of the completions' tokens, end-of-text included: nats per
            token.
        perplexity: exp(loss); infinity where that overflows.
        tokens: Tokens that `loss` is the mean of.
        n: Examples that were measured.
        text_loss: The same over all tokens, prompts included, as the tutorial measures it; None where that
            was not asked for.
        text_perplexity: exp(text_loss).
        skipped: Examples that are longer than the longest sequence and were left out.
        seconds: Wall-clock seconds.
    """

    loss: float
    perplexity: float
    tokens: int
    n: int
    text_loss: float | None
    text_perplexity: float | None
    skipped: int
    seconds: float


def measure_loss(
    loaded: Loaded,
    examples: Sequence[Example],
    *,
    max_seq_length: int = 2048,
    batch_size: int = BATCH,
    text: bool = False,
    progress: Progress | None = None,
) -> LossResult:
    """Measure a loaded model, with its adapter if it has one.

    Args:
        loaded: The model.
        examples: The split.
        max_seq_length: Tokens above which an example is left out.
        batch_size: Examples computed at once.
        text: Whether to measure the loss over all tokens too.
        progress: Called after each batch.
    """
    began = time.perf_counter()
    split = _Split.of(loaded, examples, max_seq_length)
    source = SplitInputs(Network(loaded.model), split.encoded, start=0, memory=0)
    sums = source.measure(batch_size=batch_size, text=text, progress=progress)
    return split.result(sums, began, text=text)


def measure_checkpoints(
    model: ModelRef | str | Path,
    adapters: Sequence[Path],
    examples: Sequence[Example],
    *,
    max_seq_length: int = 2048,
    text: bool = False,
    base: bool = True,
    progress: Progress | None = None,
) -> Iterator[tuple[Path | None, LossResult]]:
    """Measure a base model and each of its adapters.

    The model is loaded once, and the layers below the first that any adapter touches are computed once.

    Args:
        model: The base model.
        adapters: The checkpoints' directories.
        examples: The split.
        max_seq_length: Tokens above which an example is left out.
        text: Whether to measure the loss over all tokens too.
        base: Whether to measure the base model as well, before the adapters.
        progress: Called after each batch, with the batches of all models as the total.

    Yields:
        (adapter, its loss), with None for the base model.

    Raises:
        InputError: The model or an adapter cannot be read, or they do not fit each other.
    """
    configs = [read_adapter_config(adapter) for adapter in adapters]
    loaded = load(model)
    began = time.perf_counter()
    split = _Split.of(loaded, examples, max_seq_length)
    start = _common_start(len(loaded.model.layers), configs)
    source = SplitInputs(Network(loaded.model), split.encoded, start=start, memory=ROOM)
    total = len(adapters) + int(base)
    if base:
        sums = source.measure(batch_size=BATCH, text=text, progress=_part(progress, 0, total))
        yield None, split.result(sums, began, text=text)
    for index, adapter in enumerate(adapters, start=int(base)):
        began = time.perf_counter()
        with adapter_applied(loaded.model, adapter, loaded.path):
            loaded.model.eval()
            sums = source.measure(batch_size=BATCH, text=text, progress=_part(progress, index, total))
        yield adapter, split.result(sums, began, text=text)


@dataclass(frozen=True)
class _Split:
    """A split as tokens.

    Attributes:
        encoded: The examples that are not too long.
        skipped: How many are.
    """

    encoded: list[Encoded]
    skipped: int

    @classmethod
    def of(cls, loaded: Loaded, examples: Sequence[Example], max_seq_length: int) -> _Split:
        split = encode_split(loaded.tokenizer, examples, max_seq_length=max_seq_length)
        return cls(split.examples, len(split.skipped))

    def result(self, sums: SplitLoss, began: float, *, text: bool) -> LossResult:
        return LossResult(
            loss=sums.loss,
            perplexity=_exp(sums.loss),
            tokens=sums.count,
            n=len(self.encoded),
            text_loss=sums.text_loss if text else None,
            text_perplexity=_exp(sums.text_loss) if text else None,
            skipped=self.skipped,
            seconds=time.perf_counter() - began,
        )


def _common_start(layers: int, configs: Sequence[AdapterConfig]) -> int:
    """How many of the first layers are the base's own under every adapter."""
    start = layers
    for config in configs:
        if config.base_bits:
            return 0
        keys = (config.lora.keys if config.lora else None) or ()
        count = -1 if any("embed" in key for key in keys) else config.num_layers
        start = min(start, max(0, layers - count) if count > 0 else 0)
    return start


def _part(progress: Progress | None, index: int, models: int) -> Progress | None:
    """Progress of one of several models, as that of all of them."""
    if progress is None:
        return None
    return lambda done, total, what: progress(index * total + done, models * total, what)


def _exp(loss: float) -> float:
    return math.exp(loss) if loss < _LARGEST_EXPONENT else math.inf
