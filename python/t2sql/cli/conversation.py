"""How `t2sql ask --interactive` goes on: question after question, and what the user says of an answer."""

from __future__ import annotations

from t2sql import generate, live, remembered
from t2sql.cli.ask_arguments import AskArguments
from t2sql.cli.database_answers import opened, print_answer
from t2sql.cli.output import Output
from t2sql.cli.question_lines import question_lines
from t2sql.errors import InputError, T2sqlError
from t2sql.text import one_line

_HELP = (
    "A question a line; \\right remembers the last answer, \\correct SQL another one in its place, "
    "\\forget none; \\d lists the tables, Ctrl-D ends."
)
_COMMANDS = ("\\d", "\\right", "\\correct", "\\forget")


def converse(out: Output, arguments: AskArguments) -> None:
    """Answer the questions of stdin; an error or Ctrl-C ends that one only.

    Args:
        out: Where the answers are printed.
        arguments: The command line; `database` is given.

    Raises:
        InputError: The arguments are wrong, or the model or the database cannot be opened.
        WorkError: The model failed, or the database went away.
    """
    if out.json:
        raise InputError("--json is one document", hint="Leave out --interactive")
    with opened(arguments) as (database, asker):
        Conversation(out, asker, database, arguments).hold()


class Conversation:
    """Questions about one database, each line a question or a command about the last one."""

    def __init__(
        self, out: Output, asker: generate.Asker, database: live.LiveDatabase, arguments: AskArguments
    ) -> None:
        """Begin, with no question asked."""
        self._out, self._asker, self._database = out, asker, database
        self._rows, self._evidence = arguments.rows, arguments.evidence
        self._store = remembered.RememberedStore(database.url)
        self._last: tuple[str, live.LiveAnswer] | None = None

    def hold(self) -> None:
        """Do what each line of stdin says; an error or Ctrl-C ends that one only."""
        self._out.note(_HELP)
        for line in question_lines():
            try:
                self.line(line.strip())
            except T2sqlError as error:
                self._out.note(f"error: {error}")
            except KeyboardInterrupt:
                self._out.note("interrupted")

    def line(self, line: str) -> None:
        """Answer a question, or do what a command says.

        Raises:
            InputError: There is no such command, or a statement may not run.
            WorkError: The model failed, or the database went away.
        """
        if not line:
            return
        if not line.startswith("\\"):
            # An answer that fails leaves none to be remembered for the question before.
            self._last = None
            answer = print_answer(
                self._out, self._asker, self._database, line, self._rows, self._evidence, self._store
            )
            self._last = line, answer
            return
        command, _, rest = line.partition(" ")
        if command not in _COMMANDS:
            raise InputError("no such command", expected=", ".join(_COMMANDS), found=command)
        if command == "\\d":
            for item in self._database.schema().tables:
                self._out.line(one_line(f"{item.name}: {', '.join(item.column_names)}"))
        elif self._last is None:
            raise InputError("there is no answer yet", expected=f"a question before {command}")
        elif command == "\\forget":
            count = self._store.forget(self._last[0])
            self._out.note("forgotten" if count else "nothing was remembered for this question")
        else:
            self._remember(*self._last, rest if command == "\\correct" else None)

    def _remember(self, question: str, answer: live.LiveAnswer, correction: str | None) -> None:
        if correction is None and answer.remembered is not None:
            self._out.note(f"remembered already, in {self._store.path}")
            return
        sql = answer.answer.sql if correction is None else correction
        live.remember(
            self._database, self._store, question, sql, "right" if correction is None else "corrected"
        )
        self._out.note(f"remembered, in {self._store.path}")
