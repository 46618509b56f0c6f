"""`t2sql run`: the whole chain."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql import data as sources
from t2sql import pipeline, report
from t2sql.cli.options import StartFrom, WithRemembered, shared
from t2sql.cli.output import Output
from t2sql.cli.run_printer import RunPrinter
from t2sql.cli.training_options import TRAINING, follows
from t2sql.runs import RunLayout
from t2sql.runs.records import CompareResult, Improvement
from t2sql.text import visible

EXAMPLE = """
t2sql run
t2sql run --model HuggingFaceTB/SmolLM2-360M --data my-examples/ --out runs/mine --iters 800 --types q8_0,q4_0
"""


@shared(TRAINING)
def command(
    out: Output,
    training: dict[str, Any],
    model: Annotated[
        str | None,
        typer.Option("--model", help="A hub id, a directory, a GGUF file, or demo.", show_default="demo"),
    ] = None,
    start_from: StartFrom = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="demo, or another source as t2sql data takes it.", show_default="demo"),
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="Run directory.")] = Path("runs/demo"),
    types: Annotated[
        str | None,
        typer.Option("--types", help="Types to quantize to, by comma.", show_default="q8_0,q4_1,q4_0"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, help="Use at most this many examples of each split.", show_default=False
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            help="The prompts' format, such as 2+types+keys; see t2sql data --help.",
            metavar="FORMAT",
            show_default="that of the data",
        ),
    ] = None,
    with_remembered: WithRemembered = None,
    data_seed: Annotated[
        int | None, typer.Option("--data-seed", help="Seed of the dataset.", show_default=False)
    ] = None,
    compare_limit: Annotated[
        int | None,
        typer.Option(
            "--compare-limit", help="Questions for each file in the comparison; 0 is all.", show_default=False
        ),
    ] = None,
    compare_limit_mlx: Annotated[
        int | None,
        typer.Option(
            "--compare-limit-mlx", help="The same for MLX, which is slow on a CPU.", show_default=False
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", help="The most tokens of an answer in it.", show_default="128"),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            "--select",
            help="What chooses the checkpoint on validation: execution (right answers) or loss.",
            show_default="execution",
        ),
    ] = None,
    select_limit: Annotated[
        int | None,
        typer.Option(
            "--select-limit", help="Validation questions asked for that; 0 is all.", show_default=False
        ),
    ] = None,
    discard: Annotated[
        bool,
        typer.Option("--discard", help="Throw away what changed settings make useless, without asking."),
    ] = False,
) -> None:
    """Run the whole chain: data, train, test, fuse, convert, quantize, verify, compare, report.

    Without arguments it is the demo, into runs/demo. A run that was cut short goes on where it was.
    With other settings, what they would throw away of it is named and asked about; without a terminal that
    needs --discard.
    """
    if follows():
        return
    own = {"model": model, "data": data, "types": types, "limit": limit, "data_seed": data_seed}
    own |= {"compare_limit": compare_limit, "compare_limit_mlx": compare_limit_mlx, "max_tokens": max_tokens}
    own |= {"start_from": start_from, "select": select, "select_limit": select_limit, "prompt": prompt}
    own |= {"with_remembered": with_remembered}
    given = training | {name: value for name, value in own.items() if value is not None}

    def decide(loss: pipeline.Loss) -> bool:
        if discard:
            out.note(f"{loss}: thrown away")
        return discard or (_on_a_terminal() and typer.confirm(visible(f"{loss}.\nThrow it away?"), err=True))

    run, settings = pipeline.prepare_run(target, given, say=out.note, decide=decide)
    try:
        with out.progress() as progress:
            RunPrinter(out, run, progress)
            pipeline.execute(run, settings, out.note)
    except KeyboardInterrupt:
        out.note(f"\nthe run is kept; to go on: t2sql run --out {target}")
        raise
    compared = run.result(CompareResult)
    improved = None if compared is None else report.improvement(compared)
    document = {
        "path": run.path,
        "chosen": run.chosen,
        "improvement": improved,
        "stages": run.stages,
        "report": run.layout.report_html,
    }
    out.result(document, lambda: _goodbye(run.path, settings, improved))


def _on_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _goodbye(path: Path, settings: pipeline.Settings, improved: Improvement | None) -> str:
    layout = RunLayout(path)
    file = layout.model_file(settings.types[0] if settings.types else "f32")
    ask = f't2sql ask {file} "How old is Wang Junjian?" --table "students: Name, Age, School"'
    if sources.is_database(settings.data):
        ask = f"t2sql ask {file} --db {shlex.quote(settings.data)} --interactive"
    lines = [] if improved is None else [report.improvement_sentence(improved)]
    lines += [f"report: {layout.report_html}", f"to use the files: {layout.readme}", f"try: {ask}"]
    return "\n" + "\n".join(lines)
