"""Options that several commands share, each written once, and how a command gets its settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_type_hints

import typer

from t2sql.bounds import MAX_SLOTS, max_threads
from t2sql.cli.config_file import read_config_file
from t2sql.cli.output import Output

Seed = Annotated[int, typer.Option(help="Seed of everything that is random.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
Threads = Annotated[
    int | None,
    typer.Option(min=1, max=max_threads(), help="Threads; by default one a core.", show_default=False),
]
AskedModel = Annotated[
    str,
    typer.Argument(
        help="A GGUF file, BASE.gguf+ADAPTER.gguf, a directory, a hub id, or demo.", metavar="MODEL"
    ),
]
Slots = Annotated[int, typer.Option("--slots", min=1, max=MAX_SLOTS, help="Answers computed at once.")]
StatementSeconds = Annotated[
    float, typer.Option("--timeout", min=0.001, help="Seconds a statement may run on the database.")
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
StartFrom = Annotated[
    str | None,
    typer.Option(
        "--start-from",
        help="A tuned model to go on from: a run, its fused directory, or a GGUF file.",
        metavar="RUN|FILE",
        show_default=False,
    ),
]
WithRemembered = Annotated[
    bool | None,
    typer.Option(
        "--with-remembered/--without-remembered",
        help="For a database: train on the answers that t2sql remember kept.",
        show_default="with them",
    ),
]


@dataclass(frozen=True)
class Group:
    """Options that reach a command together, as a dict of those that were given.

    Attributes:
        argument: The command's parameter that takes the dict.
        options: The annotation of each option, as Typer reads it, by the option's name.
    """

    argument: str
    options: Mapping[str, object]


Command: TypeAlias = Callable[..., int | None]
"""A function that Typer runs; it returns the exit code, or None for 0."""


def shared(*groups: Group) -> Callable[[Command], Command]:
    """Make a function a command.

    Its parameter `out` becomes an `Output`; every command also gets --config, --json and --debug.

    Args:
        *groups: Options that the function takes together.
    """

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def wrapper(**values: Any) -> int | None:
            out = Output(json=values.pop("json"))
            values.pop("debug")
            values.pop("config")
            for group in groups:
                chosen = {name: values.pop(name) for name in group.options}
                values[group.argument] = {name: value for name, value in chosen.items() if value is not None}
            return function(out, **values)

        # Typer reads these; the wrapped function's own would hide the shared options.
        del wrapper.__dict__["__wrapped__"]
        parameters = _parameters(function, groups)
        wrapper.__dict__["__signature__"] = inspect.Signature(parameters)
        wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapper

    return decorate


def _parameters(function: Command, groups: Sequence[Group]) -> list[inspect.Parameter]:
    """The function's own options, those of its groups, and those of every command."""
    hints = get_type_hints(function, include_extras=True)
    hidden = {"out", *(group.argument for group in groups)}
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in hidden
    ]
    grouped = [
        _option(name, annotation, None) for group in groups for name, annotation in group.options.items()
    ]
    return [*own, *grouped, *_COMMON]


def _option(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _read_config(ctx: typer.Context, value: Path | None) -> Path | None:
    """Take the options' defaults from the file; eager, so that it is read before any other option."""
    if value is not None:
        ctx.default_map = {**read_config_file(value, ctx.command), **(ctx.default_map or {})}
    return value


_COMMON = (
    _option(
        "config",
        Annotated[
            Path | None,
            typer.Option(
                "--config",
                is_eager=True,
                callback=_read_config,
                metavar="FILE",
                help="TOML file with these options by name; a flag beats it.",
                show_default=False,
            ),
        ],
        None,
    ),
    _option(
        "json", Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")], False
    ),
    _option("debug", Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")], False),
)
