"""`t2sql runs`: run directories, listed, shown, removed."""

from __future__ import annotations

import os
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from t2sql import evaluate, runs
from t2sql.cli import tracking
from t2sql.cli.group import epilog, new_app
from t2sql.cli.options import shared
from t2sql.cli.output import Output, size_text, table, time_text
from t2sql.cli.score_lines import rate
from t2sql.errors import InputError
from t2sql.runs.records import FEW_ANSWERS
from t2sql.text import one_line, pad

app = new_app(
    no_args_is_help=True,
    help="List, show or remove run directories, or put their numbers into a tracker.",
    epilog=epilog("t2sql runs list"),
)

Root = Annotated[
    Path, typer.Argument(help="Directory that holds the runs.", metavar="[RUNS]", show_default=True)
]
RunPath = Annotated[Path, typer.Argument(help="Run directory, or the name of one in runs/.", metavar="RUN")]


def find(path: Path) -> Path:
    """A run given by its directory, or by its name in runs/."""
    inside = Path("runs") / path
    return inside if not path.exists() and inside.is_dir() else path


def find_existing(path: Path) -> Path:
    """A run that is there, given as `find` takes it.

    Raises:
        InputError: It is not there; the hint names the nearest run that is.
    """
    found = find(path)
    if found.exists():
        return found
    folders = (path.parent, Path("runs"))
    names = {run.parent.name: run.parent for folder in folders for run in folder.glob("*/config.toml")}
    near = get_close_matches(path.name, names, 1)
    hint = f"Did you mean {names[near[0]]}?" if near else "t2sql runs list shows the runs"
    raise InputError("not a run directory", where=path, found="no such directory", hint=hint)


@shared()
def list_(out: Output, root: Root = Path("runs")) -> None:
    """List runs, the latest first."""
    found = runs.list_runs(root)
    rows = [
        (
            r.name,
            r.state,
            r.stage,
            r.model,
            r.step,
            number(r.valid_loss, 3),
            score(r.best_score, r.best_n),
            when(r.updated),
        )
        for r in found
    ]
    header = ("run", "state", "stage", "model", "step", "valid loss", "score", "updated")
    why = "" if root.is_dir() else ": it is a file" if root.exists() else ": there is no such directory"
    text = table(header, rows, left=4) if rows else f"no runs in {root}{why}"
    out.result([run.to_json() for run in found], text)


@shared()
def show(out: Output, path: RunPath) -> None:
    """Show a run: its stages, settings and files."""
    run = runs.open_run(find_existing(path))
    summary = runs.summarize(run.path)
    sizes = {
        entry.name: _bytes(entry) for entry in sorted(run.path.iterdir()) if not entry.name.startswith(".")
    }
    document = {
        "summary": summary,
        "chosen": run.chosen,
        "stages": run.stages,
        "config": run.document,
        "files": sizes,
    }
    names = [*run.planned, *(name for name in run.stages if name not in run.planned)]
    rows = []
    for name in names:
        record = run.stages.get(name)
        rows.append((name, record.state if record else "-", time_text(record.seconds if record else None)))
    parts = [
        f"{run.name}: {summary.state}" + (f" in stage {summary.stage}" if summary.state != "done" else "")
    ]
    parts.append(table(("stage", "state", "time"), rows, left=2))
    parts.append(
        "\n".join(f"{pad(one_line(key), 18)} {one_line(str(value))}" for key, value in run.config.items())
    )
    parts.append(table(("file", "size"), [(name, size_text(count)) for name, count in sizes.items()]))
    out.result(document, "\n\n".join(parts))


@shared()
def rm(
    out: Output,
    paths: Annotated[
        list[Path], typer.Argument(help="Run directories, or names in runs/.", metavar="RUN...")
    ],
) -> None:
    """Remove runs that t2sql made, and only what it wrote in them.

    A directory without t2sql's marker is refused, and so are a symbolic link and a run that is being written.
    Files in a run that t2sql did not write are named and kept, and links are not followed.
    """
    chosen = [find(path) for path in paths]
    gone = []
    for path in chosen:
        if os.path.lexists(path):
            runs.check_owned(path)
    for path in chosen:
        exists = os.path.lexists(path)
        count = runs.remove_leftovers(path)
        if count:
            out.note(f"removed {count} that killed commands left beside {path}")
        elif not exists:
            runs.check_owned(path)
        if exists:
            kept = runs.remove_run(path)
            for file in kept:
                out.warn(f"{file} is not t2sql's and is kept")
        gone.append(path)
    out.result({"removed": gone}, "\n".join(f"removed {path}" for path in gone))


@shared()
def report_to(
    out: Output,
    path: RunPath,
    tracker: Annotated[str, typer.Argument(help="tensorboard or wandb.", metavar="TRACKER")],
) -> None:
    """Put a run's losses, scores and speeds into an experiment tracker.

    Of a run that is being written they follow as they come, until it ends; training knows nothing of it.
    TensorBoard's files go to a folder beside the run; for Weights & Biases its own settings hold.
    """
    tracking.report_to(out, find_existing(path), tracker)


app.command("list", epilog=epilog("t2sql runs list\nt2sql runs list other/runs --json"), help=list_.__doc__)(
    list_
)
app.command("show", epilog=epilog("t2sql runs show demo"), help=show.__doc__)(show)
app.command("report-to", epilog=epilog("t2sql runs report-to demo tensorboard"), help=report_to.__doc__)(
    report_to
)
app.command("rm", epilog=epilog("t2sql runs rm demo"), help=rm.__doc__)(rm)


def number(value: float | None, digits: int) -> str | None:
    """A figure with so many digits after the point; None stays None."""
    return None if value is None else f"{value:.{digits}f}"


def score(fraction: float | None, n: int | None) -> str | None:
    """A fraction of right answers with their number and its 95% interval; of few answers the count."""
    if fraction is None or n is None:
        return None if fraction is None else f"{100 * fraction:.1f}%"
    correct = min(n, round(fraction * n))
    low, high = evaluate.wilson(correct, n)
    of = "" if n < FEW_ANSWERS else f" of {n}"
    return f"{rate(correct, n)}{of} ({100 * low:.0f}-{100 * high:.0f}%)"


def when(seconds: float | None) -> str | None:
    """A time in seconds since 1970 as local date and time, to the minute."""
    return None if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _bytes(path: Path) -> int:
    return (
        sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
        if path.is_dir()
        else path.stat().st_size
    )
