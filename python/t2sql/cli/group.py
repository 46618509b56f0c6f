"""The table of commands. A command's module is imported when the command is used, not to list it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

HELP = "Teach a language model to write SQL for your tables, and get a file that runs anywhere."
EPILOG = "Start with: t2sql run"


@dataclass(frozen=True)
class Entry:
    help: str
    module: str


COMMANDS = {
    "run": Entry("The whole chain, from data to report; without arguments, the demo.", "run"),
    "data": Entry("Make a dataset: the demo's, WikiSQL's, from your database or your files.", "data"),
    "train": Entry("Train a LoRA adapter.", "train"),
    "test": Entry("Loss, perplexity and right answers of each checkpoint.", "test"),
    "fuse": Entry("Fuse an adapter into its model.", "fuse"),
    "convert": Entry("Write a GGUF file from a model directory.", "convert"),
    "quantize": Entry("Write a quantized GGUF file from another GGUF file.", "quantize"),
    "import": Entry("Turn a GGUF file back into a model directory.", "import_"),
    "inspect": Entry("What is in a model file: tensors, types, sizes, metadata.", "inspect"),
    "verify": Entry("Prove that a GGUF file is the same model as its directory.", "verify"),
    "ask": Entry("Ask a model for the SQL of a question.", "ask"),
    "serve": Entry("Answer questions over HTTP.", "serve"),
    "compare": Entry("Compare model files: size, speed and accuracy.", "compare"),
    "score": Entry("Score answers that are in files already.", "score"),
    "report": Entry("Rebuild the report of a run.", "report"),
    "runs": Entry("List, show or remove runs.", "runs"),
    "tui": Entry("Open the app.", "tui"),
    "doctor": Entry("What is installed, what is fast, and what mends the rest.", "doctor"),
}


class LazyGroup(TyperGroup):
    """Lists the commands from the table above and imports one when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = load(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"no such command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def load(name: str) -> Any:
    """Import a command's module and build the command."""
    module = import_module(f"t2sql.cli.commands.{COMMANDS[name].module}")
    app = getattr(module, "app", None)
    if app is None:
        app = new_app()
        app.command(name, epilog=epilog(module.EXAMPLE), help=module.command.__doc__)(module.command)
    command = typer.main.get_command(app)
    command.name = name
    return command


def new_app(**options: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)


def epilog(example: str) -> str:
    """An example as the end of a help page; the mark keeps its lines apart."""
    lines = "\n".join(f"  {line}" for line in example.strip().splitlines())
    return f"\b\nExample:\n{lines}"


def group() -> Any:
    """The root command."""
    app = typer.Typer(
        cls=LazyGroup,
        help=HELP,
        epilog=EPILOG,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback(invoke_without_command=True)(_root)
    return typer.main.get_command(app)


def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from importlib import metadata

        print(f"t2sql {metadata.version('t2sql')}")
    elif ctx.invoked_subcommand is None:
        print(ctx.get_help())
