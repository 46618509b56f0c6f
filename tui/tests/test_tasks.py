"""Twenty tasks of a day with the app, and their keys: at commit cddfa33, and as they are meant to become.

A text that is typed counts as one key and is written in brackets, such as `<question>`. Where nothing else is
named, a question was asked in the screen for questions, its rows are shown, and nothing was pressed since.
Keys at cddfa33 are None where no keys led there.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What a person wants.

    Attributes:
        name: The task, with the screen that it begins on where that is another.
        before: The keys at cddfa33, with blanks between them; None where there was no way.
        planned: The keys that the screens are to take; not all of them do yet.
    """

    name: str
    before: str | None
    planned: str


TASKS = (
    Task(
        "runs: ask the model of the run under the cursor, see its rows",
        "a <question> enter ctrl+r",
        "a <question> enter",
    ),
    Task(
        "ask a second question, see its rows",
        "shift+tab shift+tab shift+tab <question> enter ctrl+r",
        "escape <question> enter",
    ),
    Task(
        "add a word to the question, ask again",
        "shift+tab shift+tab shift+tab end <word> enter ctrl+r",
        "escape end <word> enter",
    ),
    Task("run edited SQL", "shift+tab <sql> ctrl+r", "shift+tab <sql> ctrl+r"),
    Task(
        "sort by the second column, copy its top cell",
        "shift+tab ctrl+end <order> ctrl+r right y",
        "2 y",
    ),
    Task("copy a row", "Y", "Y"),
    Task("see the whole of a long cell", None, "enter"),
    Task("run a question of the history again", "ctrl+o <words> enter ctrl+r", "ctrl+o <words> enter"),
    Task(
        "compare the rows of two models",
        "ctrl+n <model> enter enter ctrl+r shift+tab ctrl+r",
        "ctrl+n <model> enter",
    ),
    Task(
        "ask the same of the database before this one",
        "shift+tab shift+tab shift+tab shift+tab <database> enter enter ctrl+r",
        "f4 enter enter",
    ),
    Task("run: stop it, resume it, watch on", "escape x y r enter", "x y r"),
    Task("run: open its report", None, "p"),
    Task(
        "runs: choose the best file and ask it",
        "c escape a shift+tab shift+tab shift+tab <file> enter <question> enter ctrl+r",
        "c a <question> enter",
    ),
    Task("correct an answer, so that it is remembered", None, "shift+tab <sql> f3"),
    Task("runs: filter them and open the first", "/ <words> enter enter", "/ <words> enter"),
    Task("runs: start a run of the demo", "n <name> enter", "n enter"),
    Task("export the rows", "ctrl+s <file> enter", "ctrl+s enter"),
    Task("runs: questions on which the best two files differ", "c f space down space d", "c d"),
    Task("runs: see the memory of a training", "enter m m m", "enter 4"),
    Task(
        "leave a half-written question, look at the run, finish it and see its rows",
        "escape enter escape a <question> enter ctrl+r",
        "escape enter a <rest> enter",
    ),
)


def test_half_of_the_tasks_are_to_take_two_fifths_fewer_keys_and_none_takes_more() -> None:
    assert len({task.name for task in TASKS}) == 20
    counts = [
        (len(task.before.split()), len(task.planned.split())) for task in TASKS if task.before is not None
    ]
    assert all(planned <= before for before, planned in counts)
    assert statistics.median(1 - planned / before for before, planned in counts) >= 0.4
