"""`t2sql imatrix`: an importance matrix of a model on real texts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from t2sql import calibration, gguf, models
from t2sql.bounds import check_count
from t2sql.cli.calibration_texts import read_sequences
from t2sql.cli.options import Force, shared
from t2sql.cli.output import Output, time_text
from t2sql.errors import InputError
from t2sql.files import check_free

EXAMPLE = """
t2sql imatrix runs/demo/fused demo.imatrix.gguf --data runs/demo
t2sql imatrix model.f32.gguf out.imatrix.gguf --text calibration.txt --process-output
"""
_MOST_TOKENS = 1 << 30


@shared()
def command(
    out: Output,
    model: Annotated[
        str, typer.Argument(help="A model directory, a GGUF file, a hub id or demo.", metavar="DIR|FILE")
    ],
    output: Annotated[Path, typer.Argument(help="The file to write.", metavar="OUT.gguf")],
    text: Annotated[
        Path | None, typer.Option("--text", help="Text file, as llama-imatrix takes it.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Directory of JSONL, or a run: its training questions and answers, each by itself.",
            show_default=False,
        ),
    ] = None,
    context: Annotated[
        int, typer.Option("--context", help="Tokens of a chunk of text; longer questions are left out.")
    ] = 512,
    tokens: Annotated[
        int, typer.Option("--tokens", help="Tokens to read at most; questions are spread over the split.")
    ] = 32768,
    process_output: Annotated[
        bool,
        typer.Option(
            "--process-output", help="Also the matrix that makes logits, which may be the embedding."
        ),
    ] = False,
    old_form: Annotated[
        bool, typer.Option("--old-form", help="Write the binary form of before GGUF (imatrix.dat).")
    ] = False,
    force: Force = False,
) -> None:
    """Write an importance matrix: how strongly each column of each matrix is driven on your texts.

    The file is llama.cpp's: its llama-quantize takes it, and so does `t2sql quantize`. The model runs in MLX,
    layer by layer, so that one layer's weights are in memory at a time.
    """
    check_count("--context", context, _MOST_TOKENS, least=2)
    check_count("--tokens", tokens, _MOST_TOKENS)
    if (text is None) == (data is None):
        given = "neither" if text is None else "both"
        raise InputError("one text is needed", expected="either --text or --data", found=given)
    source = text if text is not None else data
    assert source is not None
    if source.is_dir() == (text is not None):
        expected = "a file of text" if text is not None else "a directory of JSONL, or a run"
        raise InputError(
            "not this kind of text",
            where=source,
            expected=expected,
            hint="--text takes files, --data directories",
        )
    check_free(output, force=force)
    began = time.perf_counter()
    with out.progress("imatrix") as progress:
        path = models.directory(model, progress=progress)
        sequences = read_sequences(path, source, context=context, most_tokens=tokens)
        options = calibration.CollectOptions(process_output)
        matrix = calibration.collect(path, sequences, options, progress=progress)
    gguf.write_imatrix(output, matrix, old_form=old_form, force=force)
    document = {
        "path": output,
        "tensors": len(matrix.tensors),
        "sequences": len(sequences.ids),
        "tokens": sequences.tokens,
        "seconds": time.perf_counter() - began,
    }
    read = f"{sequences.tokens} tokens in {len(sequences.ids)} sequences of {sequences.name}"
    spent = time_text(time.perf_counter() - began)
    out.result(document, f"{output}: {len(matrix.tensors)} matrices, {read}, {spent}")
