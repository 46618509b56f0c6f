"""`t2sql convert`: a Hugging Face directory, with or without an adapter, or an adapter alone, to GGUF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql import calibration, fuse, gguf, models, train
from t2sql.cli.adapters import adapter_as_gguf
from t2sql.cli.calibration_texts import read_sequences
from t2sql.cli.conversion_options import OUTPUT, output_keywords
from t2sql.cli.options import shared
from t2sql.cli.output import Output
from t2sql.cli.tables import print_conversion
from t2sql.errors import InputError

EXAMPLE = """
t2sql convert runs/demo/fused model.f32.gguf
t2sql convert runs/demo/fused model.q8_0.gguf --type q8_0
t2sql convert demo tuned.q4_0.gguf --adapter runs/demo --type q4_0
t2sql convert runs/demo/fused model.q4_0.gguf --type q4_0 --calibration runs/demo
t2sql convert --base demo --adapter runs/demo adapter.gguf
t2sql convert runs/demo/fused mixed.gguf --type q4_0 --tensor-type "ffn_down=q8_0" --max-shard-size 2G
"""

_CONTEXT = 512
"""Tokens of a chunk of text to calibrate with."""


@shared(OUTPUT)
def command(
    out: Output,
    source: Annotated[
        str,
        typer.Argument(
            help="Model directory (or hub id, or demo); left out where an adapter is written alone.",
            metavar="[DIR]",
        ),
    ],
    output: dict[str, Any],
    target: Annotated[
        Path | None, typer.Argument(help="GGUF file to write.", metavar="OUT.gguf", show_default=False)
    ] = None,
    type: Annotated[str, typer.Option("--type", help=f"{', '.join(gguf.FILE_TYPES)}.")] = "f32",
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help="The model of an adapter that is written alone; by default its run's.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(
            "--adapter",
            help="Checkpoint directory, or a run: its chosen one. With DIR it is added to the weights; "
            "without DIR it is written alone, as a GGUF adapter.",
            show_default=False,
        ),
    ] = None,
    calibration_source: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="RUN|DIR|FILE",
            help="Round q4_0, q4_1 or q8_0 so that what the layers compute on these questions (or this text) "
            "changes least.",
            show_default=False,
        ),
    ] = None,
    calibration_tokens: Annotated[
        int,
        typer.Option("--calibration-tokens", min=1, help="Tokens of --calibration that are read at most."),
    ] = 8192,
    pre: Annotated[
        str | None,
        typer.Option("--pre", help="llama.cpp's name for how the BPE tokenizer splits text.", metavar="NAME"),
    ] = None,
) -> None:
    """Write a GGUF file from a model directory's safetensors, in one pass, of any of the types.

    DIR OUT.gguf --adapter A writes the tuned model: the adapter is added while the weights stream, with no
    fused directory between. --adapter A OUT.gguf writes the LoRA adapter alone: BASE.gguf+OUT.gguf is then
    the tuned model.
    """
    options = gguf.ConvertOptions(**output_keywords(output), type=type, pre=pre)
    if adapter is not None and calibration_source is not None:
        hint = "Fuse the adapter first (t2sql fuse), and calibrate its directory"
        raise InputError(
            "calibrating is for a model directory", found="--calibration with --adapter", hint=hint
        )
    if adapter is not None and target is None:
        if options.imatrix is not None or options.rounding != "reference":
            raise InputError(
                "an adapter alone is not rounded", found="--imatrix or --rounding with an adapter alone"
            )
        adapter_options = gguf.AdapterOptions(type=options.type, force=options.force)
        print_conversion(out, adapter_as_gguf(out, adapter, base, Path(source), adapter_options))
        return
    if base is not None:
        raise InputError(
            "--base is the model of an adapter that is written alone",
            expected="--adapter A OUT.gguf, or DIR OUT.gguf without --base",
            found=f"{source} {target or ''}".rstrip(),
        )
    if target is None:
        raise InputError("missing argument", where="OUT.gguf", expected="DIR OUT.gguf", found=source)
    if calibration_source is not None:
        calibrated = _calibrated(out, source, target, options, calibration_source, calibration_tokens)
        print_conversion(out, calibrated)
        return
    with out.progress("convert") as progress:
        if adapter is None:
            directory = models.directory(source, progress=progress)
            result = gguf.convert(directory, target, options, progress=progress)
        else:
            ref = models.resolve(source, progress=progress)
            result = fuse.convert_adapted(
                ref, train.adapter_path(adapter), target, options, progress=progress
            )
    print_conversion(out, result)


def _calibrated(
    out: Output, source: str, target: Path, options: gguf.ConvertOptions, texts: Path, most_tokens: int
) -> gguf.ConvertResult:
    """Convert with calibrated rounding, and say on stderr what it gained."""
    with out.progress("convert") as progress:
        directory = models.directory(source, progress=progress)
        sequences = read_sequences(directory, texts, context=_CONTEXT, most_tokens=most_tokens)
        result = calibration.convert_calibrated(directory, target, sequences, options, progress=progress)
    lost, plain = (f"{100 * loss:.2g}%" for loss in (result.loss, result.plain_loss))
    out.note(
        f"calibrated on {result.tokens} tokens of {sequences.name}: what matrices compute is off by {lost} "
        f"(squared), under ggml's rounding with an importance matrix of the same texts by {plain}"
    )
    return result.conversion
