"""The sentences that both templates share."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.runs.records import ChosenCheckpoint, ComparisonRow, Threshold

PAIRS_MEAN = (
    "The same questions, answered by two: broken were right only before, fixed only after. "
    "p is McNemar's exact test: how often so lopsided a change comes about by chance."
)


def chosen_by(chosen: ChosenCheckpoint | None) -> str:
    """What the losses are of, and how the checkpoint was chosen."""
    text = "The loss is over the tokens of the completion, every example of the split once."
    if chosen is None:
        return text
    if chosen.select == "execution":
        return f"{text} Chosen by right answers to {chosen.valid_n} validation questions, ties by loss."
    return f"{text} Chosen by validation loss."


def trust_means(threshold: Threshold | None) -> str:
    """When an answer is uncertain, and where the threshold comes from."""
    text = "An answer is uncertain when the mean log-probability of its tokens is below the file's threshold."
    if threshold is None:
        return f"{text} These files have none."
    n, target = threshold.n, threshold.target
    if threshold.min_logprob is None:
        return f"{text} On {n} validation questions none gave {target:.0%} right answers."
    return (
        f"{text} It was chosen on {n} validation questions, so that {target:.0%} of the answers it lets "
        f"through are right: {threshold.right} of {threshold.answered} there. Uncertain ones count as wrong "
        "in the last column."
    )


def right_means(rows: Sequence[ComparisonRow]) -> str:
    """What "right" is, in the measure that the answers were scored by."""
    measures = {row.measure for row in rows}
    same_rows = "the statement gives the gold statement's rows on the test databases"
    suite = (
        "the statement gives the gold statement's rows on generated databases that tell it from similar ones"
    )
    form = "columns, aggregate and conditions are the gold statement's, letter case of values ignored"
    if measures == {"logical"}:
        return f"Right: {form} (the data has no databases to run statements on)."
    if measures == {"suite"}:
        rates = [row.kill_rate for row in rows if row.kill_rate is not None]
        caught = f" {min(rates):.0%} of these are told apart." if rates else ""
        return f"Right: {suite} (the data has no databases to run statements on).{caught}"
    if measures <= {"execution"}:
        return f"Right: {same_rows}."
    return f"Right: {same_rows}; without one, {suite}, or else {form}."
