"""`t2sql quantize`: a full-precision GGUF to a quantized one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import EmbeddingType, Force, OutputType, Pure, Threads, shared
from t2sql.cli.output import Output
from t2sql.cli.tables import conversion

EXAMPLE = """
t2sql quantize model.f32.gguf model.q4_0.gguf q4_0
t2sql quantize model.f32.gguf pure.q4_0.gguf q4_0 --pure
"""


@shared()
def command(
    out: Output,
    source: Annotated[Path, typer.Argument(help="An f32, f16 or bf16 GGUF file.", metavar="IN.gguf")],
    target: Annotated[Path, typer.Argument(help="GGUF file to write.", metavar="OUT.gguf")],
    type: Annotated[str, typer.Argument(help="q8_0, q4_1 or q4_0.", metavar="TYPE")],
    pure: Pure = False,
    output_type: OutputType = None,
    embedding_type: EmbeddingType = None,
    threads: Threads = None,
    force: Force = False,
) -> None:
    """Write a quantized GGUF file from an f32, f16 or bf16 one."""
    from t2sql import gguf

    with out.progress("quantize") as progress:
        result = gguf.quantize(
            source,
            target,
            type,
            pure=pure,
            output_type=output_type,
            embedding_type=embedding_type,
            threads=threads,
            force=force,
            progress=progress,
        )
    conversion(out, result)
