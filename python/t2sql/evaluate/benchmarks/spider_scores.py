"""Spider's scores of a file of answers: execution on all databases of a question, exact set match, hardness.

As in `evaluation.py` of github.com/taoyds/test-suite-sql-eval, "value" anywhere in an answer, which models
without values write, is read as 1: an answer with a column of that name is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from t2sql.data import BenchmarkQuestion
from t2sql.errors import InputError
from t2sql.evaluate.benchmarks.denotations import same_denotation
from t2sql.evaluate.benchmarks.figures import figures
from t2sql.evaluate.benchmarks.hardness import LEVELS, hardness
from t2sql.evaluate.benchmarks.plugging import with_gold_values, with_joined_operators, without_distinct
from t2sql.evaluate.benchmarks.running import Databases
from t2sql.evaluate.benchmarks.scored import BenchmarkAnswer, BenchmarkOptions, ScoredBenchmark, match_answers
from t2sql.evaluate.benchmarks.spider_match import exact_set_match, representatives
from t2sql.evaluate.benchmarks.spider_parser import parse
from t2sql.evaluate.benchmarks.spider_query import Query, UnreadableError, columns_by_table
from t2sql.progress import Progress
from t2sql.sql import Result

_BLANKS = re.compile(r"[\t\r\n]+")
_THIS_YEAR = re.compile(r"YEAR\s*\(\s*CURDATE\s*\(\s*\)\s*\)\s*", re.IGNORECASE)


def spider_scores(
    path: Path,
    questions: Sequence[BenchmarkQuestion],
    options: BenchmarkOptions,
    progress: Progress | None = None,
) -> ScoredBenchmark:
    """Score a file of answers.

    Args:
        path: The file; see `match_answers`.
        questions: The benchmark's questions.
        options: Limits, and how statements are prepared.
        progress: Called after each answer.

    Raises:
        InputError: The file or a database cannot be read, the answers are not to these questions, or a gold
            statement does not run or is none that Spider's script can parse.
    """
    pairs = match_answers(path, questions)
    answers: list[BenchmarkAnswer] = []
    with Databases(options.timeout, skip_bad_text=True) as databases:
        for question, sql in pairs:
            gold = _gold(question)
            answer = _BLANKS.sub(" ", sql).strip().replace("value", "1")
            scores = {
                "execution": float(_executes(databases, question, answer, options)),
                "exact": float(_matches(question, answer, gold)),
            }
            answers.append(BenchmarkAnswer(question.id, sql, hardness(gold), scores))
            if progress is not None:
                progress(len(answers), len(pairs), "scoring")
    levels = [answer.level for answer in answers]
    means = [
        figure
        for name in ("execution", "exact")
        for figure in figures(name, [answer.scores[name] for answer in answers], levels, LEVELS)
    ]
    return ScoredBenchmark(path, tuple(question for question, _ in pairs), tuple(answers), tuple(means))


def _gold(question: BenchmarkQuestion) -> Query:
    # A text in a gold statement may have a doubled apostrophe, which the script cannot read. Values do not
    # count, and neither do quotes.
    sql = re.sub(r"'(?:[^']|'')*'", lambda text: text.group().replace("''", ""), question.sql)
    try:
        return parse(sql, columns_by_table(question.schema))
    except UnreadableError as error:
        raise InputError(
            "the gold statement is none that Spider's script can read",
            where=question.id,
            found=f"{error}, in: {question.sql}",
            hint="Leave out --benchmark for t2sql's own scores",
        ) from None


def _matches(question: BenchmarkQuestion, answer: str, gold: Query) -> bool:
    columns = columns_by_table(question.schema)
    try:
        return exact_set_match(parse(answer, columns), gold, columns, representatives(question.keys, columns))
    except UnreadableError:
        return False


def _executes(
    databases: Databases, question: BenchmarkQuestion, answer: str, options: BenchmarkOptions
) -> bool:
    gold = _THIS_YEAR.sub("2020", _prepared(question.sql, options))
    answer = _prepared(answer, options)
    ways: Iterator[str] = iter([answer])
    if options.plug_values:
        ways = chain(ways, with_gold_values(answer, gold))
    expected: dict[Path, Result] = {}
    return any(_agrees(databases, question, _THIS_YEAR.sub("2020", way), gold, expected) for way in ways)


def _agrees(
    databases: Databases, question: BenchmarkQuestion, answer: str, gold: str, expected: dict[Path, Result]
) -> bool:
    """Whether an answer returns what the gold statement does on every database; fills `expected`."""
    for database in question.databases:
        statements = [answer] if database in expected else [answer, gold]
        outcome, *golds = databases.run(database, question.schema, statements)
        for result in golds:
            if not isinstance(result, Result):
                raise InputError(
                    "the gold statement does not run", where=f"{question.id}, {database}", found=result
                )
            expected[database] = result
        if not isinstance(outcome, Result) or not same_denotation(
            outcome.rows, expected[database].rows, ordered="order by" in gold.lower()
        ):
            return False
    return True


def _prepared(sql: str, options: BenchmarkOptions) -> str:
    sql = with_joined_operators(sql)
    return sql if options.keep_distinct else without_distinct(sql)
