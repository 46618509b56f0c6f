"""`t2sql inspect`: what a model file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import gguf
from t2sql.cli.options import shared
from t2sql.cli.output import Output, size_text, table

EXAMPLE = """
t2sql inspect model.q8_0.gguf
t2sql inspect model.q8_0.gguf --tensors
t2sql inspect runs/demo/fused
"""


@shared()
def command(
    out: Output,
    path: Annotated[
        Path,
        typer.Argument(
            help="A .gguf (of a split model, the first) or .safetensors file, or a model directory.",
            metavar="FILE",
        ),
    ],
    tensors: Annotated[bool, typer.Option("--tensors", help="List every tensor too.")] = False,
) -> None:
    """Show what a GGUF, a safetensors file or a directory holds, and what looks wrong."""
    inspection = gguf.inspect(path)
    out.result(inspection.to_dict(), lambda: _text(inspection, tensors))
    for warning in inspection.warnings:
        out.warn(warning)


def _text(inspection: gguf.Inspection, tensors: bool) -> str:
    """The inspection for people; with `tensors`, a line for every tensor too."""
    more = f", {inspection.files} files" if inspection.files > 1 else ""
    head = [
        ("file", inspection.path),
        ("format", inspection.format + more),
        ("architecture", inspection.architecture or "-"),
        ("family", inspection.family or "-"),
        ("size", f"{size_text(inspection.bytes)} ({inspection.bytes:,} bytes)"),
        ("parameters", f"{inspection.parameters:,}"),
        ("bits per weight", f"{inspection.bits_per_weight:.2f}"),
        ("kernels", inspection.simd),
    ]
    parts = ["\n".join(f"{name:16} {value}" for name, value in head)]
    types = [(name, entry.tensors, size_text(entry.bytes)) for name, entry in inspection.types.items()]
    parts.append(table(("type", "tensors", "bytes"), types))
    document = inspection.to_dict()
    for title, pairs in (("tokenizer", document["tokenizer"]), ("metadata", document["metadata"])):
        if isinstance(pairs, dict) and pairs:
            width = 14 if title == "tokenizer" else max(map(len, pairs))
            gap = " " if title == "tokenizer" else "  "
            lines = [f"  {key:{width}}{gap}{_short(value)}" for key, value in pairs.items()]
            parts.append(f"{title}\n" + "\n".join(lines))
    if tensors:
        rows = [
            (tensor.name, tensor.type, "x".join(map(str, tensor.shape)), size_text(tensor.bytes))
            for tensor in inspection.tensors
        ]
        parts.append(table(("tensor", "type", "shape", "bytes"), rows, left=2))
    return "\n\n".join(parts)


def _short(value: object) -> str:
    if isinstance(value, dict) and "length" in value:
        return f"[{value['length']} values: {', '.join(map(repr, value['first']))}, …]"
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "…"
