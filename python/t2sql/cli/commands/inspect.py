"""`t2sql inspect`: what a model file holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t2sql.cli.options import shared
from t2sql.cli.output import Output, size_text, table

if TYPE_CHECKING:
    from t2sql.gguf import Inspection

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
    from t2sql import gguf

    found = gguf.inspect(path)
    out.result(found.to_dict(), lambda: _text(found, tensors))
    for warning in found.warnings:
        out.warn(warning)


def _text(found: Inspection, tensors: bool) -> str:
    head = [
        ("file", found.path),
        ("format", found.format + (f", {found.files} files" if found.files > 1 else "")),
        ("architecture", found.architecture or "-"),
        ("family", found.family or "-"),
        ("size", f"{size_text(found.bytes)} ({found.bytes:,} bytes)"),
        ("parameters", f"{found.parameters:,}"),
        ("bits per weight", f"{found.bits_per_weight:.2f}"),
        ("kernels", found.simd),
    ]
    parts = ["\n".join(f"{name:16} {value}" for name, value in head)]
    types = [(name, entry["tensors"], size_text(entry["bytes"])) for name, entry in found.types.items()]
    parts.append(table(("type", "tensors", "bytes"), types))
    if found.tokenizer:
        parts.append("tokenizer\n" + "\n".join(f"  {k:14} {_short(v)}" for k, v in found.tokenizer.items()))
    if found.metadata:
        width = max(len(key) for key in found.metadata)
        lines = [f"  {key:{width}}  {_short(value)}" for key, value in found.metadata.items()]
        parts.append("metadata\n" + "\n".join(lines))
    if tensors:
        rows = [
            (t["name"], t["type"], "x".join(map(str, t["shape"])), size_text(t["bytes"]))
            for t in found.tensors
        ]
        parts.append(table(("tensor", "type", "shape", "bytes"), rows, left=2))
    return "\n\n".join(parts)


def _short(value: object) -> str:
    if isinstance(value, dict) and "length" in value:
        return f"[{value['length']} values: {', '.join(map(repr, value['first']))}, …]"
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "…"
