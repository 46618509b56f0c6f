"""`t2sql verify`: is a GGUF the same model as its source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import shared
from t2sql.cli.output import Output
from t2sql.cli.tables import checks
from t2sql.errors import WorkError

EXAMPLE = "t2sql verify runs/demo/fused runs/demo/gguf/demo.q8_0.gguf"


@shared()
def command(
    out: Output,
    source: Annotated[
        str, typer.Argument(help="The model directory (or hub id, or demo) it was made from.", metavar="DIR")
    ],
    path: Annotated[Path, typer.Argument(help="The GGUF file to check.", metavar="OUT.gguf")],
) -> int | None:
    """Check structure, numbers, tokens and logits of a GGUF file against its source; exit 1 if one fails."""
    from t2sql import gguf, models

    with out.progress("verify") as progress:
        result = gguf.verify(models.directory(source, progress=progress), path, progress=progress)
    out.result(result.to_dict(), lambda: checks(result))
    if result.ok:
        return None
    if out.json:
        return 1
    raise WorkError("the file is not the same model", where=path, found=result.cause)
