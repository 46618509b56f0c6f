"""BIRD's scores of a file of answers.

As in its scripts, a question whose gold statement fails, or takes too long, counts as answered wrongly. The
time of a statement is the database's, without the start of a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from t2sql.data import BenchmarkQuestion
from t2sql.evaluate.benchmarks.bird import MOST_SCORE, same_rows, soft_f1, ves_score
from t2sql.evaluate.benchmarks.figures import figures
from t2sql.evaluate.benchmarks.running import Databases
from t2sql.evaluate.benchmarks.scored import BenchmarkAnswer, BenchmarkOptions, ScoredBenchmark, match_answers
from t2sql.progress import Progress
from t2sql.sql import Result

_LEVELS = ("simple", "moderate", "challenging")
_UNKNOWN = "unknown"
_LEAST_SECONDS = 1e-6
"""What a statement takes at least: a clock may not move while one runs."""


def bird_scores(
    path: Path,
    questions: Sequence[BenchmarkQuestion],
    options: BenchmarkOptions,
    progress: Progress | None = None,
) -> ScoredBenchmark:
    """Score a file of answers.

    Args:
        path: The file; see `match_answers`.
        questions: The benchmark's questions.
        options: Limits, and how often answers are timed.
        progress: Called after each answer.

    Raises:
        InputError: The file or a database cannot be read, or the answers are not to these questions.
    """
    pairs = match_answers(path, questions)
    answers: list[BenchmarkAnswer] = []
    failed: list[str] = []
    with Databases(options.timeout, skip_bad_text=False) as databases:
        for question, sql in pairs:
            gold, answer = databases.run(question.database, question.schema, [question.sql, sql])
            if not isinstance(gold, Result):
                failed.append(question.id)
            scores = {"execution": 0.0, "soft_f1": 0.0}
            if isinstance(gold, Result) and isinstance(answer, Result):
                scores["execution"] = float(same_rows(answer.rows, gold.rows))
                scores["soft_f1"] = soft_f1(answer.rows, gold.rows)
            if options.ves_rounds:
                right = scores["execution"] == 1
                scores["r_ves"] = _speed(databases, question, sql, options.ves_rounds) if right else 0.0
            answers.append(BenchmarkAnswer(question.id, sql, question.difficulty or _UNKNOWN, scores))
            if progress is not None:
                progress(len(answers), len(pairs), "scoring")
    levels = [answer.level for answer in answers]
    order = [*_LEVELS, *sorted(set(levels) - {*_LEVELS})]
    means = [
        figure
        for name, most in (("execution", 1.0), ("soft_f1", 1.0), ("r_ves", MOST_SCORE))
        if name != "r_ves" or options.ves_rounds
        for figure in figures(name, [answer.scores[name] for answer in answers], levels, order, most)
    ]
    return ScoredBenchmark(
        path, tuple(question for question, _ in pairs), tuple(answers), tuple(means), tuple(failed)
    )


def _speed(databases: Databases, question: BenchmarkQuestion, sql: str, rounds: int) -> float:
    """Time the answer and the gold statement in turn; an answer that fails meanwhile earns nothing."""
    ratios = []
    for _ in range(rounds):
        answer, gold = databases.run(question.database, question.schema, [sql, question.sql])
        if not isinstance(answer, Result) or not isinstance(gold, Result):
            return 0.0
        ratios.append(max(gold.seconds, _LEAST_SECONDS) / max(answer.seconds, _LEAST_SECONDS))
    return ves_score(ratios)
