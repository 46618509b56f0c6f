"""Every command and option is documented, and every example names what exists."""

from __future__ import annotations

import ast
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import t2sql
from t2sql.cli import run
from t2sql.cli.group import COMMANDS, load

ISSUED = [
    *("run", "data", "train", "test", "fuse", "export-adapter", "convert"),
    *("quantize", "import", "inspect", "verify"),
    *(
        "perplexity",
        "imatrix",
        "ask",
        "remember",
        "serve",
        "mcp",
        "compare",
        "score",
        "report",
        "runs",
        "tui",
        "doctor",
    ),
]


def every_command() -> dict[str, Any]:
    found = {}
    for name in COMMANDS:
        command = load(name)
        inner = getattr(command, "commands", None)
        found |= {f"{name} {sub}": c for sub, c in inner.items()} if inner else {name: command}
    return found


EVERY = every_command()


def help_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run([*name.split(), "--help"]) == 0
    return capsys.readouterr().out


def test_the_table_has_every_command() -> None:
    assert list(COMMANDS) == ISSUED


@pytest.mark.parametrize("name", EVERY)
def test_command_and_options_have_help(name: str) -> None:
    command = EVERY[name]
    assert command.help and len(command.help) > 20
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"
        assert parameter.help.endswith((".", "?")), f"{name}: {parameter.name}: {parameter.help}"


@pytest.mark.parametrize("name", EVERY)
def test_every_command_takes_json_debug_and_config(name: str) -> None:
    assert {"json", "debug", "config"} <= {parameter.name for parameter in EVERY[name].params}


@pytest.mark.parametrize("name", EVERY)
def test_help_has_an_example_of_options_that_exist(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(name, capsys)
    examples = [line.strip() for line in text.partition("Example:")[2].splitlines() if line.strip()]
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert words[0] == "t2sql"
        path = " ".join(words[1 : 1 + len(name.split())])
        assert path == name, example
        flags = {
            flag for parameter in EVERY[name].params for flag in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in words if word.startswith("--")} <= flags, example


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("tui", "doctor")])
def test_examples_parse(name: str) -> None:
    for example in EVERY[name].epilog.partition("Example:")[2].strip().splitlines():
        words = shlex.split(example)[1 + len(name.split()) :]
        EVERY[name].make_context(name, words)


def test_root_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of("", capsys)
    for name, entry in COMMANDS.items():
        assert f"  {name} " in text and entry.help in " ".join(text.split())


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("t2sql 0.")


HEAVY = ("httpx2", "jinja2", "mlx", "mlx_lm", "numpy", "rich", "sqlglot", "transformers", "xllamacpp")


def imported_by(code: str, names: tuple[str, ...]) -> list[str]:
    """Which of these modules a program has imported at its end."""
    program = f"import sys; {code}; print([m for m in {names!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return list(ast.literal_eval(done.stderr))


def test_listing_commands_imports_none_of_them() -> None:
    commands = tuple(f"t2sql.cli.commands.{entry.module}" for entry in COMMANDS.values())
    rooms = ("t2sql.data", "t2sql.evaluate", "t2sql.pipeline", "t2sql.runs")
    assert imported_by("from t2sql.cli import run; run(['--help'])", (*HEAVY, *commands, *rooms)) == []


@pytest.mark.parametrize("name", EVERY)
def test_help_of_a_command_needs_no_model_and_no_arrays(name: str) -> None:
    code = f"from t2sql.cli import run; run({[*name.split(), '--help']!r})"
    assert imported_by(code, ("mlx", "mlx_lm", "numpy", "sqlglot", "transformers", "xllamacpp")) == []


def test_importing_the_package_imports_neither_its_rooms_nor_its_extension() -> None:
    assert imported_by("import t2sql", (*HEAVY, "typer", "t2sql._core", "t2sql.gguf", "t2sql.models")) == []


def test_nothing_in_the_package_imports_the_command_line() -> None:
    root = Path(str(t2sql.__file__)).parent
    for path in root.rglob("*.py"):
        if path.parent.name not in ("cli", "commands") and path.name != "__main__.py":
            assert "t2sql.cli" not in path.read_text(encoding="utf-8"), path
