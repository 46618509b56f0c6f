"""The comparison as the terminal shows it: what was asked, of how many, and what stands apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.reported_run import make_reported_run

from t2sql.cli.commands.runs import score
from t2sql.cli.stage_lines import comparison_text
from t2sql.runs.records import CompareResult


def compared(folder: Path) -> CompareResult:
    result = make_reported_run(folder / "demo").result(CompareResult)
    assert result is not None
    return result


def test_few_answers_come_last_and_have_no_percentage(tmp_path: Path) -> None:
    result = compared(tmp_path)
    text = comparison_text(replace(result, rows=(result.rows[-1], *result.rows[:-1])))
    lines = text.splitlines()
    row = next(index for index, line in enumerate(lines) if line.startswith("fused"))
    assert "3 of 3" in lines[row] and "44-100%" in lines[row]
    assert lines[row - 1].startswith("demo.q4_0") and "70.5%" in lines[row - 1] and "200" in lines[row - 1]
    assert "the last 1 were asked 3 questions instead of 200: not to be compared" in text
    assert "1 more of fewer questions are in --json" in text
    assert "always the commonest query shape: 9.5% of 200 right" in text


def test_the_text_says_how_models_were_asked(tmp_path: Path) -> None:
    result = compared(tmp_path)
    assert "asked as ask does" in comparison_text(result)
    free = tuple(replace(row, grammar=False) for row in result.rows)
    assert "asked freely, without the grammar of ask\n" in comparison_text(replace(result, rows=free))
    mixed = (*result.rows[:-1], free[-1])
    assert "asked freely, without the grammar of ask: fused mlx" in comparison_text(
        replace(result, rows=mixed)
    )


def test_a_score_in_a_list_has_its_number_and_interval() -> None:
    assert score(0.81, 100) == "81.0% of 100 (72-87%)"
    assert score(1.0, 3) == "3 of 3 (44-100%)"
    assert score(0.5, None) == "50.0%" and score(None, None) is None
