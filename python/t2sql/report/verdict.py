"""The one sentence a run comes down to."""

from __future__ import annotations

from typing import Any


def verdict(document: dict[str, Any]) -> dict[str, Any]:
    """`tone` (good, bad, open), a `headline`, a `detail`; and the row of the comparison that it is about."""
    state = document["run"]["state"]
    broken = next((file for file in document["files"] if file["verified"] is False), None)
    if broken is not None:
        text = f"{broken['name']} is not the model it was made from"
        return {"tone": "bad", "headline": text, "detail": broken["cause"] or "", "row": None}
    rows = document["comparison"].get("rows", [])
    row = headline_row(rows)
    if row is None:
        at = next((stage["name"] for stage in document["stages"] if stage["state"] != "done"), None)
        detail = f"Nothing is compared yet; the run is {state}" + (f" at stage {at}." if at else ".")
        return {"tone": "open", "headline": "Not measured yet", "detail": detail, "row": None}
    share = row["correct"] / row["n"]
    low, high = row["interval"]
    base = next((r for r in rows if r.get("base") and r["n"]), None)
    parts = [f"{row['correct']} of {row['n']} (95% interval {low:.0%} to {high:.0%}), {row['name']}"]
    if base is not None:
        parts.append(f"the base model: {base['correct'] / base['n']:.1%}")
    baseline = document["comparison"].get("baseline")
    if baseline is not None:
        parts.append(f"always the commonest query shape: {baseline:.1%}")
    floor = max([base["correct"] / base["n"] if base else 0.0, baseline or 0.0])
    return {
        "tone": "good" if low > floor else "bad",
        "headline": f"{share:.1%} of the test questions answered {_rightly(row)}",
        "detail": "; ".join(parts) + ".",
        "row": row["name"],
        "share": share,
    }


def _rightly(row: dict[str, Any]) -> str:
    return "with the right rows" if row.get("measure", "execution") == "execution" else "right"


def headline_row(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The fine-tuned file that people will use: Q8_0 in llama.cpp, or else whatever was asked most."""
    tuned = [row for row in rows if not row.get("base") and row.get("n")]
    if not tuned:
        return None
    preferred = [row for row in tuned if row.get("type") == "q8_0" and row.get("backend") == "llama"]
    return max(preferred or tuned, key=lambda row: row["n"])
