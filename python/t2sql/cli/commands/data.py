"""`t2sql data`: a dataset directory from a source."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from t2sql import data, grammar, teaching
from t2sql.cli.options import Force, Limit, Seed, WithRemembered, shared
from t2sql.cli.output import Output, table
from t2sql.errors import InputError
from t2sql.prompt import PromptFormat

EXAMPLE = """
t2sql data demo --out data/demo
t2sql data sqlite:///shop.db --out data/shop --examples 5000
t2sql data sqlite:///shop.db --out data/shop --teacher openai:http://127.0.0.1:8080 --paraphrases 500
t2sql data wikisql --out data/wikisql --style tutorial --limit 1000
t2sql data my-examples/ --out data/mine
"""


def _print_recipe(value: bool) -> None:
    if value:
        print(data.default_recipe_text(), end="")
        raise typer.Exit


@shared()
def command(
    out: Output,
    source: Annotated[str, typer.Argument(help="Where examples come from; see above.", metavar="SRC")],
    target: Annotated[Path, typer.Option("--out", help="Directory to write.")],
    seed: Seed = 0,
    limit: Limit = None,
    force: Force = False,
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            help="sql, which runs, from wikisql or the tutorial's lines; tutorial, its text.",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            "--examples",
            help="For a database: how many to make, in all. For demo: a test split alone, of so many "
            "questions over tables that the demo does not have.",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe", help="For a database: what to make, as TOML.", metavar="FILE", show_default=False
        ),
    ] = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="For a database: take values of columns that look private as well."),
    ] = False,
    with_remembered: WithRemembered = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            help="The prompts' format: 1, or 2 with parts such as 2+types+keys.",
            metavar="FORMAT",
            show_default="that of the source, else 1",
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher",
            help="A larger model that asks the training questions again in other words; see below.",
            metavar="MODEL|openai:URL",
            show_default=False,
        ),
    ] = None,
    paraphrases: Annotated[
        int | None,
        typer.Option(
            "--paraphrases",
            min=1,
            help="With --teacher: the most questions that it is given.",
            show_default="all of train",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="For files: a line that cannot be read is an error, not left out."),
    ] = False,
    print_recipe: Annotated[
        bool,
        typer.Option(
            "--print-recipe",
            help="Print the recipe that is used without --recipe.",
            is_eager=True,
            callback=_print_recipe,
        ),
    ] = False,
) -> None:
    """Make a dataset: train, valid and test as JSONL, and the databases that the SQL runs on.

    \b
    SRC is one of
      demo                 generated tables and questions, always the same
      wikisql              the official archive, downloaded and checked; wikisql:PATH reads one that is there
      sqlite:///shop.db    questions about a database of yours; any URL that SQLAlchemy reads
      shop.sql             the same from CREATE TABLE statements or a dump, with made-up rows
      my-examples/         train, valid and test as files of examples, or Spider's or BIRD's layout
      examples.jsonl       one file of examples (.jsonl, .json, .csv, .tsv, .parquet), which is split

    A line of JSON may be {"text": …} as in the tutorial, {"prompt": …, "completion": …}, {"messages": […]},
    {"question": …, "context": "CREATE TABLE …", "answer": …}, or {"instruction": …, "output": …}. Lines that
    cannot be read are left out and counted.

    The parts of --prompt are types, keys, values (of the database, that words of the question mean), samples
    (a few values of each column), comments and evidence. A model is always asked in the format of its data.

    --teacher is a model of yours, or a server with OpenAI's API (openai:https://HOST#MODEL). A paraphrase is
    kept only where the teacher's own answer to it returns the same rows. It sees tables, questions, and a few
    values of columns that do not look private.
    """
    if paraphrases is not None and teacher is None:
        raise InputError("--paraphrases is for --teacher", expected="--teacher MODEL or openai:URL")
    with ExitStack() as stack:
        progress = stack.enter_context(out.progress("data"))
        taught = None
        if teacher is not None:
            backend = stack.enter_context(closing(teaching.open_teacher(teacher)))
            taught = teaching.Teacher(backend, paraphrases, seed, progress)
        dataset = data.prepare(
            data.DataSource(
                source,
                style,
                recipe,
                examples,
                private or None,
                strict or None,
                with_remembered,
                None if prompt is None else PromptFormat.of(prompt),
                None if taught is None else taught.extend,
            ),
            target,
            seed=seed,
            limit=limit,
            force=force,
            progress=progress,
            warn=out.warn,
        )
    coverage = _grammar_coverage(dataset)
    data.note_grammar(target, coverage.to_json())
    document = {
        "path": target,
        "source": data.masked_source(source),
        "counts": dataset.counts,
        "remembered": dataset.remembered,
        "teacher": None if taught is None else taught.lesson,
        "fingerprint": dataset.fingerprint,
        "prompt_format": dataset.prompt_format.name,
        "grammar": coverage.to_json(),
    }
    rows = [(name, count) for name, count in dataset.counts.items()]
    remembered = f"\n\n{dataset.remembered} of train are remembered answers" if dataset.remembered else ""
    lesson = "" if taught is None else f"\n\n{taught.lesson}"
    out.result(
        document, table(("split", "examples"), rows) + f"{remembered}{lesson}\n\n{coverage}\n\n{target}"
    )


def _grammar_coverage(dataset: data.Dataset) -> grammar.Coverage:
    examples = (
        example for split, count in dataset.counts.items() if count for example in dataset.split(split)
    )
    return grammar.measure_coverage([(e.schema, e.sql) for e in examples if e.sql is not None])
