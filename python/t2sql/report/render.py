"""The report's files, from its document and the templates in this package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from t2sql.files import write_text
from t2sql.report import formatting
from t2sql.report.contents import collect
from t2sql.report.coverage import coverage_curve, trusted
from t2sql.report.curve import loss_curve
from t2sql.report.improving import improvement_sentence
from t2sql.report.wording import PAIRS_MEAN, chosen_by, fewer_mean, how_asked, right_means, trust_means
from t2sql.runs import Run
from t2sql.runs.records import ComparisonRow, Report, asked_fewer, asked_most
from t2sql.text import json_text, visible


def write(run: Run) -> list[Path]:
    """Write report.md, report.html and report.json into a run.

    Returns:
        Their paths.

    Raises:
        InputError: A stage's result is damaged.
    """
    document, layout = collect(run), run.layout
    text = json_text(document.to_json(), indent=1) + "\n"
    write_text(layout.report_markdown, markdown(document))
    write_text(layout.report_html, html(document))
    write_text(layout.report_json, text)
    return [layout.report_markdown, layout.report_html, layout.report_json]


def markdown(document: Report) -> str:
    """The report as Markdown."""
    return _environment().get_template("report.md.j2").render(_values(document))


def html(document: Report) -> str:
    """The report as one page that loads nothing else."""
    training = document.training
    train = [(p.step, p.loss) for p in training.train if p.loss is not None]
    valid = [(p.step, p.loss) for p in training.valid if p.loss is not None]
    best = document.chosen.step if document.chosen else None
    # The drawings hold numbers and escaped names only.
    drawn = {
        "curve": Markup(loss_curve(train, valid, best)),
        "coverage": Markup(coverage_curve(_llama_rows(trusted(document.comparison.rows)))),
    }
    return _environment().get_template("report.html.j2").render(_values(document) | drawn)


def _values(document: Report) -> dict[str, Any]:
    """What both templates read: the document's fields, and sentences about them."""
    rows, pairs = document.comparison.rows, document.comparison.pairs
    most = max((pair.n for pair in pairs), default=0)
    return vars(document) | {
        "machine": document.machine.to_json() if document.machine else {},
        "right": f"{right_means(rows)} {how_asked(rows)}",
        "groups": [asked_most(rows), asked_fewer(rows)],
        "fewer": fewer_mean(rows),
        "mixed": len({row.grammar for row in rows if row.n}) > 1,
        "pairs": [pair for pair in pairs if pair.n == most],
        "few_pairs": len(pairs) - sum(pair.n == most for pair in pairs),
        "pairs_mean": PAIRS_MEAN,
        "improved": improvement_sentence(document.improvement) if document.improvement else "",
        "trusted": trusted(rows),
        "trust_means": trust_means(document.calibration),
        "chosen_by": chosen_by(document.chosen),
        "scored": any(row.valid is not None for row in document.checkpoints),
        "base_labels": [row.label for row in rows if row.base],
    }


def _llama_rows(rows: list[ComparisonRow]) -> list[ComparisonRow]:
    """One line for each file is enough where the same answers come from two runtimes."""
    return [row for row in rows if row.backend == "llama"] or rows


def _safe(value: object) -> object:
    """What a template prints: a stranger's text cannot turn the order of what is around it."""
    return visible(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("t2sql.report", "templates"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = (
        "number",
        "chance",
        "share",
        "span",
        "size",
        "duration",
        "cell",
        "code",
        "count",
        "points",
        "change",
    )
    environment.filters.update({name: getattr(formatting, name) for name in names})
    environment.globals.update({"rate": formatting.rate, "between": formatting.between})
    return environment
