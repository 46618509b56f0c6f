"""The sentence that says which file to take."""

from __future__ import annotations

from t2sql.runs.records import ComparisonRow
from t2sql_tui.runs.advice import advise


def row(
    model: str, correct: int, n: int, size: int, speed: float = 10.0, base: bool = False
) -> ComparisonRow:
    low, high = max(0.0, correct / n - 0.05), min(1.0, correct / n + 0.05)
    return ComparisonRow(
        model=model,
        backend="llama",
        bytes=size << 20,
        gen_tps=speed,
        n=n,
        correct=correct,
        interval=(low, high),
        base=base,
    )


def test_the_smallest_file_is_taken_whose_answers_cannot_be_told_from_the_best_ones() -> None:
    rows = [row("q8", 166, 200, 143), row("q4", 160, 200, 77, 88.4), row("q2", 90, 200, 40)]
    advice = advise(rows)
    assert advice is not None
    assert advice.row.model == "q4"
    assert advice.text == (
        "Take q4 on llama: 160 of 200 right (75–85%), 77.0 MiB, 88.4 tok/s; "
        "q8 on llama has 166, which 200 questions cannot tell from it."
    )


def test_a_file_that_was_asked_little_or_is_the_base_is_not_taken() -> None:
    rows = [row("lucky", 3, 3, 10), row("base", 200, 200, 10, base=True), row("q8", 100, 200, 143)]
    advice = advise(rows)
    assert advice is not None
    assert advice.text.startswith("Take q8 on llama: 100 of 200")
    assert advice.text.endswith("no other has more right answers.")


def test_few_questions_are_said_to_be_few() -> None:
    advice = advise([row("q8", 3, 4, 143)])
    assert advice is not None
    assert advice.text.endswith("but 4 questions are too few to choose by.")
    assert advise([]) is None
