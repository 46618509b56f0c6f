"""`t2sql data`: a dataset directory from a source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import Force, Limit, Seed, shared
from t2sql.cli.output import Output, table

EXAMPLE = """
t2sql data demo --out data/demo
t2sql data my-examples/ --out data/mine --limit 1000
"""


@shared()
def command(
    out: Output,
    source: Annotated[str, typer.Argument(help="demo, or a directory of JSONL files.", metavar="SRC")],
    target: Annotated[Path, typer.Option("--out", help="Directory to write.")],
    seed: Seed = 0,
    limit: Limit = None,
    force: Force = False,
) -> None:
    """Make a dataset: train, valid and test as JSONL, and the databases that the SQL runs on.

    A directory's lines may be {"text": …} as in the tutorial, or {"prompt": …, "completion": …}.
    """
    from t2sql import data

    with out.progress("data") as progress:
        dataset = data.prepare(source, target, seed=seed, limit=limit, force=force, progress=progress)
    document = {
        "path": target,
        "source": source,
        "counts": dataset.counts,
        "fingerprint": dataset.fingerprint,
    }
    rows = [(name, count) for name, count in dataset.counts.items()]
    out.result(document, table(("split", "examples"), rows) + f"\n\n{target}")
