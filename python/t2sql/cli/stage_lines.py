"""What each finished stage of a run says in the terminal: a line, or the tutorial's table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from t2sql.cli.output import size_text, table


def stage_text(name: str, result: dict[str, Any]) -> str:
    """The outcome of a stage, from what it recorded."""
    maker = _MAKERS.get(name)
    return maker(result) if maker is not None else ""


def loss_table(rows: list[dict[str, Any]]) -> str:
    """Loss, perplexity and, where they were asked, right answers of the base model and every checkpoint."""
    scored = any("valid" in row for row in rows)
    cells = []
    for row in rows:
        name = "base" if row["step"] == 0 else str(row["step"])
        right = right_cells(row.get("valid")) if scored else ()
        losses = (row.get("valid_loss"), row.get("test_loss"), row.get("test_perplexity"))
        cells.append((name, *map(_number, losses), row.get("n"), *right, "best" if row.get("best") else ""))
    more = ("valid right", "95%", "of") if scored else ()
    return table(("step", "valid loss", "test loss", "test ppl", "n", *more, ""), cells)


def right_cells(score: dict[str, Any] | None) -> tuple[str | None, str | None, int | None]:
    """Share of right answers, its interval, and of how many."""
    if score is None:
        return None, None, None
    low, high = score["interval"]
    return share(score, "correct"), f"{100 * low:.0f}-{100 * high:.0f}%", score["n"]


def pair_lines(pairs: list[dict[str, Any]], brief: Collection[str] = (), most: int = 3) -> str:
    """What each model broke and fixed against another, with some of the questions unless against `brief`."""
    lines = []
    for pair in pairs:
        name = f"{pair['model']} {pair['backend']}"
        broken, fixed = pair["broken"], pair["fixed"]
        lines.append(
            f"{name} against {pair['against']}: {len(broken)} broken, {len(fixed)} fixed "
            f"of {pair['n']}, p = {pair['p']:.2g}"
        )
        if pair["against"] in brief:
            continue
        for word, ids in (("broken", broken), ("fixed", fixed)):
            lines += [f"  {word}: {_shown(pair['questions'].get(id, id))}" for id in ids[:most]]
            lines += [f"  {word}: {len(ids) - most} more"] if len(ids) > most else []
    return "\n".join(lines)


def chosen_line(chosen: dict[str, Any]) -> str:
    """Which checkpoint was chosen, by what."""
    by = "validation loss"
    if chosen["select"] == "execution":
        share, n = chosen["valid_accuracy"], chosen["valid_n"]
        by = f"right answers on validation ({100 * share:.1f}% of {n}), ties by loss"
    return f"chosen by {by}: step {chosen['step']}"


def comparison_table(rows: list[dict[str, Any]]) -> str:
    """Size, speed and accuracy of every file on every backend."""
    cells = []
    for row in rows:
        low, high = row.get("interval") or (None, None)
        interval = "-" if low is None or high is None else f"{100 * low:.0f}-{100 * high:.0f}%"
        held = (row.get("model"), row.get("backend"), row.get("device"), row.get("weights"))
        speed = (_number(row.get("prompt_tps"), 0), _number(row.get("gen_tps"), 1))
        right = (row.get("n"), share(row, "correct"), interval, share(row, "exact"), share(row, "valid"))
        cells.append((*held, size_text(row.get("bytes")), *speed, *right))
    header = ("model", "backend", "device", "weights", "size", "prompt tok/s", "gen tok/s")
    return table((*header, "n", "right", "95%", "exact", "runs"), cells, left=4)


def comparison_text(result: dict[str, Any]) -> str:
    """The table, the figure to beat, and what each file answers to the tutorial's questions."""
    parts = [comparison_table(result["rows"])]
    if measured := measure_line(result["rows"]):
        parts.append(measured)
    if result.get("baseline") is not None:
        parts.append(f"always the commonest query shape: {100 * result['baseline']:.1f}% right")
    if result.get("pairs"):
        base = {f"{row['name']} {row['backend']}" for row in result["rows"] if row.get("base")}
        parts.append(pair_lines(result["pairs"], brief=base))
    for question in result.get("questions", []):
        lines = [question["question"]]
        same: dict[str, list[str]] = {}
        for answer in question["answers"]:
            same.setdefault(answer["sql"], []).append(f"{answer['name']} {answer['backend']}")
        for sql, who in same.items():
            lines += [f"  {_shown(sql)}", f"      {', '.join(who)}"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def measure_line(rows: list[dict[str, Any]]) -> str:
    """By what answers were right, where it was not by the rows of a database."""
    measures = {row.get("measure") for row in rows} & {"suite", "logical", "mixed"}
    if not measures:
        return ""
    names = {"suite": "test suites", "logical": "logical form", "mixed": "several measures"}
    rates = [row["kill_rate"] for row in rows if row.get("kill_rate") is not None]
    told = f"; suites tell {100 * min(rates):.1f}% of neighbours from the gold statements" if rates else ""
    return f"right by {' and '.join(names[str(measure)] for measure in sorted(map(str, measures)))}{told}"


def _data(result: dict[str, Any]) -> str:
    counts = result.get("counts", {})
    return "examples: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _train(result: dict[str, Any]) -> str:
    return f"best checkpoint by validation loss: step {result['best_step']} ({result['best']})"


def _test(result: dict[str, Any]) -> str:
    parts = [loss_table(result["rows"]), pair_lines(result.get("pairs", [])), chosen_line(result["chosen"])]
    return "\n".join(part for part in parts if part)


def _fuse(result: dict[str, Any]) -> str:
    return f"step {result['step']} fused; logits agree with base + adapter within {result['max_error']:.2g}"


def _files(result: dict[str, Any]) -> str:
    return "\n".join(f"{file['path']}  {size_text(file['bytes'])}" for file in result["files"])


def _verify(result: dict[str, Any]) -> str:
    lines: list[tuple[Any, ...]] = []
    for file in result["files"]:
        held = sum(check["ok"] for check in file["checks"])
        found = {check["name"]: check["value"] for check in file["checks"]}
        measured = [found.get(f"behaviour/llama.cpp {name}") for name in ("mean KL", "top-1 agreement")]
        shown = [f"{value:.2g}" if isinstance(value, float | int) else value for value in measured]
        lines.append((file["file"], f"{held} of {len(file['checks'])}", *shown))
    return table(("file", "checks hold", "mean KL", "top-1 agreement"), lines)


def _compare(result: dict[str, Any]) -> str:
    return comparison_text(result)


def _report(result: dict[str, Any]) -> str:
    return "\n".join(result.get("paths", []))


_MAKERS = {
    "data": _data,
    "train": _train,
    "test": _test,
    "fuse": _fuse,
    "convert": _files,
    "quantize": _files,
    "verify": _verify,
    "compare": _compare,
    "report": _report,
}


def _shown(text: str) -> str:
    """A model's words for a terminal: nothing that steers it, and no more than a few lines."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if not text:
        return "(no answer)"
    return text if len(text) <= 300 else text[:299] + "…"


def _number(value: float | None, digits: int = 3) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def share(row: dict[str, Any], name: str) -> str | None:
    value, n = row.get(name), row.get("n")
    return None if value is None or not n else f"{100 * value / n:.1f}%"
