"""`t2sql convert`: a Hugging Face directory, or a LoRA adapter, to GGUF."""

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
from t2sql.cli.tables import print_conversion
from t2sql.errors import InputError

EXAMPLE = """
t2sql convert runs/demo/fused model.f32.gguf
t2sql convert runs/demo/fused model.q8_0.gguf --type q8_0
t2sql convert --base demo --adapter runs/demo adapter.gguf
t2sql convert runs/demo/fused mixed.gguf --type q4_0 --tensor-type "ffn_down=q8_0" --max-shard-size 2G
"""


@shared()
def command(
    out: Output,
    source: Annotated[
        str,
        typer.Argument(
            help="Model directory (or hub id, or demo); left out with --adapter.", metavar="[DIR]"
        ),
    ],
    target: Annotated[
        Path | None, typer.Argument(help="GGUF file to write.", metavar="OUT.gguf", show_default=False)
    ] = None,
    type: Annotated[str, typer.Option("--type", help="f32, f16, bf16, q8_0, q4_1 or q4_0.")] = "f32",
    base: Annotated[
        str | None,
        typer.Option(
            "--base", help="The model of --adapter; by default its run's.", metavar="DIR", show_default=False
        ),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(
            "--adapter",
            help="Write this checkpoint directory, or a run's chosen one, as a GGUF adapter.",
            show_default=False,
        ),
    ] = None,
    pure: Pure = False,
    output_type: OutputType = None,
    embedding_type: EmbeddingType = None,
    tensor_type: TensorTypes = None,
    pre: Annotated[
        str | None,
        typer.Option("--pre", help="llama.cpp's name for how the BPE tokenizer splits text.", metavar="NAME"),
    ] = None,
    max_shard_size: MaxShardSize = None,
    threads: Threads = None,
    force: Force = False,
) -> None:
    """Write a GGUF file from a model directory's safetensors, in one pass, of any of the six types.

    With --adapter, the LoRA adapter alone: BASE.gguf+OUT.gguf is then the tuned model.
    """
    from t2sql import gguf, models, train
    from t2sql.cli.adapters import model_of
    from t2sql.gguf import parse_overrides

    if adapter is not None:
        if target is not None:
            raise InputError(
                "an adapter has one output", expected="OUT.gguf alone", found=f"{source} {target}"
            )
        with out.progress("convert") as progress:
            found = models.directory(model_of(base, [adapter]), progress=progress)
            path = train.adapter_path(adapter)
            result = gguf.convert_adapter(
                found,
                path,
                Path(source),
                type=type,
                trained_on=models.training_base(path),
                force=force,
                progress=progress,
            )
        print_conversion(out, result)
        return
    if base is not None:
        raise InputError("--base is the model of an adapter", expected="--adapter", found="none")
    if target is None:
        raise InputError("missing argument", where="OUT.gguf", expected="DIR OUT.gguf", found=source)
    with out.progress("convert") as progress:
        result = gguf.convert(
            models.directory(source, progress=progress),
            target,
            type=type,
            pure=pure,
            output_type=output_type,
            embedding_type=embedding_type,
            pre=pre,
            tensor_types=parse_overrides(tensor_type or []),
            max_shard_size=max_shard_size,
            threads=threads,
            force=force,
            progress=progress,
        )
    print_conversion(out, result)
