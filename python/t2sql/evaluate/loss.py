"""Loss and perplexity of a whole split, each example once; checkpoints of one base share its work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.adapters import AdapterConfig, read_adapter_config

if TYPE_CHECKING:
    from t2sql.models import Loaded
    from t2sql.train import Encoded

Progress = Callable[[int, int, str], None]

BATCH = 16
ROOM = 2e9
"""Bytes that the frozen layers' output may take while several checkpoints are measured."""


@dataclass(frozen=True)
class LossResult:
    """`loss` is over the completions' tokens, end of text included; `text_loss` over all tokens."""

    loss: float
    perplexity: float
    tokens: int
    n: int
    text_loss: float | None
    text_perplexity: float | None
    skipped: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure_loss(
    loaded: Loaded,
    examples: Sequence[Any],
    *,
    max_seq_length: int = 2048,
    batch_size: int = BATCH,
    text: bool = False,
    progress: Progress | None = None,
) -> LossResult:
    """Measure a loaded model (with its adapter, if it has one) on a split."""
    from t2sql.train import Network, Source

    began = time.perf_counter()
    encoded, skipped = _encode(loaded, examples, max_seq_length)
    source = Source(Network(loaded.model), encoded, start=0, room=0)
    return _result(source, encoded, skipped, batch_size, text, began, progress)


def measure_checkpoints(
    model: str | Path,
    adapters: Sequence[Path],
    examples: Sequence[Any],
    *,
    max_seq_length: int = 2048,
    batch_size: int = BATCH,
    text: bool = False,
    base: bool = True,
    progress: Progress | None = None,
) -> Iterator[tuple[Path | None, LossResult]]:
    """Measure the base model (as None) and each adapter on a split, one after the other.

    The model is loaded once, and the layers below the first that any adapter touches are run once.
    """
    from t2sql.models import apply_adapter, load
    from t2sql.train import Network, Source

    adapters = [Path(adapter) for adapter in adapters]
    configs = [read_adapter_config(adapter) for adapter in adapters]
    loaded = load(model)
    began = time.perf_counter()
    encoded, skipped = _encode(loaded, examples, max_seq_length)
    start = _common_start(len(loaded.model.layers), configs)
    source = Source(Network(loaded.model), encoded, start=start, room=ROOM)
    total = len(adapters) + int(base)
    if base:
        yield None, _result(source, encoded, skipped, batch_size, text, began, _part(progress, 0, total))
    # References to the base's own modules and values, to put back after each adapter.
    modules, values = loaded.model.leaf_modules(), loaded.model.parameters()
    for at, adapter in enumerate(adapters, start=int(base)):
        began = time.perf_counter()
        apply_adapter(loaded.model, adapter)
        loaded.model.eval()
        result = _result(source, encoded, skipped, batch_size, text, began, _part(progress, at, total))
        loaded.model.update_modules(modules)
        loaded.model.update(values)
        yield adapter, result


def _encode(loaded: Loaded, examples: Sequence[Any], limit: int) -> tuple[list[Encoded], int]:
    from t2sql.train import encode_split

    split = encode_split(loaded.tokenizer, examples, max_seq_length=limit)
    return split.examples, len(split.skipped)


def _result(
    source: Any,
    encoded: Sequence[Encoded],
    skipped: int,
    batch_size: int,
    text: bool,
    began: float,
    progress: Progress | None,
) -> LossResult:
    sums = source.measure(batch_size=batch_size, text=text, progress=progress)
    return LossResult(
        loss=sums.loss,
        perplexity=_exp(sums.loss),
        tokens=sums.count,
        n=len(encoded),
        text_loss=sums.text_loss if text else None,
        text_perplexity=_exp(sums.text_loss) if text else None,
        skipped=skipped,
        seconds=time.perf_counter() - began,
    )


def _common_start(layers: int, configs: Sequence[AdapterConfig]) -> int:
    """How many first layers are the base's own under every adapter."""
    start = layers
    for config in configs:
        if config.base_bits:
            return 0
        keys = (config.lora.keys if config.lora else None) or ()
        count = -1 if any("embed" in key for key in keys) else config.num_layers
        start = min(start, max(0, layers - count) if count > 0 else 0)
    return start


def _part(progress: Progress | None, at: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, of, label: progress(at * of + done, total * of, label)


def _exp(loss: float) -> float:
    return math.exp(loss) if loss < 700 else math.inf
