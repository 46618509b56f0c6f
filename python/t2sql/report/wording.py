"""The sentences that both templates share."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.report.formatting import between
from t2sql.runs.records import ChosenCheckpoint, ComparisonRow, Threshold, asked_fewer

PAIRS_MEAN = (
    "The same questions, answered by two: broken were right only before, fixed only after. "
    "Points are the difference in percentage points, with the 95% interval for paired answers (Newcombe, "
    "1998); "
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
    text = (
        "An answer is uncertain when it was cut off, does not run, returns no value, looks for a text that "
        "the database does not have, or when its tokens' mean log-probability is below the file's threshold."
    )
    if threshold is None:
        return f"{text} These files have none, so that an answer without a doubt is unrated."
    n, target = threshold.n, threshold.target
    if threshold.min_logprob is None:
        return f"{text} On {n} validation questions none gave {target:.0%} right answers."
    return (
        f"{text} It was chosen on {n} validation questions, so that {target:.0%} of the answers it lets "
        f"through are right: {threshold.right} of {threshold.answered} there (95% interval "
        f"{between(threshold.right, threshold.answered)}). Uncertain ones count as wrong in the last "
        "column."
    )


def how_asked(rows: Sequence[ComparisonRow]) -> str:
    """Whether the models wrote what t2sql ask lets them write."""
    kinds = {row.grammar for row in rows if row.n}
    if kinds == {True}:
        return "Asked as t2sql ask asks: only statements over each question's tables can be answers."
    if kinds == {False}:
        return "Asked freely, without the grammar of t2sql ask: these models could write anything."
    return "Rows marked free could write anything; the others only statements over each question's tables."


def fewer_mean(rows: Sequence[ComparisonRow]) -> str:
    """Why some rows stand apart; "" where none do."""
    fewer = asked_fewer(rows)
    if not fewer:
        return ""
    counts = " or ".join(str(n) for n in sorted({row.n for row in fewer}))
    most = max(row.n for row in rows)
    return f"Asked {counts} questions instead of {most}, so not to be compared with the rows above."


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
