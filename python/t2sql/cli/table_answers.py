"""How `t2sql ask` answers over tables that were given on the command line."""

from __future__ import annotations

from contextlib import closing

from t2sql import generate, schema
from t2sql.cli.ask_arguments import AskArguments
from t2sql.cli.database_answers import print_doubts
from t2sql.cli.output import Output


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
    given = None if tables.ddl is None else schema.read_ddl_file(tables.ddl)
    subject = generate.Subject.of(arguments.question, tables.lines, given, tables.prompt)
    with closing(generate.open_backend(arguments.model, arguments.backend, arguments.opening)) as backend:
        answer = subject.ask(generate.Asker(backend, arguments.options), evidence=arguments.evidence)
    out.result(answer.to_json(), answer.sql)
    for line in answer.timings.lines():
        out.note(line)
    print_doubts(out, answer)
    for warning in answer.warnings:
        out.warn(warning)
