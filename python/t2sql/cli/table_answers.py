"""How `t2sql ask` answers over tables that were given on the command line."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from t2sql import generate, schema
from t2sql.cli.ask_arguments import AskArguments
from t2sql.cli.database_answers import print_doubts
from t2sql.cli.output import Output
from t2sql.errors import InputError


def answer_from_tables(out: Output, arguments: AskArguments) -> None:
    """Answer a question, or a raw prompt, and print the statement and the clock.

    Args:
        out: Where to print.
        arguments: The command line; `database` is None.

    Raises:
        InputError: The arguments are wrong, or the model cannot be opened.
        WorkError: The model failed.
    """
    tables = arguments.tables
    given = None if tables.ddl is None else schema.read_ddl(_read(tables.ddl), where=tables.ddl)
    subject = generate.Subject.of(arguments.question, tables.lines, given, tables.prompt)
    with closing(generate.open_backend(arguments.model, arguments.backend, arguments.opening)) as backend:
        answer = subject.ask(generate.Asker(backend, arguments.options))
    out.result(answer.to_json(), answer.sql)
    for line in answer.timings.lines():
        out.note(line)
    print_doubts(out, answer)
    for warning in answer.warnings:
        out.warn(warning)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the schema file cannot be read", where=path, found=error) from None
