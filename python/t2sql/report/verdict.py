"""The one sentence that a run comes down to."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.report.formatting import span
from t2sql.runs.records import (
    FEW_ANSWERS,
    CompareResult,
    ComparisonRow,
    Improvement,
    ReportedFile,
    ReportedStage,
    Verdict,
)


def verdict(
    state: str,
    files: Sequence[ReportedFile],
    comparison: CompareResult,
    stages: Sequence[ReportedStage],
    improved: Improvement | None = None,
) -> Verdict:
    """Sum a run up.

    Args:
        state: The run's state.
        files: The model files; one that is not the same model decides the verdict.
        comparison: What was compared.
        stages: The stages, to say where a run without a comparison is.
        improved: What training changed, question by question: a run is good where that is for the better.
    """
    broken = next((file for file in files if file.verified is False), None)
    if broken is not None:
        headline = f"{broken.name} is not the model it was made from"
        return Verdict(tone="bad", headline=headline, detail=broken.cause or "")
    row = headline_row(comparison.rows)
    if row is None:
        current = next((stage.name for stage in stages if stage.state != "done"), None)
        detail = f"Nothing is compared yet; the run is {state}" + (
            f" at stage {current}." if current else "."
        )
        return Verdict(tone="open", headline="Not measured yet", detail=detail)
    low, high = row.interval
    base = next((r for r in comparison.rows if r.base and r.n), None)
    parts = [f"{row.correct} of {row.n} (95% interval {low:.0%} to {high:.0%}), {row.name}"]
    if base is not None:
        parts.append(f"the base model: {base.correct} of {base.n} ({span(base.interval)})")
    if comparison.baseline is not None:
        of = f" of {comparison.baseline_n}" if comparison.baseline_n else ""
        parts.append(f"always the commonest query shape: {comparison.baseline:.1%}{of}")
    to_beat = comparison.baseline or 0.0
    if improved is None:
        to_beat = max(base.accuracy if base else 0.0, to_beat)
    is_better = improved is None or improved.outcome == "better"
    rightly = "with the right rows" if row.measure == "execution" else "right"
    return Verdict(
        tone="good" if is_better and low > to_beat else "bad",
        headline=_headline(row, rightly),
        detail="; ".join(parts) + ".",
        row=row.name,
        share=row.accuracy,
    )


def _headline(row: ComparisonRow, rightly: str) -> str:
    if row.n < FEW_ANSWERS:
        return f"{row.correct} of {row.n} test questions answered {rightly}, too few to judge"
    return f"{row.accuracy:.1%} of {row.n} test questions answered {rightly}"


def headline_row(rows: Sequence[ComparisonRow]) -> ComparisonRow | None:
    """The trained file that people will use: Q8_0 in llama.cpp, or else whatever was asked most."""
    trained = [row for row in rows if not row.base and row.n]
    if not trained:
        return None
    preferred = [row for row in trained if row.type == "q8_0" and row.backend == "llama"]
    return max(preferred or trained, key=lambda row: row.n)
