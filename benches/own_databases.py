"""Whether tuning on a database's generated questions helps with the questions that people ask about it.

    python benches/own_databases.py SPIDER --out own --start-from runs/demo --minutes 10

SPIDER is a folder in Spider's layout whose development questions people wrote. For each of its databases,
`t2sql run --data URL` tunes a model, which sees none of these questions; then the model that it started from
and the tuned one answer them. Runs that are there are gone on with, so that the command may be given again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from t2sql import data, evaluate, models, runs
from t2sql.data import Dataset
from t2sql.prompt import PromptFormat


@dataclass(frozen=True)
class Outcome:
    """The questions to one database, before and after.

    Attributes:
        name: The database.
        n: Questions.
        before: Right answers of the model that the run started from.
        broken: Questions that only that one answered rightly.
        fixed: Questions that only the tuned model answered rightly.
    """

    name: str
    n: int
    before: int
    broken: int
    fixed: int

    def line(self) -> str:
        """A row of the table."""
        after = self.before + self.fixed - self.broken
        low, high = evaluate.paired_interval(self.before - self.broken, self.broken, self.fixed, self.n)
        points = 100 * (self.fixed - self.broken) / self.n
        interval = f"{100 * low:+.1f} to {100 * high:+.1f}"
        return (
            f"| {self.name} | {self.n} | {self.before} | {after} | {self.broken} | {self.fixed} "
            f"| {points:+.1f} | {interval} |"
        )


def main() -> None:
    """Tune on each database, ask, and print a table with a pooled row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("spider", type=Path, help="a folder in Spider's layout")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--start-from", help="a tuned model; by default the demo's base")
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes of each run")
    parser.add_argument("--only", help="databases, by comma")
    arguments = parser.parse_args()
    people = _people(arguments.spider, arguments.out / "people")
    names = sorted({Path(example.db).stem for example in people.test if example.db is not None})
    if arguments.only:
        names = [name for name in names if name in arguments.only.split(",")]
    outcomes = []
    for name in names:
        path = arguments.out / name
        source = arguments.spider / "database" / name / f"{name}.sqlite"
        _run(path, source, arguments.start_from, arguments.minutes)
        outcomes.append(_outcome(path, people, name))
        print(outcomes[-1].line(), file=sys.stderr, flush=True)
    print("| database | n | before | after | broken | fixed | points | 95% |")
    print("|---|--:|--:|--:|--:|--:|--:|---|")
    for outcome in (*outcomes, _pooled(outcomes)):
        print(outcome.line())


def _people(spider: Path, out: Path) -> Dataset:
    if not out.exists():
        data.prepare(str(spider), out)
    return data.load(out, split="test")


def _run(path: Path, source: Path, start: str | None, minutes: float) -> None:
    command = [
        sys.executable,
        "-m",
        "t2sql",
        "run",
        "--data",
        f"sqlite:///{source.resolve()}",
        "--out",
        str(path),
    ]
    command += ["--types", "q8_0", "--minutes", str(minutes), "--without-remembered"]
    command += [] if start is None else ["--start-from", start]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _outcome(path: Path, people: Dataset, name: str) -> Outcome:
    asked = [example for example in people.test if example.db is not None and Path(example.db).stem == name]
    layout = runs.RunLayout(path)
    base = models.resolve(layout.base_file)
    formats = None if runs.open_run(path).config.get("start_from") is None else _format(layout.base_file)
    compared = evaluate.compare(
        [models.resolve(layout.model_file("q8_0"))],
        Dataset(people.path, {"test": asked}, people.prompt_format),
        evaluate.CompareOptions(backends=("llama",), base_prompt_format=formats),
        base=base,
    ).result
    (path.parent / f"{name}.json").write_text(json.dumps(compared.to_json(), indent=1), encoding="utf-8")
    before = next(row for row in compared.rows if row.base)
    pair = compared.pairs[0]
    return Outcome(name, pair.n, before.correct, len(pair.broken), len(pair.fixed))


def _format(file: Path) -> PromptFormat | None:
    return PromptFormat.known(models.gguf_facts(file).prompt_format)


def _pooled(outcomes: Iterable[Outcome]) -> Outcome:
    rows = [(one.n, one.before, one.broken, one.fixed) for one in outcomes]
    return Outcome("all", *(sum(column) for column in zip(*rows, strict=True)))


if __name__ == "__main__":
    main()
