"""The table of commands, and how one is run. A command's module is imported when the command is used."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, Any, TypeAlias

import typer
from typer.core import TyperGroup

import t2sql

Click: TypeAlias = Any
"""An object of Click: the package's, or that of the copy inside newer versions of Typer, which is private."""

HELP = "Teach a language model to write SQL for your tables, and get a file that runs anywhere."
EPILOG = "Start with: t2sql run"


@dataclass(frozen=True)
class Entry:
    """A line of the table of commands.

    Attributes:
        help: What the command does, for the list of commands.
        module: Its module in `t2sql.cli.commands`.
    """

    help: str
    module: str


COMMANDS = {
    "run": Entry("The whole chain, from data to report; without arguments, the demo.", "run"),
    "data": Entry("Make a dataset: the demo's, WikiSQL's, from your database or your files.", "data"),
    "train": Entry("Train a LoRA adapter.", "train"),
    "test": Entry("Loss, perplexity and right answers of each checkpoint.", "test"),
    "fuse": Entry("Fuse an adapter into its model.", "fuse"),
    "export-adapter": Entry("Write an adapter in the format of PEFT, mlx-lm or llama.cpp.", "export_adapter"),
    "convert": Entry("Write a GGUF file from a model directory.", "convert"),
    "quantize": Entry("Write a quantized GGUF file from another GGUF file.", "quantize"),
    "import": Entry("Turn a GGUF file back into a model directory.", "import_"),
    "inspect": Entry("What is in a model file: tensors, types, sizes, metadata.", "inspect"),
    "verify": Entry("Prove that a GGUF file is the same model as its directory.", "verify"),
    "perplexity": Entry("Perplexity of a file on a text, and its KL divergence from another.", "perplexity"),
    "imatrix": Entry("Importance matrix of a model on your texts, for quantizing.", "imatrix"),
    "ask": Entry("Ask a model for the SQL of a question.", "ask"),
    "remember": Entry("Keep the right answer to a question about your database.", "remember"),
    "serve": Entry("Answer questions over HTTP.", "serve"),
    "mcp": Entry("Answer the questions of an agent over MCP.", "mcp"),
    "compare": Entry("Compare model files: size, speed and accuracy.", "compare"),
    "score": Entry("Score answers that are in files already.", "score"),
    "report": Entry("Rebuild the report of a run.", "report"),
    "runs": Entry("List, show or remove runs.", "runs"),
    "tui": Entry("Open the app.", "tui"),
    "doctor": Entry("What is installed, what is fast, and what to install for the rest.", "doctor"),
}


class LazyGroup(TyperGroup):
    """Lists the commands from the table above and imports one when it is asked for."""

    def list_commands(self, ctx: Click) -> list[str]:
        """The commands' names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Click, cmd_name: str) -> Click:
        """Import a command; None when there is none of this name."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = load(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Click, args: list[str]) -> Click:
        """Find the command that the arguments begin with; the error for an unknown one names the nearest."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"no such command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Click, formatter: Click) -> None:
        """Write the list of commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def load(name: str) -> Click:
    """Import a command's module and build Click's command of it.

    Args:
        name: A key of `COMMANDS`. Its module has a function `command` and an `EXAMPLE`, or an `app`.
    """
    module = import_module(f"t2sql.cli.commands.{COMMANDS[name].module}")
    app = getattr(module, "app", None)
    if app is None:
        app = new_app()
        app.command(name, epilog=epilog(module.EXAMPLE), help=module.command.__doc__)(module.command)
    command = typer.main.get_command(app)
    command.name = name
    return command


def new_app(**options: Any) -> typer.Typer:
    """A Typer application with this command line's settings.

    Args:
        **options: More of Typer's own settings.
    """
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)


def epilog(example: str) -> str:
    """An example as the end of a help page; the mark keeps Click from joining its lines."""
    lines = "\n".join(f"  {line}" for line in example.strip().splitlines())
    return f"\b\nExample:\n{lines}"


def run_command(arguments: list[str]) -> int:
    """Run a command line.

    Args:
        arguments: The arguments without the program's name.

    Returns:
        The exit code of a command line that ended without an exception.
    """
    root = root_command()
    if "_T2SQL_COMPLETE" in os.environ:
        root.main(arguments, prog_name="t2sql", complete_var="_T2SQL_COMPLETE")
    try:
        with root.make_context("t2sql", arguments) as context:
            code = root.invoke(context)
    except typer.Exit as stop:
        # How --help, --version and a missing command end.
        code = stop.exit_code
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def root_command() -> Click:
    """The command `t2sql` with all commands below it."""
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
        print(f"t2sql {t2sql.__version__}")
    elif ctx.invoked_subcommand is None:
        print(ctx.get_help())
