"""The report's files, from its document and the templates in this package."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.report.collect import collect
from t2sql.report.curve import loss_curve
from t2sql.runs import Run
from t2sql.runs.artefacts import write_whole

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
        write_whole(run.path / name, text)
    return [run.path / name for name in texts]


def markdown(document: dict[str, Any]) -> str:
    return _environment().get_template("report.md.j2").render(document, right=right_means(document))


def html(document: dict[str, Any]) -> str:
    from markupsafe import Markup

    training = document["training"]
    train = [(p["step"], p["loss"]) for p in training["train"] if p["loss"] is not None]
    valid = [(p["step"], p["loss"]) for p in training["valid"] if p["loss"] is not None]
    best = (document["chosen"] or {}).get("step")
    # The drawing holds numbers only.
    curve = Markup(loss_curve(train, valid, best))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(document, curve=curve, right=right_means(document))
    )


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
        number=number, share=share, size=size, duration=duration, cell=cell, code=code, count=count
    )
    return environment


def right_means(document: dict[str, Any]) -> str:
    """What "right" is, in the measure that the answers were scored by."""
    measures = {row.get("measure") for row in document["comparison"]["rows"]}
    rows = "the statement gives the gold statement's rows on the test databases"
    form = "columns, aggregate and conditions are the gold statement's, letter case of values ignored"
    if measures == {"logical"}:
        return f"Right: {form} (the data has no databases to run statements on)."
    return f"Right: {rows}" + ("." if measures <= {"execution", None} else f", or without a database {form}.")


def number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


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
