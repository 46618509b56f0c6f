"""The options that `convert` and `quantize` share, declared once, and the value that they become."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql import gguf
from t2sql.cli.options import Force, Group, Threads

OUTPUT = Group(
    "output",
    {
        "pure": Annotated[
            bool | None, typer.Option("--pure", help="Every matrix in this type, the embedding as well.")
        ],
        "output_type": Annotated[
            str | None,
            typer.Option(
                "--output-type", help="Type of the output matrix instead of the rule's.", show_default=False
            ),
        ],
        "embedding_type": Annotated[
            str | None,
            typer.Option(
                "--embedding-type",
                help="Type of the token embedding instead of the rule's.",
                show_default=False,
            ),
        ],
        "tensor_type": Annotated[
            list[str] | None,
            typer.Option(
                "--tensor-type",
                metavar="REGEX=TYPE",
                help="Type of the matrices whose names match; may be given again, the first match counts.",
                show_default=False,
            ),
        ],
        "imatrix": Annotated[
            Path | None,
            typer.Option(
                "--imatrix",
                metavar="FILE",
                help="Importance matrix of llama-imatrix: columns that matter more get smaller errors.",
                show_default=False,
            ),
        ],
        "rounding": Annotated[
            str | None,
            typer.Option(
                "--rounding",
                help="reference, or fitted: scales with smaller errors, in the same formats.",
                show_default=False,
            ),
        ],
        "max_shard_size": Annotated[
            str | None,
            typer.Option(
                "--max-shard-size",
                metavar="SIZE",
                help="Split the output into files of at most this much tensor data, such as 2G or 500M.",
                show_default=False,
            ),
        ],
        "threads": Threads,
        "force": Force,
    },
)


def output_keywords(given: Mapping[str, Any]) -> gguf.OutputKeywords:
    """The keywords of `gguf.convert` and `gguf.quantize` for the options of `OUTPUT` that were given.

    Raises:
        InputError: A --tensor-type is not REGEX=TYPE.
    """
    keywords: gguf.OutputKeywords = {
        "pure": bool(given.get("pure", False)),
        "output_type": given.get("output_type"),
        "embedding_type": given.get("embedding_type"),
        "tensor_types": gguf.parse_overrides(given.get("tensor_type") or []),
        "imatrix": given.get("imatrix"),
        "rounding": given.get("rounding") or "reference",
        "max_shard_size": given.get("max_shard_size"),
        "threads": given.get("threads"),
        "force": bool(given.get("force", False)),
    }
    return keywords
