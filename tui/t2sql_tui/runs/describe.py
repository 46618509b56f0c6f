"""What the app says about runs in sentences: a run's details, and what to do when there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from textual.content import Content

from t2sql.runs import RunSummary
from t2sql_tui import formatting

Piece: TypeAlias = str | Content | tuple[str, str]
"""Text, or text with a style: what `Content.assemble` takes."""
Change: TypeAlias = Literal["stop", "delete"]
"""What can be done to a run that has to be confirmed."""


def no_runs(root: Path) -> Content:
    """The command that makes a run in `root`, which has none."""
    option = "" if str(root) == "runs" else f" --out {root / 'NAME'}"
    return Content.assemble(
        ("No runs here yet.", "bold"),
        "\n\nPress ",
        ("n", "bold $primary"),
        ", or make one, from data to a quantized model, with\n\n",
        (formatting.plain(f"t2sql run{option}"), "bold $primary"),
        "\n\nIt will appear as soon as it starts.",
    )


def no_match() -> Content:
    """How to get the runs back that the filter hides."""
    return Content.assemble(("No run matches.", "bold"), "\n\nEscape clears the filter.")


def details(run: RunSummary | None) -> Content:
    """A run's line under the table: what the columns have no room for, or what is wrong with the run.

    Args:
        run: The run under the cursor; None gives no text.
    """
    if run is None:
        return Content("")
    if run.problem:
        return Content.assemble(("! ", "$error"), formatting.plain(run.problem))
    pieces: list[Piece] = []
    for name, value in (("model", run.model), ("data", run.data), ("stage", run.stage)):
        pieces += [(f"{name} ", "$muted"), formatting.plain(value or formatting.NONE, 60), "   "]
    pieces += [("started ", "$muted"), formatting.ago(run.started)]
    if run.state in ("stale", "interrupted", "failed"):
        why = {"stale": "its process is gone", "failed": "it failed"}.get(run.state, "it was interrupted")
        if run.error:
            why = f"it failed: {formatting.plain(run.error, 200)}"
        command = f"t2sql run --out {run.path}"
        pieces += ["\n", (why, "$warning"), "\n", ("r", "bold $primary"), " goes on with it, as does "]
        pieces.append((formatting.plain(command), "bold"))
    return Content.assemble(*pieces)


def question(what: Change, run: RunSummary) -> Content:
    """What is asked before a run is stopped or deleted."""
    name = (formatting.plain(run.name, 60), "bold")
    if what == "delete":
        end = " with its checkpoints and model files?\n\n"
        return Content.assemble("Delete the run ", name, end, (formatting.plain(run.path, 200), "$muted"))
    return Content.assemble("Stop the run ", name, "? It ends as on Ctrl-C; `t2sql run` can go on with it.")
