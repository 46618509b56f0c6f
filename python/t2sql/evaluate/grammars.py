"""The grammars under which questions of a dataset are asked: those of `t2sql ask --db`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing

from t2sql.data import DatabaseTexts, Dataset, Example, with_evidence
from t2sql.generate import grammar_for
from t2sql.grammar import Grammar, Width
from t2sql.prompt import PromptHints
from t2sql.sql import check


def grammars_of(dataset: Dataset | None, examples: Sequence[Example], width: Width) -> list[Grammar | None]:
    """What the answer to each question may be.

    In the wide grammar texts come from the question, its evidence and the values of the question's database
    that words of it mean, as `ask --db` finds them.

    Args:
        dataset: Where the questions' databases are; None when there are none.
        examples: The questions.
        width: Which statements.

    Returns:
        A grammar for each; None where the gold statement is the tutorial's text, which is no SQL.
    """
    grammars: list[Grammar | None] = [None] * len(examples)
    with ExitStack() as stack:
        texts = None
        if width == "wide" and dataset is not None:
            texts = stack.enter_context(closing(DatabaseTexts(dataset.path)))
        # Those of a database one after the other, so that its texts are read once.
        for index in sorted(range(len(examples)), key=lambda index: examples[index].db or ""):
            example = examples[index]
            if _is_sql(dataset, example):
                question = example.question.removesuffix(with_evidence("", example.evidence))
                known = () if texts is None or example.db is None else texts.matches(example.db, question)
                hints = PromptHints(known, example.evidence)
                grammars[index] = grammar_for(question, example.schema, width, hints)
    return grammars


def _is_sql(dataset: Dataset | None, example: Example) -> bool:
    """Whether the gold statement is SQL: it has a database to run on, or SQLite takes it."""
    if (dataset is not None and dataset.db_path(example) is not None) or not example.sql:
        return True
    return check(example.schema, example.sql.strip().rstrip("; ")) is None
