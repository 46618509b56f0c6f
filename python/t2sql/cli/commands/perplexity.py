"""`t2sql perplexity`: how well a file predicts a text, and how far it is from another file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import data as datasets
from t2sql import models, runs, text_files, verification
from t2sql.bounds import check_count, check_threads
from t2sql.cli.options import Threads, shared
from t2sql.cli.output import Output, table, time_text
from t2sql.errors import InputError

EXAMPLE = """
t2sql perplexity model.q4_0.gguf --text wiki.test.raw
t2sql perplexity model.q4_0.gguf --data runs/demo --against model.f32.gguf
"""
_MOST_CHARACTERS = 1 << 28
_MOST_CONTEXT = 1 << 20


@shared()
def command(
    out: Output,
    model: Annotated[
        str, typer.Argument(help="A GGUF file, a model directory, a hub id or demo.", metavar="FILE")
    ],
    text: Annotated[
        Path | None,
        typer.Option("--text", help="Text file, as llama-perplexity takes it.", show_default=False),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Directory of JSONL, or a run: its test questions and answers are the text.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            help="A model with the same tokenizer, such as the F32 file: KL divergence from its predictions.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    context: Annotated[
        int, typer.Option("--context", help="Tokens of a chunk; those of its second half are scored.")
    ] = 512,
    chunks: Annotated[
        int | None, typer.Option("--chunks", min=1, help="Chunks at most.", show_default="all")
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            "--backend", help="Runtime: llama, mlx, or auto (llama for a GGUF file, mlx otherwise)."
        ),
    ] = "auto",
    threads: Threads = None,
) -> None:
    """Measure a file's perplexity on a text, and its KL divergence from another file.

    Both are counted as llama-perplexity counts them, so that figures can be put beside published ones.
    """
    check_count("--context", context, _MOST_CONTEXT, least=2)
    check_threads(threads)
    options = verification.ScoreOptions(context, _backend(backend), threads)
    content = _text_of(text, data)
    with out.progress("perplexity") as progress:
        result = verification.perplexity(
            models.resolve(model, progress=progress),
            content,
            options,
            against=None if against is None else models.resolve(against, progress=progress),
            most_chunks=chunks,
            progress=progress,
        )
    out.result(result, lambda: _table(result))


def _backend(name: str) -> verification.ScoreBackend:
    backend = next((known for known in verification.SCORE_BACKENDS if known == name), None)
    if backend is None:
        expected = ", ".join(verification.SCORE_BACKENDS)
        raise InputError("no such runtime", where="--backend", expected=expected, found=name)
    return backend


def _text_of(text: Path | None, data: Path | None) -> str:
    """The text of a file, or of a dataset's test split."""
    if (text is None) == (data is None):
        given = "neither" if text is None else "both"
        raise InputError("one text is needed", expected="either --text or --data", found=given)
    if text is not None:
        return text_files.read_text(text, most=_MOST_CHARACTERS)
    assert data is not None
    dataset = datasets.load(runs.open_run(data).layout.data if runs.is_run(data) else data)
    return "\n".join(verification.prompts_of(dataset))


def _table(result: verification.PerplexityResult) -> str:
    """The figures for people."""
    rows = [("perplexity", _estimate(result.perplexity, 4))]
    other = result.divergence
    if other is not None:
        rows += [
            (f"perplexity of {other.against}", _estimate(other.perplexity, 4)),
            ("ln(perplexity ratio)", _estimate(other.log_ratio, 6)),
            ("mean KL", _estimate(other.kl, 6)),
            ("99.9% KL", f"{other.kl_99_9:.6f}"),
            ("99% KL", f"{other.kl_99:.6f}"),
            ("median KL", f"{other.kl_median:.6f}"),
            ("largest KL", f"{other.kl_max:.6f}"),
            ("mean change of probability", _estimate(other.mean_change, 3, percent=True)),
            ("root mean square change", _estimate(other.rms_change, 3, percent=True)),
            ("same likeliest token", _estimate(other.same_top, 3, percent=True)),
        ]
    lines = table(("", ""), rows, trailing=1).splitlines()[1:]
    runtimes = {result.runtime} | ({other.runtime} if other is not None else set())
    measured = f"{result.tokens} tokens of {result.chunks} chunks of {result.context}"
    end = f"{result.model}: {measured}, in {' and '.join(sorted(runtimes))}, {time_text(result.seconds)}"
    return "\n".join([*lines, "", end])


def _estimate(estimate: verification.Estimate, digits: int, *, percent: bool = False) -> str:
    factor, unit = (100, " %") if percent else (1, "")
    return f"{factor * estimate.value:.{digits}f} ± {factor * estimate.error:.{digits}f}{unit}"
