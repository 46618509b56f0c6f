"""What each finished stage of a run prints in the terminal: a line, or the tutorial's table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from t2sql.cli.output import size_text, table
from t2sql.cli.score_lines import measure_line, pair_lines, printable, rate, right_cells
from t2sql.runs.records import (
    ChosenCheckpoint,
    CompareResult,
    ComparisonRow,
    ConvertResult,
    DataResult,
    FuseResult,
    QuantizeResult,
    ReportResult,
    ScheduleEvent,
    StageResult,
    TestedCheckpoint,
    TestResult,
    TrainResult,
    VerifyResult,
    WrittenFile,
    asked_fewer,
    asked_most,
)


def stage_text(result: StageResult) -> str:
    """The outcome of a stage, from what it recorded."""
    match result:
        case DataResult():
            counts = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
            more = f"; {result.remembered:,} of train are remembered answers" if result.remembered else ""
            return f"examples: {counts}{more}"
        case TrainResult():
            return f"best checkpoint by validation loss: step {result.best_step} ({result.best})"
        case TestResult():
            return _test(result)
        case FuseResult():
            error = f"{result.max_error:.2g}" if result.max_error is not None else "?"
            return f"step {result.step} fused; logits agree with base + adapter within {error}"
        case ConvertResult() | QuantizeResult():
            return _files(result.files)
        case VerifyResult():
            return _verify(result)
        case CompareResult():
            return comparison_text(result)
        case ReportResult():
            return "\n".join(result.paths)
    return ""


def schedule_text(event: ScheduleEvent) -> str:
    """How many steps fit into the time."""
    some = f"all {event.most}" if event.iters == event.most else f"{event.iters} of {event.most}"
    return f"{some} steps fit into {event.seconds:.0f} s of training: {event.step_seconds:.2f} s each"


def loss_table(rows: Sequence[TestedCheckpoint]) -> str:
    """Loss, perplexity and, where they were asked, right answers of the base model and every checkpoint."""
    scored = any(row.valid is not None for row in rows)
    cells = []
    for row in rows:
        name = "base" if row.step == 0 else str(row.step)
        right = right_cells(row.valid) if scored else ()
        losses = (row.valid_loss, row.test_loss, row.test_perplexity)
        cells.append((name, *map(_number, losses), row.n, *right, "best" if row.best else ""))
    more = ("valid right", "95%", "of") if scored else ()
    return table(("step", "valid loss", "test loss", "test ppl", "n", *more, ""), cells)


def chosen_line(chosen: ChosenCheckpoint) -> str:
    """Which checkpoint was chosen, by what."""
    by = "validation loss"
    if chosen.select == "execution":
        accuracy = f"{100 * (chosen.valid_accuracy or 0.0):.1f}%"
        by = f"right answers on validation ({accuracy} of {chosen.valid_n}), ties by loss"
    return f"chosen by {by}: step {chosen.step}"


def comparison_table(rows: Iterable[ComparisonRow]) -> str:
    """Size, speed and accuracy of every file on every backend; those that were asked fewer questions last."""
    rows = list(rows)
    cells = []
    for row in (*asked_most(rows), *asked_fewer(rows)):
        right, interval, _ = right_cells(row)
        model = (row.model, row.backend, row.device, row.weights, size_text(row.bytes))
        speed = (_number(row.prompt_tps, 0), _number(row.gen_tps, 1))
        others = (rate(row.exact, row.n), rate(row.valid, row.n))
        cells.append((*model, *speed, row.n, right, interval, *others))
    header = ("model", "backend", "device", "weights", "size", "prompt tok/s", "gen tok/s")
    return table((*header, "n", "right", "95%", "exact", "runs"), cells, left=4)


def asked_lines(rows: Sequence[ComparisonRow]) -> str:
    """How the rows were asked, and which of them stand apart."""
    free = sorted({row.label for row in rows if row.n and not row.grammar})
    asked = "asked as ask does: only statements over each question's tables"
    if free:
        everyone = len(free) == len({row.label for row in rows if row.n})
        asked = "asked freely, without the grammar of ask" + ("" if everyone else f": {', '.join(free)}")
    fewer = asked_fewer(rows)
    if not fewer:
        return asked
    counts = " or ".join(str(n) for n in sorted({row.n for row in fewer}))
    most = max(row.n for row in rows)
    return (
        f"{asked}\nthe last {len(fewer)} were asked {counts} questions instead of {most}: not to be compared"
    )


def comparison_text(result: CompareResult) -> str:
    """The table, the figure to beat, and what each file answers to the tutorial's questions."""
    parts = [comparison_table(result.rows)]
    parts.append(asked_lines(result.rows))
    if measured := measure_line(result.rows):
        parts.append(measured)
    if result.baseline is not None:
        of = f" of {result.baseline_n}" if result.baseline_n else ""
        parts.append(f"always the commonest query shape: {100 * result.baseline:.1f}%{of} right")
    if result.pairs:
        brief = {row.label for row in result.rows if row.base}
        most = max(pair.n for pair in result.pairs)
        fewer = [pair for pair in result.pairs if pair.n < most]
        parts.append(pair_lines([pair for pair in result.pairs if pair.n == most], brief=brief))
        if fewer:
            parts.append(f"{len(fewer)} more of fewer questions are in --json")
    for question in result.questions:
        lines = [question.question]
        same: dict[str, list[str]] = {}
        for answer in question.answers:
            same.setdefault(answer.sql, []).append(f"{answer.name} {answer.backend}")
        for sql, who in same.items():
            lines += [f"  {printable(sql)}", f"      {', '.join(who)}"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _test(result: TestResult) -> str:
    chosen = chosen_line(result.chosen) if result.chosen else ""
    parts = [loss_table(result.rows), pair_lines(result.pairs or ()), chosen]
    return "\n".join(part for part in parts if part)


def _files(files: Iterable[WrittenFile]) -> str:
    return "\n".join(f"{file.path}  {size_text(file.bytes)}" for file in files)


def _verify(result: VerifyResult) -> str:
    lines = []
    for file in result.files:
        values = {check.name: check.value for check in file.checks}
        measured = [values.get(f"behaviour/llama.cpp {name}") for name in ("mean KL", "top-1 agreement")]
        shown = [f"{value:.2g}" if isinstance(value, float | int) else value for value in measured]
        held = sum(check.ok for check in file.checks)
        lines.append((file.file, f"{held} of {len(file.checks)}", *shown))
    return table(("file", "checks hold", "mean KL", "top-1 agreement"), lines)


def _number(value: float | None, digits: int = 3) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
