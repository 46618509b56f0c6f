"""What Compare tabulates: the checkpoints and the model files of runs, from what their stages recorded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from t2sql_tui import formatting
from t2sql_tui.runs.differing import Source
from t2sql_tui.runs.history import History

Row = tuple[str, ...]

CHECKPOINT_COLUMNS = ("Step", "Valid", "Test", "Ppl", "Right", "95%")
FILE_COLUMNS = ("File", "Size", "On", "Tok/s", "Right", "95%", "n", "Verify")


def checkpoints(history: History) -> list[Row]:
    """A row for each checkpoint; the chosen one has a star. Before stage `test`, from the events alone."""
    rows = _dicts(history.results.get("test", {}).get("rows"))
    if rows:
        return [
            _checkpoint(
                row.get("step"),
                row.get("valid_loss"),
                row.get("test_loss"),
                row.get("test_perplexity"),
                bool(row.get("best")),
                row.get("valid"),
            )
            for row in rows
        ]
    with history.lock:
        known = list(history.checkpoints.values())
        chosen = history.chosen
    return [_checkpoint(one.step, one.loss, None, None, one.step == chosen) for one in known]


def _checkpoint(
    step: object, valid: object, test: object, perplexity: object, best: bool, score: object = None
) -> Row:
    loss = formatting.number(valid)
    # Without a test, the perplexity of the validation split stands in, and is marked as such.
    if formatting.number(perplexity) is None and loss is not None and loss < 50:
        shown = f"~{formatting.loss(math.exp(loss))}"
    else:
        shown = formatting.loss(perplexity)
    name = "base" if step == 0 else formatting.count(step)
    right = score if isinstance(score, dict) else {}
    return (
        f"{name} ★" if best else f"{name}  ",
        formatting.loss(valid),
        formatting.loss(test),
        shown,
        formatting.percent(right.get("accuracy")),
        _interval(right.get("interval")),
    )


def files(history: History) -> list[Row]:
    """A row for each file on each backend, as stage `compare` measured it."""
    verdicts = {
        str(one.get("file")): one.get("ok") for one in _dicts(history.results.get("verify", {}).get("files"))
    }
    rows: list[Row] = []
    for row in _dicts(history.results.get("compare", {}).get("rows")):
        path = str(row.get("path") or row.get("name") or row.get("model") or "")
        file = path.rsplit("/", 1)[-1]
        ok = verdicts.get(file)
        rows.append(
            (
                formatting.plain(row.get("name") or file, 40),
                formatting.size(row.get("bytes")),
                formatting.plain(row.get("backend") or formatting.NONE, 8),
                formatting.rate(row.get("gen_tps")),
                formatting.percent(row.get("accuracy")),
                _interval(row.get("interval")),
                formatting.count(row.get("n")),
                formatting.NONE if ok is None else "✓ same" if ok else "✗ differs",
            )
        )
    return rows


def sources(history: History) -> list[Source]:
    """Where the answers of each row of `files` are kept."""
    compare = history.results.get("compare", {})
    found = []
    for row in _dicts(compare.get("rows")):
        name, backend = row.get("name"), row.get("backend")
        # The run may have been moved since it was written; the names in it stay.
        file = f"{name}.{backend}.{compare.get('split', 'test')}.jsonl".replace("/", "_")
        label = f"{formatting.plain(name, 40)} {formatting.plain(backend, 8)}"
        found.append(Source(history.path, label, history.path / "predictions" / file))
    return found


def _interval(pair: object) -> str:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return formatting.NONE
    low, high = formatting.number(pair[0]), formatting.number(pair[1])
    return formatting.NONE if low is None or high is None else f"{100 * low:.0f}–{100 * high:.0f}"


def _dicts(rows: object) -> Iterable[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
