"""`t2sql convert`: a Hugging Face directory to GGUF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import (
    EmbeddingType,
    Force,
    MaxShardSize,
    OutputType,
    Pure,
    TensorTypes,
    Threads,
    shared,
)
from t2sql.cli.output import Output
from t2sql.cli.tables import conversion

EXAMPLE = """
t2sql convert runs/demo/fused model.f32.gguf
t2sql convert runs/demo/fused model.q8_0.gguf --type q8_0
t2sql convert runs/demo/fused mixed.gguf --type q4_0 --tensor-type "ffn_down=q8_0" --max-shard-size 2G
"""


@shared()
def command(
    out: Output,
    source: Annotated[
        str, typer.Argument(help="Model directory (or hub id, or demo) with safetensors.", metavar="DIR")
    ],
    target: Annotated[Path, typer.Argument(help="GGUF file to write.", metavar="OUT.gguf")],
    type: Annotated[str, typer.Option("--type", help="f32, f16, bf16, q8_0, q4_1 or q4_0.")] = "f32",
    pure: Pure = False,
    output_type: OutputType = None,
    embedding_type: EmbeddingType = None,
    tensor_type: TensorTypes = None,
    max_shard_size: MaxShardSize = None,
    threads: Threads = None,
    force: Force = False,
) -> None:
    """Write a GGUF file from a model directory's safetensors, in one pass, of any of the six types."""
    from t2sql import gguf, models
    from t2sql.gguf.overrides import parse_overrides

    with out.progress("convert") as progress:
        result = gguf.convert(
            models.directory(source, progress=progress),
            target,
            type=type,
            pure=pure,
            output_type=output_type,
            embedding_type=embedding_type,
            tensor_types=parse_overrides(tensor_type or []),
            max_shard_size=max_shard_size,
            threads=threads,
            force=force,
            progress=progress,
        )
    conversion(out, result)
