"""The report's files, from its document and the templates in this package."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.files import write_text
from t2sql.report.collect import collect
from t2sql.report.coverage import coverage_curve, trusted
from t2sql.report.curve import loss_curve
from t2sql.runs import Run

if TYPE_CHECKING:
    from jinja2 import Environment


def write(run: Run) -> list[Path]:
    """Write report.md, report.html and report.json into the run; returns their paths."""
    document = collect(run)
    texts = {
        "report.md": markdown(document),
        "report.html": html(document),
        "report.json": json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n",
    }
    for name, text in texts.items():
        write_text(run.path / name, text)
    return [run.path / name for name in texts]


def markdown(document: dict[str, Any]) -> str:
    return _environment().get_template("report.md.j2").render(document, **_said(document))


def html(document: dict[str, Any]) -> str:
    from markupsafe import Markup

    training = document["training"]
    train = [(p["step"], p["loss"]) for p in training["train"] if p["loss"] is not None]
    valid = [(p["step"], p["loss"]) for p in training["valid"] if p["loss"] is not None]
    best = (document["chosen"] or {}).get("step")
    # The drawing holds numbers only.
    drawn = {
        "curve": Markup(loss_curve(train, valid, best)),
        "coverage": Markup(coverage_curve(llama_rows(trusted(document)))),
    }
    return _environment().get_template("report.html.j2").render(document, **drawn, **_said(document))


def _said(document: dict[str, Any]) -> dict[str, Any]:
    """What both templates say in words."""
    rows = document["comparison"]["rows"]
    return {
        "right": right_means(document),
        "pairs_mean": PAIRS_MEAN,
        "trusted": trusted(document),
        "trust_means": trust_means(document["calibration"]),
        "chosen_by": chosen_by(document["chosen"]),
        "scored": any("valid" in row for row in document["checkpoints"]),
        "base_labels": [f"{row['name']} {row['backend']}" for row in rows if row.get("base")],
    }


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("t2sql.report", "templates"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=number,
        chance=chance,
        share=share,
        size=size,
        duration=duration,
        cell=cell,
        code=code,
        count=count,
    )
    return environment


PAIRS_MEAN = (
    "The same questions, answered by two: broken were right only before, fixed only after. "
    "p is McNemar's exact test: how often so lopsided a change comes about by chance."
)


def chosen_by(chosen: dict[str, Any] | None) -> str:
    """What the losses are of, and how the checkpoint was chosen."""
    text = "The loss is over the tokens of the completion, every example of the split once."
    if chosen is None:
        return text
    if chosen.get("select") == "execution":
        return f"{text} Chosen by right answers to {chosen['valid_n']} validation questions, ties by loss."
    return f"{text} Chosen by validation loss."


def llama_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line a file is enough where the same answers come from two runtimes."""
    return [row for row in rows if row["backend"] == "llama"] or rows


def trust_means(calibration: dict[str, Any] | None) -> str:
    """Where the threshold comes from."""
    text = "An answer is uncertain when the mean log-probability of its tokens is below the file's threshold."
    if calibration is None:
        return f"{text} These files have none."
    n, target = calibration["n"], calibration["target"]
    if calibration["min_logprob"] is None:
        return f"{text} On {n} validation questions none gave {target:.0%} right answers."
    answered, right = calibration["answered"], calibration["right"]
    return (
        f"{text} It was chosen on {n} validation questions, so that {target:.0%} of the answers it lets "
        f"through are right: {right} of {answered} there. Uncertain ones count as wrong in the last column."
    )


def right_means(document: dict[str, Any]) -> str:
    """What "right" is, in the measure that the answers were scored by."""
    measures = {row.get("measure") or "execution" for row in document["comparison"]["rows"]}
    rows = "the statement gives the gold statement's rows on the test databases"
    suite = (
        "the statement gives the gold statement's rows on generated databases that tell it from similar ones"
    )
    form = "columns, aggregate and conditions are the gold statement's, letter case of values ignored"
    if measures == {"logical"}:
        return f"Right: {form} (the data has no databases to run statements on)."
    if measures == {"suite"}:
        rates = [
            row["kill_rate"] for row in document["comparison"]["rows"] if row.get("kill_rate") is not None
        ]
        told = f" {min(rates):.0%} of these are told apart." if rates else ""
        return f"Right: {suite} (the data has no databases to run statements on).{told}"
    if measures <= {"execution"}:
        return f"Right: {rows}."
    return f"Right: {rows}; without one, {suite}, or else {form}."


def number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def chance(p: float, equals: str = "") -> str:
    """A p value, never shown as zero."""
    return "< 0.001" if p < 0.001 else f"{equals}{p:.3f}"


def count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f}%"


def size(value: float | None) -> str:
    if value is None:
        return "–"
    return (
        f"{value / 1e9:.2f} GB"
        if value >= 1e9
        else f"{value / 1e6:.1f} MB"
        if value >= 1e6
        else f"{value / 1e3:.1f} kB"
    )


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def cell(value: object) -> str:
    """Text in a Markdown table: nothing in it is markup, and it stays in its cell."""
    text = " ".join(str(value).split())
    for mark in "\\`*_[]|~":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(value: object) -> str:
    """Code in a Markdown table: fenced by one backtick more than it holds."""
    text = " ".join(str(value).split()).replace("|", "\\|")
    if not text:
        return "–"
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"
