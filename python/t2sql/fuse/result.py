"""What fusing found, and how much of an adapter's effect may be lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from t2sql.errors import WorkError
from t2sql.fuse.directory import Description
from t2sql.fuse.probe import rms
from t2sql.models import ModelRef, adapter_grammar, adapter_min_logprob
from t2sql.plain import JsonObject
from t2sql.progress import Progress
from t2sql.runtimes import Array

LOST = {"float32": 0.02, "16-bit": 0.1, "quantized": 0.5}
"""The fraction of an adapter's effect on the logits that may be lost, by how the fused weights are stored.

Chosen by hand: float32 loses rounding only, a 16-bit type about a hundredth where the adapter is trained for
long, and quantizing again moves each weight by up to half a step."""

MIN_EFFECT = 1e-6
"""The least effect of an adapter, relative to the base's logits (RMS): below it is float32's rounding."""

STEPS = 4
"""Steps that `fuse` reports."""


@dataclass(frozen=True)
class Fusing:
    """One adapter on its way into one model.

    Attributes:
        ref: The base model, as a directory.
        adapter: The adapter directory.
        out: The directory that is written, for errors and results.
        folder: Where its files go meanwhile.
        report: Called before each of the `STEPS`.
    """

    ref: ModelRef
    adapter: Path
    out: Path
    folder: Path
    report: Progress

    def description(self, quantization: JsonObject | None = None) -> Description:
        """What the fused model's config.json says about how it was made."""
        threshold, grammar = adapter_min_logprob(self.adapter), adapter_grammar(self.adapter)
        return Description.of(self.ref, self.adapter, quantization, threshold, grammar)


@dataclass(frozen=True)
class FuseResult:
    """A fused model.

    Attributes:
        path: Its directory.
        max_change: The largest change of a weight.
        max_error: The largest difference between its logits and those of base + adapter.
        effect: How far the adapter moves the base's logits (RMS).
        lost: The RMS of the difference to base + adapter, as a fraction of `effect`.
        dtype: How the weights are stored, such as `bfloat16` or `4-bit`.
        tensors: Number of tensors.
        note: What a person should know; empty mostly.
    """

    path: Path
    max_change: float
    max_error: float
    effect: float
    lost: float
    dtype: str
    tensors: int
    note: str = ""

    def to_dict(self) -> JsonObject:
        """The result as JSON."""
        return {**asdict(self), "path": str(self.path)}


def adapter_effect(base_logits: Array, expected: Array, adapter: Path) -> float:
    """How far an adapter moves the logits (RMS).

    Raises:
        WorkError: It does not.
    """
    effect = rms(expected - base_logits)
    if not effect > MIN_EFFECT * max(rms(base_logits), MIN_EFFECT):
        raise WorkError(
            "the adapter has no effect",
            where=adapter,
            expected="logits that differ from the base model's",
            found=f"a difference of {effect:.2g}",
        )
    return effect


def lost_effect(out: Path, lost: float, limit: float, hint: str | None = None) -> WorkError:
    """The error for a fused model that lost too much of its adapter's effect."""
    return WorkError(
        "the fused model does not behave as base + adapter",
        where=out,
        expected=f"at most {limit:.0%} of the adapter's effect lost",
        found=f"{lost:.0%}",
        hint=hint,
    )


def note_on_loss(stored: str, lost: float) -> str:
    """What a person should know of weights that became float32."""
    return f"{stored} would lose {lost:.0%} of the adapter's effect: written as float32"
