"""What Compare tabulates: the checkpoints and the model files of runs, from what their stages recorded."""

from __future__ import annotations

import math
from typing import TypeAlias

from t2sql.runs import RunLayout
from t2sql.runs.records import FEW_ANSWERS, CompareResult, ComparisonRow, asked_fewer, asked_most
from t2sql_tui import formatting
from t2sql_tui.runs.differing import Predictions
from t2sql_tui.runs.history import History

Row: TypeAlias = tuple[str, ...]
"""The texts of a table's row."""

CHECKPOINT_COLUMNS = ("Step", "Valid", "Test", "Ppl", "Right", "95%", "n")
FILE_COLUMNS = ("File", "Size", "On", "Tok/s", "Right", "95%", "n", "Verify")
_LARGEST_LOSS = 50.0
"""Of a higher loss no perplexity is shown: it would be a number of many digits."""


def checkpoints(history: History) -> list[Row]:
    """A row of `CHECKPOINT_COLUMNS` for each checkpoint; the chosen one has a star.

    Before stage `test` the rows have only what the events say.
    """
    with history.lock:
        tested = history.test.rows if history.test is not None else ()
        trained = list(history.checkpoints.values())
        chosen = history.chosen
    if not tested:
        return [
            (
                _step(one.step, one.step == chosen),
                formatting.loss(one.loss),
                *_losses(one.loss),
                *_score(),
                formatting.NONE,
            )
            for one in trained
        ]
    return [
        (
            _step(row.step, row.best),
            formatting.loss(row.valid_loss),
            *_losses(row.valid_loss, row.test_loss, row.test_perplexity),
            *(_score() if row.valid is None else _score(row.valid.correct, row.valid.n, row.valid.interval)),
            formatting.count(row.valid.n if row.valid is not None else None),
        )
        for row in tested
    ]


def files(history: History) -> list[Row]:
    """A row of `FILE_COLUMNS` for each file on each backend, as stage `compare` measured it."""
    with history.lock:
        compared, verified = history.compare, history.verify
    verdicts = {file.file: file.ok for file in verified.files} if verified is not None else {}
    return [
        (
            formatting.plain(row.name, 40),
            formatting.size(row.bytes),
            formatting.plain(row.backend, 8),
            formatting.rate(row.gen_tps),
            *_score(row.correct, row.n, row.interval),
            formatting.count(row.n),
            _verdict(verdicts.get(row.path.rsplit("/", 1)[-1])),
        )
        for row in _in_order(compared)
    ]


def predictions(history: History) -> list[Predictions]:
    """Where the answers of each row of `files` are, in the same order."""
    with history.lock:
        compared = history.compare
    if compared is None:
        return []
    # By the names alone: the run may have been moved since the paths in it were written.
    layout = RunLayout(history.path)
    return [
        Predictions(
            history.path,
            f"{formatting.plain(row.name, 40)} {formatting.plain(row.backend, 8)}",
            layout.predictions_file(row.name, row.backend, compared.split),
        )
        for row in _in_order(compared)
    ]


def _in_order(compared: CompareResult | None) -> list[ComparisonRow]:
    """Those that were asked fewer questions last: their figures are not to be compared with the others'."""
    rows = compared.rows if compared is not None else ()
    return [*asked_most(rows), *asked_fewer(rows)]


def _step(step: int, is_chosen: bool) -> str:
    name = "base" if step == 0 else formatting.count(step)
    return f"{name} ★" if is_chosen else f"{name}  "


def _losses(valid: float | None, test: float | None = None, perplexity: float | None = None) -> Row:
    """Test loss and perplexity; without a test the validation split's perplexity, marked as such."""
    if perplexity is None and valid is not None and valid < _LARGEST_LOSS:
        return formatting.loss(test), f"~{formatting.loss(math.exp(valid))}"
    return formatting.loss(test), formatting.loss(perplexity)


def _score(correct: int = 0, n: int = 0, interval: tuple[float, float] = (0.0, 1.0)) -> Row:
    """Right answers, in percent or, of few, counted, and the 95% interval of their fraction."""
    if not n:
        return formatting.NONE, formatting.NONE
    right = f"{correct}/{n}" if n < FEW_ANSWERS else formatting.percent(correct / n)
    return right, f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f}"


def _verdict(ok: bool | None) -> str:
    if ok is None:
        return formatting.NONE
    return "✓ same" if ok else "✗ differs"
