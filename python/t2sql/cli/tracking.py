"""`t2sql runs report-to`: a run's numbers in an experiment tracker, while it runs or afterwards."""

from __future__ import annotations

import sys
from contextlib import closing, redirect_stdout
from pathlib import Path

from t2sql import runs, trackers
from t2sql.cli.output import Output
from t2sql.errors import T2sqlError, WorkError


def report_to(out: Output, path: Path, name: str) -> None:
    """Give a tracker the numbers of a run's events; of a run that goes on, until it ends.

    Args:
        out: Where the count is printed.
        path: The run directory.
        name: The tracker's name.

    Raises:
        InputError: It is no run, or there is no such tracker.
        MissingPartError: The tracker's package is not installed.
        WorkError: The tracker failed, as one that cannot be reached does.
    """
    run = runs.open_run(path)
    try:
        # What trackers print is for people.
        with redirect_stdout(sys.stderr):
            if run.running:
                out.note(f"{run.name} is running: its numbers follow as they come")
            with closing(trackers.open_tracker(name, path, run.config)) as tracker:
                count = trackers.report_events(run.tail(), tracker)
    except T2sqlError:
        raise
    except Exception as error:
        # Each package has errors of its own, without a common base.
        reason = f"{type(error).__name__}: {error}"
        raise WorkError(
            "the tracker failed", where=name, found=reason, hint="The run is untouched; try again"
        ) from error
    out.result({"tracker": name, "run": path, "events": count}, f"{count} events of {run.name} are in {name}")
