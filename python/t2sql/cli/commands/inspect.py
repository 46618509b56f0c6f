"""`t2sql inspect`: what a model file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import gguf
from t2sql.cli.options import shared
from t2sql.cli.output import Output, size_text, table
from t2sql.text import one_line, pad, shorten, width

_MOST_CELLS = 100
"""Of a value, so that it stays on about a line."""

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
    parts = ["\n".join(f"{name:16} {one_line(str(value))}" for name, value in head)]
    types = [(name, entry.tensors, size_text(entry.bytes)) for name, entry in inspection.types.items()]
    parts.append(table(("type", "tensors", "bytes"), types))
    document = inspection.to_dict()
    for title, pairs in (("tokenizer", document["tokenizer"]), ("metadata", document["metadata"])):
        if isinstance(pairs, dict) and pairs:
            gap = 1 if title == "tokenizer" else 2
            names = {key: one_line(key) for key in pairs}
            cells = max(14, *map(width, names.values())) + gap
            lines = [f"  {pad(names[key], cells)}{_short(value)}" for key, value in pairs.items()]
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
        first = ", ".join(shorten(_quoted(item), _MOST_CELLS) for item in value["first"])
        return f"[{value['length']} values: {first}, …]"
    return shorten(_quoted(value), _MOST_CELLS)


def _quoted(value: object) -> str:
    """A text in quotes as it is, whatever its script; other values as Python writes them."""
    return f"'{one_line(value[:1000])}'" if isinstance(value, str) else repr(value)
