"""The report: complete of a whole run, honest of a part, and nothing in it is markup by accident."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.reported_run import make_reported_run

from t2sql import report, runs
from t2sql.errors import InputError
from t2sql.runs.records import (
    CompareResult,
    ProgressEvent,
    StageResult,
    TrainEvent,
    TrainStartEvent,
    VerifyResult,
)
from t2sql.text import visible


class Page(HTMLParser):
    """Checks that tags close, and collects what a page could load."""

    VOID = ("meta", "line", "polyline", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.external: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.external += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_report_of_a_whole_run_has_every_part(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    paths = report.write(run)
    assert [path.name for path in paths] == ["report.md", "report.html", "report.json"]
    document = json.loads((run.path / "report.json").read_text())
    assert document["verdict"]["tone"] == "good" and document["verdict"]["row"] == "demo.q8_0"
    assert document["failures"]["files"][0]["classes"] == {"wrong column": 2}
    page = Page()
    page.feed((run.path / "report.html").read_text())
    assert page.open == [] and page.external == [] and "script" not in page.tags
    for text in (
        "85.0%",
        "base.q8_0",
        "wrong column",
        "chosen: step 500",
        "0.149",
        "4,884,480",
        "200 examples",
        "62.5%",
        "Chosen by right answers to 40 validation questions, ties by loss.",
        "What broke?",
        "What was fixed?",
        "1 broken, 1 fixed, p = 0.625",
    ):
        assert text in page.text
    markdown = (run.path / "report.md").read_text()
    assert "- broken: What broke?" in markdown and "- fixed: What was fixed?" in markdown
    assert "step 400 against 500 llama: 1 broken, 0 fixed of 200, p = 0.625" in markdown
    for heading in (
        "Comparison",
        "What changed between files",
        "Checkpoints",
        "Training",
        "The three questions",
        "Files",
        "What was run",
    ):
        assert f"## {heading}" in markdown


def test_each_figure_has_its_number_and_interval_and_few_stand_apart(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    report.write(run)
    html, markdown = (run.path / "report.html").read_text(), (run.path / "report.md").read_text()
    page = Page()
    page.feed(html)
    for text in (page.text, markdown.replace("\\_", "_")):
        # Right, exact and runnable answers of 200, each with Wilson's interval.
        assert "85.0%" in text and "79–89%" in text and "83.0%" in text and "77–88%" in text
        assert "3 of 3" in text and "44–100%" in text and "100.0%" not in text
        assert text.index("demo.q4_0") < text.index("Asked 3 questions instead of 200") < text.index("3 of 3")
        assert "125 of 200" in text and "96.0%" in text and "91–98%" in text
        assert "38 of 40 there (95% interval 83–99%)" in text
        assert "9.5% of 200" in text
        assert "1 more comparison is of fewer questions" in text
        assert "Asked as t2sql ask asks" in text
    assert 'class="few' in html


def test_the_report_says_what_was_asked_freely(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    compared = run.result(CompareResult)
    assert compared is not None
    free = tuple(replace(row, grammar=False) for row in compared.rows)
    save(run, replace(compared, rows=free))
    report.write(run)
    assert "Asked freely, without the grammar" in (run.path / "report.md").read_text()
    save(run, replace(compared, rows=(*compared.rows[:-1], free[-1])))
    report.write(run)
    text = (run.path / "report.md").read_text()
    assert "Rows marked free" in text and "fused (free)" in text


def test_few_answers_have_no_percentage_in_the_headline(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    compared = run.result(CompareResult)
    assert compared is not None
    save(run, replace(compared, rows=compared.rows[-1:]))
    headline = report.collect(run).verdict.headline
    assert headline == "3 of 3 test questions answered with the right rows, too few to judge"


def test_foreign_text_in_a_report_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo", model="m\x1b[31m\u202eodel")
    report.write(run)
    for name in ("report.md", "report.html", "report.json"):
        text = (run.path / name).read_text()
        assert visible(text) == text
    assert json.loads((run.path / "report.json").read_text())["settings"]["model"] == "m\x1b[31m\u202eodel"


def test_nothing_in_the_data_becomes_markup(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo", model="<img src=x onerror=alert(1)>|")
    report.write(run)
    html = (run.path / "report.html").read_text()
    assert "<script" not in html and "<img" not in html
    markdown = (run.path / "report.md").read_text()
    outside_code = re.sub(r"(`+) .*? \1", "", markdown)
    assert "<script" not in outside_code and "<img" not in outside_code


def test_markdown_tables_keep_their_columns(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    report.write(run)
    rows: list[int] = []
    for line in [*(run.path / "report.md").read_text().splitlines(), ""]:
        if line.startswith("|"):
            rows.append(len(re.findall(r"(?<!\\)\|", line)))
        elif rows:
            assert len(rows) > 2 and len(set(rows)) == 1, line
            rows = []


@pytest.mark.parametrize("until", ["data", "train", "test", "quantize", "verify"])
def test_report_of_an_unfinished_run_says_so(tmp_path: Path, until: str) -> None:
    run = make_reported_run(tmp_path / "demo", until=until)
    report.write(run)
    document = json.loads((run.path / "report.json").read_text())
    assert document["verdict"]["tone"] == "open"
    assert document["run"]["state"] == "interrupted"
    page = Page()
    page.feed((run.path / "report.html").read_text())
    assert page.open == []


def test_report_of_a_run_that_only_began(tmp_path: Path) -> None:
    report.write(runs.create_run(tmp_path / "empty", {}))
    assert "Not measured yet" in (tmp_path / "empty" / "report.md").read_text()


def test_file_that_is_not_the_model_is_the_verdict(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    verified = run.result(VerifyResult)
    assert verified is not None
    broken = replace(verified.files[1], ok=False, cause="logits/top-1: expected 0.99, found 0.1")
    save(run, VerifyResult(files=(verified.files[0], broken, verified.files[2])))
    verdict = report.collect(run).verdict
    assert verdict.tone == "bad" and "demo.q8_0.gguf" in verdict.headline


def test_result_no_better_than_the_baseline_is_not_good(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    compared = run.result(CompareResult)
    assert compared is not None
    save(run, replace(compared, baseline=0.9))
    assert report.collect(run).verdict.tone == "bad"


def test_a_warning_that_came_twice_is_shown_once(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    assert [warning.message for warning in report.collect(run).warnings].count("twice") == 1


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    with run.lock():
        run.record("fuse", replace(run.stages["fuse"], result={"step": "ten"}))
    with pytest.raises(InputError, match=r"of stage fuse .*stages\.json.*step: expected a whole"):
        report.collect(run)


def save(run: runs.Run, result: StageResult) -> None:
    with run.lock():
        run.record(result.STAGE, replace(run.stages[result.STAGE], result=result.to_json()))


def points(run: runs.Run) -> list[tuple[int, float | None]]:
    return [(point.step, point.loss) for point in report.collect(run).training.train]


def test_curve_of_a_resumed_run_has_each_step_once(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with run.lock(), run.stage("train", {}, announce=False) as stage:
        stage.emit(TrainStartEvent(total_parameters=2, trainable_parameters=1))
        for step, loss in ((10, 2.0), (20, 1.5), (30, 1.3)):
            stage.emit(TrainEvent(step=step, loss=loss))
        stage.emit(TrainStartEvent(total_parameters=2, trainable_parameters=1))
        stage.emit(ProgressEvent(done=20, total=40, resumed="checkpoints/0000020"))
        for step, loss in ((30, 1.2), (40, 1.1)):
            stage.emit(TrainEvent(step=step, loss=loss))
    assert points(run) == [(10, 2.0), (20, 1.5), (30, 1.2), (40, 1.1)]


def test_curve_of_training_that_started_again_is_the_new_one(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    with run.lock(), run.stage("train", {}, announce=False) as stage:
        for loss in (2.0, 3.0):
            stage.emit(TrainStartEvent(total_parameters=2, trainable_parameters=1))
            stage.emit(TrainEvent(step=10, loss=loss))
    assert points(run) == [(10, 3.0)]


def test_the_report_says_whether_training_made_the_model_better_and_by_how_much(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    compared = run.result(CompareResult)
    assert compared is not None
    for correct, broken, fixed, outcome, words in (
        (90, 5, 25, "better", "Better than the model it started from: +10.0 points (95% interval +4.7 to"),
        (70, 20, 20, "unclear", "cannot be told: +0.0 points"),
        (50, 30, 10, "worse", "Worse than the model it started from: -10.0 points"),
    ):
        save(run, paired_result(compared, 70, correct, broken, fixed))
        report.write(run)
        document = json.loads((run.path / "report.json").read_text())
        assert document["improvement"]["outcome"] == outcome and document["improvement"]["n"] == 200
        assert document["improvement"]["difference"] == pytest.approx((correct - 70) / 200)
        assert (document["verdict"]["tone"] == "good") == (outcome == "better")
        for name in ("report.md", "report.html"):
            assert words in (run.path / name).read_text()


def test_no_improvement_is_claimed_where_the_two_were_not_asked_the_same(tmp_path: Path) -> None:
    run = make_reported_run(tmp_path / "demo")
    compared = run.result(CompareResult)
    assert compared is not None
    whole = paired_result(compared, 70, 90, 5, 25)
    fewer = replace(whole, rows=(replace(whole.rows[0], n=100), *whole.rows[1:]))
    for result in (replace(whole, pairs=()), fewer, replace(whole, rows=whole.rows[1:])):
        assert report.improvement(result) is None


def paired_result(result: CompareResult, before: int, after: int, broken: int, fixed: int) -> CompareResult:
    """The comparison with other counts of the base and of the Q8_0 file, of 200 questions."""
    rows = tuple(
        replace(row, correct=before if row.base else after, n=200, interval=(0.3, 0.5))
        if row.base or row.model == "demo.q8_0"
        else row
        for row in result.rows
    )
    pair = replace(
        result.pairs[0],
        broken=tuple(f"b{i}" for i in range(broken)),
        fixed=tuple(f"f{i}" for i in range(fixed)),
        questions={},
    )
    return replace(result, rows=rows, pairs=(pair, *result.pairs[1:]))
