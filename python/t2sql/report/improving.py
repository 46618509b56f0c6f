"""Whether the tuned model is better than the one that it started from, and by how much."""

from __future__ import annotations

from t2sql.evaluate import paired_interval
from t2sql.report.formatting import points
from t2sql.report.verdict import headline_row
from t2sql.runs.records import CompareResult, Improvement


def improvement(comparison: CompareResult) -> Improvement | None:
    """Compare the file that people will use with the model that it started from, question by question.

    Returns:
        The difference; None where the two were not asked the same questions.
    """
    row = headline_row(comparison.rows)
    base = next((row for row in comparison.rows if row.base and row.n), None)
    if row is None or base is None:
        return None
    compared = (row.model, row.backend, base.label, row.n)
    pair = next((p for p in comparison.pairs if (p.model, p.backend, p.against, p.n) == compared), None)
    if pair is None or base.n != row.n:
        return None
    broken, fixed = len(pair.broken), len(pair.fixed)
    if not broken <= base.correct == row.correct + broken - fixed:
        return None
    # Computed here, not taken from the pair: those of 0.1.0 have none.
    low, high = paired_interval(base.correct - broken, broken, fixed, pair.n)
    return Improvement(
        outcome="better" if low > 0 else "worse" if high < 0 else "unclear",
        model=row.model,
        backend=row.backend,
        n=pair.n,
        before=base.correct,
        after=row.correct,
        difference=pair.difference,
        interval=(low, high),
        broken=broken,
        fixed=fixed,
        p=pair.p,
    )


def improvement_sentence(result: Improvement) -> str:
    """The improvement in a sentence."""
    low, high = result.interval
    heads = {
        "better": "Better than the model it started from",
        "worse": "Worse than the model it started from",
        "unclear": "Whether it is better than the model it started from cannot be told",
    }
    return (
        f"{heads[result.outcome]}: {points(result.difference)} points (95% interval {points(low)} to "
        f"{points(high)}), {result.after} instead of {result.before} right of {result.n} questions "
        f"that were held back; {result.fixed} fixed, {result.broken} broken."
    )
