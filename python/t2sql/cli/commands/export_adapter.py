"""`t2sql export-adapter`: an adapter in the format of PEFT, mlx-lm or llama.cpp."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from t2sql import gguf, models, train
from t2sql.cli.adapters import adapter_as_gguf, model_of
from t2sql.cli.options import Force, shared
from t2sql.cli.output import Output
from t2sql.cli.tables import print_conversion

EXAMPLE = """
t2sql export-adapter runs/demo adapter-peft
t2sql export-adapter runs/demo adapter.gguf --format gguf
t2sql export-adapter adapter-peft adapter-mlx --format mlx --base demo
"""


class Format(StrEnum):
    """What an adapter is written as."""

    peft = "peft"
    mlx = "mlx"
    gguf = "gguf"


@shared()
def command(
    out: Output,
    adapter: Annotated[
        Path,
        typer.Argument(
            help="A run (its chosen checkpoint), a checkpoint, or an adapter directory of mlx-lm or PEFT.",
            metavar="RUN|DIR",
        ),
    ],
    target: Annotated[Path, typer.Argument(help="Directory to write; with gguf, the file.", metavar="OUT")],
    kind: Annotated[
        Format, typer.Option("--format", help="peft and mlx are directories, gguf is for llama.cpp.")
    ] = Format.peft,
    base: Annotated[
        str | None,
        typer.Option(
            "--base", help="The base model; by default the run's.", metavar="DIR", show_default=False
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write an adapter in the format of PEFT (transformers, vLLM), mlx-lm or llama.cpp.

    Its values, ranks and scales stay as they are, and so does its identity: where it is in a model's weights
    already, it is refused in every format.
    """
    if kind is Format.gguf:
        options = gguf.AdapterOptions(force=force)
        print_conversion(out, adapter_as_gguf(out, adapter, base, target, options))
        return
    with out.progress("export") as progress:
        directory = models.directory(model_of(base, [adapter], option="--base"), progress=progress)
    chosen = train.adapter_path(adapter)
    written = gguf.export_adapter(
        directory, chosen, target, "peft" if kind is Format.peft else "mlx", force=force
    )
    files = {file.name: file.stat().st_size for file in sorted(written.iterdir())}
    document = {"path": written, "adapter": chosen, "format": kind.value, "files": files}
    out.result(document, f"{written}  from {chosen}")
