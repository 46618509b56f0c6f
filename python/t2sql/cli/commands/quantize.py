"""`t2sql quantize`: a full-precision GGUF to a quantized one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql import gguf
from t2sql.cli.conversion_options import OUTPUT, output_keywords
from t2sql.cli.options import shared
from t2sql.cli.output import Output
from t2sql.cli.tables import print_conversion

EXAMPLE = """
t2sql quantize model.f32.gguf model.q4_0.gguf q4_0
t2sql quantize model.f32.gguf model.q4_k_m.gguf q4_k_m
t2sql quantize model.f32.gguf pure.q4_0.gguf q4_0 --pure
t2sql quantize model.f32.gguf mixed.gguf q4_0 --tensor-type "ffn_down=q8_0" --max-shard-size 2G
"""


@shared(OUTPUT)
def command(
    out: Output,
    source: Annotated[
        Path,
        typer.Argument(help="An f32, f16 or bf16 GGUF file; of a split one, the first.", metavar="IN.gguf"),
    ],
    target: Annotated[Path, typer.Argument(help="GGUF file to write.", metavar="OUT.gguf")],
    type: Annotated[str, typer.Argument(help=f"{', '.join(gguf.FILE_TYPES)}.", metavar="TYPE")],
    output: dict[str, Any],
    allow_requantize: Annotated[
        bool,
        typer.Option("--allow-requantize", help="Take tensors that are quantized already, at a loss."),
    ] = False,
) -> None:
    """Write a quantized GGUF file from an f32, f16 or bf16 one."""
    options = gguf.QuantizeOptions(**output_keywords(output), allow_requantize=allow_requantize)
    with out.progress("quantize") as progress:
        result = gguf.quantize(source, target, type, options, progress=progress)
    print_conversion(out, result)
