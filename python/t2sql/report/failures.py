"""How each file's answers were wrong, counted from the prediction files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from t2sql.errors import InputError
from t2sql.runs.records import Failures, FileFailures, Prediction, WrongAnswer, read_predictions

_EXAMPLES = 3


def failures(folder: Path) -> Failures:
    """Count the wrong answers of each predictions file in a folder by what is wrong with them."""
    files = []
    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
        answers = _readable(path)
        wrong = [answer for answer in answers if not answer.correct]
        counts = Counter(answer.outcome for answer in wrong)
        total += counts
        examples = [
            WrongAnswer(question=a.question, gold=a.gold, sql=a.sql, outcome=a.outcome)
            for a in wrong[:_EXAMPLES]
        ]
        files.append(
            FileFailures(
                file=path.stem,
                n=len(answers),
                wrong=len(wrong),
                classes=dict(counts.most_common()),
                examples=tuple(examples),
            )
        )
    return Failures(classes=tuple(name for name, _ in total.most_common()), files=tuple(files))


def _readable(path: Path) -> list[Prediction]:
    """A report is made of what can be read."""
    try:
        return read_predictions(path)
    except InputError:
        return []
