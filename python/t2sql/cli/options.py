"""Options that several commands share, each written once, and how a command gets its settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from t2sql.cli.config_file import read_config_file
from t2sql.cli.output import Output

Seed = Annotated[int, typer.Option(help="Seed of everything that is random.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads; by default one a core.", show_default=False)
]
MaxTokens = Annotated[int, typer.Option("--max-tokens", help="The most tokens of an answer.")]
BackendName = Annotated[
    str,
    typer.Option(
        "--backend",
        help="Runtime: auto (llama for a GGUF file, mlx otherwise), llama, mlx, or openai:URL for a server.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Use at most this many examples, drawn by seed.", show_default=False),
]
Pure = Annotated[bool, typer.Option("--pure", help="Every matrix in this type, the embedding as well.")]
OutputType = Annotated[
    str | None,
    typer.Option(
        "--output-type", help="Type of the output matrix instead of the rule's.", show_default=False
    ),
]
EmbeddingType = Annotated[
    str | None,
    typer.Option(
        "--embedding-type", help="Type of the token embedding instead of the rule's.", show_default=False
    ),
]
TensorTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--tensor-type",
        metavar="REGEX=TYPE",
        help="Type of the matrices whose names match; may be given again, the first match counts.",
        show_default=False,
    ),
]
MaxShardSize = Annotated[
    str | None,
    typer.Option(
        "--max-shard-size",
        metavar="SIZE",
        help="Split the output into files of at most this much tensor data, such as 2G or 500M.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Group:
    """Options that go to a command together, as one dict of those that were given."""

    argument: str
    options: dict[str, Any]


def _config_callback(ctx: typer.Context, value: Path | None) -> Path | None:
    if value is not None:
        ctx.default_map = {**read_config_file(value, ctx.command), **(ctx.default_map or {})}
    return value


_COMMON: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config",
            is_eager=True,
            callback=_config_callback,
            metavar="FILE",
            help="TOML file with these options by name; a flag beats it.",
            show_default=False,
        ),
    ],
    "json": Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")],
}


def shared(*groups: Group) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a command: its first parameter becomes an `Output`; shared options are added."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        hints = get_type_hints(function, include_extras=True)
        own = inspect.signature(function).parameters
        grouped = {group.argument for group in groups}
        shown = [
            p.replace(annotation=hints[name]) for name, p in own.items() if name not in ("out", *grouped)
        ]
        shared = {name: hint for group in groups for name, hint in group.options.items()}
        for name, hint in (shared | _COMMON).items():
            default = False if name in ("json", "debug") else None
            kind = inspect.Parameter.KEYWORD_ONLY
            shown.append(inspect.Parameter(name, kind, default=default, annotation=hint))

        @functools.wraps(function)
        def wrapper(**values: Any) -> Any:
            out = Output(json=values.pop("json"))
            values.pop("debug")
            values.pop("config")
            for group in groups:
                given = {name: values.pop(name) for name in group.options}
                values[group.argument] = {n: v for n, v in given.items() if v is not None}
            return function(out, **values)

        # Typer reads these; the wrapped function's own would hide the shared options.
        del wrapper.__dict__["__wrapped__"]
        # Typer wants what has no default before what has one.
        shown = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in shown]
        wrapper.__dict__["__signature__"] = inspect.Signature(shown)
        wrapper.__annotations__ = {p.name: p.annotation for p in shown}
        return wrapper

    return decorate
