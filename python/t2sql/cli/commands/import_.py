"""`t2sql import`: a GGUF back to a Hugging Face directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import gguf
from t2sql.cli.options import Force, shared
from t2sql.cli.output import Output, size_text

EXAMPLE = "t2sql import model.q8_0.gguf model/"


@shared()
def command(
    out: Output,
    source: Annotated[Path, typer.Argument(help="A GGUF file of a known family.", metavar="IN.gguf")],
    target: Annotated[Path, typer.Argument(help="Directory to write.", metavar="DIR")],
    force: Force = False,
) -> None:
    """Turn a GGUF file back into a Hugging Face model directory; quantized tensors become float32."""
    with out.progress("import") as progress:
        path = gguf.import_gguf(source, target, force=force, progress=progress)
    files = sorted(file for file in path.iterdir() if file.is_file())
    sizes = {file.name: file.stat().st_size for file in files}
    total = sum(sizes.values())
    document = {"source": source, "path": path, "files": sizes, "bytes": total}
    out.result(document, f"{path}  {size_text(total)}")
